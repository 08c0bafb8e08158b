"""What a review shows, and what a change of it does."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from imports.models import Review, ReviewRow
from tests.imports.reviews.helpers import reviewed, row
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_a_review_counts_all_rows_by_what_an_import_would_do(
    api: APIClient, acme: Organisation, globex: Organisation
) -> None:
    User.objects.create_user("here@new.example", organisation=acme)
    User.objects.create_user("there@new.example", organisation=globex)
    rows = [row("Ada"), row("Ida", "Boss"), row("Ada"), row("Here"), row("There"), row("Eve")]
    review = reviewed(api, acme, rows)
    found = review.get()
    assert found["counts"] == {
        "all": 6, "ready": 2, "invalid": 3, "existing": 1, "edited": 0, "dropped": 0,
        "invitations": 0,
    }  # fmt: skip
    assert review.states() == {
        2: "ready", 3: "invalid", 4: "invalid", 5: "existing", 6: "invalid", 7: "ready",
    }  # fmt: skip
    assert (found["revision"], found["can_undo"], found["edited_by"]) == (1, False, None)
    assert found["file"]["mapping"]["department"] == "Department"
    assert found["file"]["columns"][3]["examples"] == ["viewer", "Boss"]


def test_a_review_groups_problems_by_field_code_and_text(
    api: APIClient, acme: Organisation
) -> None:
    rows = [
        row("Ada", "Sales Team"),
        row("Ida", "Sales Team"),
        row("Eve", "Boss"),
        row("", "viewer"),
    ]
    review = reviewed(api, acme, [*rows, row("Uma"), row("Uma")])
    first, *rest = review.get()["problems"]
    assert (first["field"], first["column"], first["code"], first["count"]) == (
        "role", "Role", "invalid_role", 3,
    )  # fmt: skip
    assert [(one["value"], one["count"]) for one in first["values"]] == [
        ("Sales Team", 2), ("Boss", 1),
    ]  # fmt: skip
    assert '"Sales Team"' in first["values"][0]["message"]
    codes = {one["code"]: one["values"][0] for one in rest}
    assert "row 6" in codes["duplicate_in_file"]["message"]
    assert codes["duplicate_in_file"]["value"] == "uma@new.example"


def test_the_rows_of_a_group_of_problems_are_found(api: APIClient, acme: Organisation) -> None:
    rows = [row("Ada", "Sales Team"), row("Ida"), row("Eve", "Boss"), row("Ida", email="x")]
    review = reviewed(api, acme, rows)

    def numbers(**wanted: str) -> list[int]:
        return [one["row"] for one in review.rows(**wanted)]

    assert numbers(field="role", code="invalid_role") == [2, 4]
    assert numbers(field="role", code="invalid_role", value="Boss") == [4]
    assert numbers(code="invalid_email") == [5]
    assert numbers(field="role", value="viewer") == [3, 5]
    assert numbers(field="email") == [5]
    assert numbers(state="ready") == [3]
    assert numbers(state="invalid", offset="1", limit="1") == [4]


def test_a_page_says_how_many_rows_match_on_all_pages(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row(f"Ada{n}") for n in range(7)])
    for offset, count in ((0, 3), (6, 1), (7, 0), (99, 0)):
        answer = api.get(f"{review.url}/rows", {"offset": offset, "limit": 3}).json()
        assert (answer["total"], len(answer["rows"])) == (7, count)


def test_a_mended_cell_is_checked_at_once(api: APIClient, acme: Organisation, admin: User) -> None:
    review = reviewed(api, acme, [row("Ada", "Sales Team"), row("Ida")])
    found = review.edit(2, "role", "analyst")
    assert (found["counts"]["ready"], found["counts"]["edited"], found["problems"]) == (2, 1, [])
    assert (found["revision"], found["can_undo"]) == (2, True)
    assert found["edited_by"] == {"id": str(admin.id), "email": admin.email}
    (changed,) = found["rows"]
    assert (changed["state"], changed["edited"]) == ("ready", ["role"])
    assert changed["values"]["role"] == "analyst"
    assert review.rows(state="edited") == [changed]


def test_a_cell_may_become_wrong_and_is_not_edited_once_it_is_as_in_the_file(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    found = review.edit(2, "email", "nobody")
    assert (found["counts"]["invalid"], found["counts"]["edited"]) == (1, 1)
    assert found["problems"][0]["code"] == "invalid_email"
    found = review.edit(2, "email", "ada@new.example")
    assert (found["counts"]["ready"], found["counts"]["edited"]) == (1, 0)


def test_the_same_text_is_replaced_everywhere(api: APIClient, acme: Organisation) -> None:
    rows = [row(f"Ada{n}", "Sales Team") for n in range(12)] + [row("Ida", "sales team")]
    review = reviewed(api, acme, rows)
    found = review.change(replace=[{"field": "role", "from": "Sales Team", "to": "viewer"}])
    assert (found["counts"]["ready"], found["counts"]["invalid"]) == (12, 1)
    assert len(found["rows"]) == found["counts"]["edited"] == 12


def test_five_thousand_cells_are_changed_at_once(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row(f"Ada{n}") for n in range(5_000)])
    edits = [{"row": n, "field": "department", "value": f"Department {n}"} for n in range(2, 5_002)]
    found = review.change(edits=edits)
    assert (found["counts"]["edited"], found["counts"]["ready"], len(found["rows"])) == (
        5_000, 5_000, 500,
    )  # fmt: skip
    assert review.change(undo=True)["counts"]["edited"] == 0


def test_a_change_that_changes_nothing_has_no_new_revision(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    assert review.edit(2, "role", "viewer")["revision"] == 1
    assert review.change(default_role="viewer", restored=[2])["revision"] == 1
    assert review.get()["can_undo"] is False


def test_a_row_is_left_out_and_taken_back_in(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada", "Boss"), row("Ida")])
    found = review.change(dropped=[2])
    assert {k: v for k, v in found["counts"].items() if v} == {"all": 2, "ready": 1, "dropped": 1}
    assert found["problems"] == []
    assert review.states() == {2: "dropped", 3: "ready"}
    assert review.change(restored=[2])["counts"]["invalid"] == 1


def test_a_row_with_too_few_cells_is_mended_as_it_is_shown(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [("ada@new.example", "Ada"), row("Ida")])
    assert review.row(2)["problems"][0]["code"] == "ragged_row"
    assert review.row(2)["values"]["role"] == ""
    found = review.edit(2, "last_name", "Lovelace")
    assert found["counts"]["ready"] == 2
    review.change(undo=True)
    assert review.row(2)["problems"][0]["code"] == "ragged_row"


# --- the same address twice -------------------------------------------------------------------


def test_the_second_row_of_an_address_counts_once_the_first_is_changed(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada"), row("Ada"), row("Ada")])
    assert review.states() == {2: "ready", 3: "invalid", 4: "invalid"}
    found = review.edit(2, "email", "countess@new.example")
    assert review.states() == {2: "ready", 3: "ready", 4: "invalid"}
    assert [one["row"] for one in found["rows"]] == [2, 3, 4]
    assert "row 3" in review.row(4)["problems"][0]["message"]
    review.change(dropped=[3])
    assert review.states() == {2: "ready", 3: "dropped", 4: "ready"}
    review.change(undo=True)
    assert review.states() == {2: "ready", 3: "ready", 4: "invalid"}


def test_an_invalid_row_does_not_count_as_the_first_of_its_address(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada", "Boss"), row("Ada")])
    assert review.states() == {2: "invalid", 3: "ready"}
    review.edit(2, "role", "admin")
    assert review.states() == {2: "ready", 3: "invalid"}


# --- users ------------------------------------------------------------------------------------


def test_a_review_follows_the_users_and_the_option_about_them(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    assert review.get()["counts"]["ready"] == 1
    User.objects.create_user("ada@new.example", organisation=acme)
    assert review.get()["counts"]["existing"] == 1
    found = review.change(skip_duplicates=False)
    assert found["problems"][0]["code"] == "already_exists"
    assert found["options"]["skip_duplicates"] is False
    assert review.edit(2, "email", "new@new.example")["counts"]["ready"] == 1


# --- columns ----------------------------------------------------------------------------------


def test_another_mapping_keeps_the_edits(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada", "Cook"), row("Ida", "Baker")])
    review.edit(2, "department", "Kitchen")
    assert review.get()["counts"]["invalid"] == 2
    found = review.change(mapping={"role": ""})
    assert (found["counts"]["ready"], found["counts"]["edited"]) == (2, 1)
    assert found["file"]["mapping"] == {
        "email": "E-mail", "first_name": "First name", "last_name": "Last name",
        "department": "Department",
    }  # fmt: skip
    assert "role" not in review.row(2)["values"]
    assert review.row(2)["values"]["department"] == "Kitchen"
    assert [one["code"] for one in found["warnings"]] == ["unknown_column"]
    found = review.change(mapping={"location": "Department", "department": "Role"})
    assert review.row(2)["values"]["location"] == "Kitchen"
    assert review.row(3)["values"]["department"] == "Baker"
    review.change(undo=True)
    found = review.change(undo=True)
    assert found["file"]["mapping"]["role"] == "Role"
    assert (found["counts"]["invalid"], found["counts"]["edited"]) == (2, 1)


def test_a_full_name_takes_the_place_of_both_names_and_is_where_problems_are_shown(
    api: APIClient, acme: Organisation
) -> None:
    headers = ("email", "first_name", "last_name", "person")
    rows = [("ada@new.example", "A", "L", "Ada Lovelace"), ("ida@new.example", "I", "R", "Ida")]
    review = reviewed(api, acme, rows, headers)
    found = review.change(mapping={"full_name": "person"})
    assert found["file"]["mapping"] == {"email": "email", "full_name": "person"}
    assert review.states() == {2: "ready", 3: "invalid"}
    (group,) = found["problems"]
    assert (group["field"], group["column"], group["values"][0]["value"]) == (
        "full_name", "person", "Ida",
    )  # fmt: skip
    assert review.row(3)["problems"][0]["field"] == "full_name"
    assert [one["row"] for one in review.rows(field="full_name", code=group["code"])] == [3]
    assert review.edit(3, "full_name", "Ida Rhodes")["counts"]["ready"] == 2


def test_a_mapping_without_a_required_field_is_refused_and_changes_nothing(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    answer = review.send(mapping={"email": ""}, edits=[{"row": 2, "field": "role", "value": "x"}])
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_column")
    assert review.get()["counts"]["edited"] == 0


# --- what is refused --------------------------------------------------------------------------


def test_a_stale_revision_is_refused_and_says_who_changed_the_rows(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    review.edit(2, "role", "admin")
    answer = api.patch(review.url, {"revision": 1, "dropped": [2]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_changed")
    assert answer.json()["revision"] == 2
    assert answer.json()["edited_by"] == {"id": str(admin.id), "email": admin.email}
    assert review.get()["counts"]["dropped"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"edits": [{"row": 99, "field": "role", "value": "admin"}]},
        {"edits": [{"row": 2, "field": "phone", "value": "1"}]},
        {"edits": [{"row": 2, "field": "role", "value": "a\0b"}]},
        {"edits": [{"row": 2, "field": "role", "value": "\ud800"}]},
        {"dropped": [1]},
        {"dropped": list(range(2, 5003))},
        {"undo": True, "dropped": [2]},
        {"default_role": "boss"},
        {"colour": "red"},
        {"mapping": {"role": "Nowhere"}},
    ],
    ids=str,
)
def test_a_wrong_change_is_refused_as_a_whole(
    api: APIClient, acme: Organisation, wrong: dict[str, object]
) -> None:
    review = reviewed(api, acme, [row("Ada"), row("Ida")])
    valid = {"edits": [{"row": 2, "field": "role", "value": "admin"}], "restored": [3]}
    answer = review.send(**(valid | wrong))
    assert answer.status_code == 400, answer.content
    found = review.get()
    assert (found["revision"], found["counts"]["edited"], found["counts"]["dropped"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("same", "other"),
    [
        ({"delimiter": "comma"}, {"delimiter": ";"}),
        ({"encoding": "UTF-8"}, {"encoding": "windows-1252"}),
        ({"header_row": 1}, {"header_row": 2}),
    ],
)
def test_another_reading_needs_the_file(
    api: APIClient, acme: Organisation, same: dict[str, object], other: dict[str, object]
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    assert review.send(**same).status_code == 200
    answer = review.send(**other)
    assert (answer.status_code, answer.json()["code"]) == (409, "file_needed")


# --- taking back ------------------------------------------------------------------------------


def test_changes_are_taken_back_one_after_the_other(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada"), row("Ida")])
    before = review.rows()
    review.edit(2, "role", "admin")
    review.change(
        replace=[{"field": "role", "from": "admin", "to": "Boss"}],
        dropped=[3],
        send_invitations=False,
    )
    found = review.change(undo=True)
    assert (found["counts"]["edited"], found["counts"]["dropped"]) == (1, 0)
    assert found["options"]["send_invitations"] is True
    found = review.change(undo=True)
    assert (found["revision"], found["can_undo"], found["counts"]["edited"]) == (5, False, 0)
    assert review.rows() == before
    answer = review.send(undo=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_undo")


def test_the_rows_are_those_of_the_database(api: APIClient, acme: Organisation) -> None:
    """Special characters survive COPY, JSON and the way back."""
    odd = 'a\\b\t"c"\n\\N, ü\u2028😀'
    review = reviewed(api, acme, [(*row("Ada")[:4], odd)])
    assert review.row(2)["values"]["department"] == odd
    review.edit(2, "department", odd + odd)
    assert review.row(2)["values"]["department"] == odd + odd
    assert Review.objects.of(acme.id).count() == ReviewRow.objects.of(acme.id).count() == 1


def test_invitations_are_counted_as_the_import_would_send_them(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    headers = ("email", "first_name", "last_name", "send_invitation")
    rows = [
        (f"ada{n}@new.example", "Ada", "Hopper", send)
        for n, send in enumerate(("", "no", "perhaps"))
    ]
    review = reviewed(api, acme, rows, headers)
    assert review.get()["counts"]["invitations"] == 1
    assert review.edit(4, "send_invitation", "yes")["counts"]["invitations"] == 2
    assert review.change(send_invitations=False)["counts"]["invitations"] == 0
