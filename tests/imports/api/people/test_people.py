"""The calls about the people of an organisation."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import client_of
from users.invitations import tasks
from users.models import Invitation, Organisation, User
from users.people import changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

NEW = {"email": "Grace@Acme.example ", "first_name": "Grace", "last_name": "Hopper"}


@pytest.fixture(autouse=True)
def _email(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """E-mail is on. No broker is asked."""
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr(tasks, "enqueue", lambda: None)


@pytest.fixture
def url(acme: Organisation) -> str:
    return f"/api/v1/organizations/{acme.id}/users"


def person_url(user: User) -> str:
    return f"/api/v1/organizations/{user.organisation_id}/users/{user.id}"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- the list -----------------------------------------------------------------------------------


def test_pages_are_linked(api: APIClient, url: str, acme: Organisation, admin: User) -> None:
    for number in range(4):
        User.objects.create_user(f"p{number}@acme.example", last_name="P", organisation=acme)
    found, next_page = [], f"{url}?page_size=2&sort=-email"
    while next_page:
        page = api.get(next_page).json()
        assert len(page["results"]) <= 2
        found += [person["email"] for person in page["results"]]
        next_page = page["next"]
    assert found == [*(f"p{number}@acme.example" for number in (3, 2, 1, 0)), admin.email]


def test_the_list_is_searched_and_filtered(
    api: APIClient, url: str, admin: User, viewer: User
) -> None:
    def found(query: str) -> list[str]:
        return [person["email"] for person in api.get(f"{url}?{query}").json()["results"]]

    assert found("search=%20VIEW") == [viewer.email]
    assert found("role=admin,analyst") == [admin.email]
    assert found("invited=none&active=true&role=viewer") == [viewer.email]
    assert found("application=market_edge_access") == []
    assert found("department=Sales") == []
    assert found("batch=00000000-0000-0000-0000-000000000000") == []
    assert found("role=&application=&sort=&search=&active=") == [admin.email, viewer.email]


@pytest.mark.parametrize(
    "query",
    [
        "role=super_admin", "role=boss", "application=email", "invited=maybe", "active=1",
        "batch=x", "sort=password", "page_size=0", "page_size=201", "page_size=x",
        "page_size=99999999999999999999", "search=%00", "department=%0A", f"search={'x' * 101}",
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_a_sentence(api: APIClient, url: str, query: str) -> None:
    answer = api.get(f"{url}?{query}")
    assert code_of(answer) == (400, "invalid")
    assert answer.json()["detail"].startswith(query.partition("=")[0])


def test_a_wrong_cursor_and_an_unknown_option_are_refused(api: APIClient, url: str) -> None:
    assert code_of(api.get(f"{url}?cursor=x")) == (400, "wrong_cursor")
    unknown = api.get(f"{url}?serch=x")
    assert code_of(unknown) == (400, "unknown_option")
    assert unknown.json()["nearest"] == "search"


# --- a new person -------------------------------------------------------------------------------


def test_a_person_is_added_and_invited(api: APIClient, url: str, admin: User) -> None:
    answer = api.post(url, NEW | {"role": "Read Only", "market_edge_access": True})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["email"], body["role"], body["market_edge_access"]) == (
        "grace@acme.example",
        "viewer",
        True,
    )
    assert body["invitation"]["state"] == "pending"
    assert answer["Location"] == f"{url}/{body['id']}"
    assert api.get(answer["Location"]).json() == body
    assert Invitation.objects.everywhere().get().invited_by == admin


def test_a_person_is_added_without_an_invitation(api: APIClient, url: str, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert code_of(api.post(url, NEW)) == (503, "email_not_set_up")
    assert api.post(url, NEW | {"send_invitation": False}).json()["invitation"] is None


def test_the_values_of_a_new_person_follow_the_rules_of_a_row(api: APIClient, url: str) -> None:
    wrong = {"email": "x", "first_name": "=1", "last_name": " ", "role": "boss", "phone": 5}
    answer = api.post(url, wrong | {"value_edge_access": "yes"})
    assert code_of(answer) == (400, "invalid")
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == {
        ("email", "invalid_email"),
        ("first_name", "formula_injection"),
        ("last_name", "required"),
        ("role", "invalid_role"),
        ("phone", "invalid"),
        ("value_edge_access", "invalid"),
    }
    assert code_of(api.post(url, NEW | {"role": "super_admin"})) == (403, "role_above_own")
    assert code_of(api.post(url, NEW | {"is_staff": True})) == (400, "unknown_option")
    assert code_of(api.post(url, [NEW])) == (400, "invalid")
    assert not User.objects.everywhere().filter(first_name="Grace").exists()


def test_a_known_address_is_a_conflict(
    api: APIClient, url: str, viewer: User, other_admin: User
) -> None:
    assert code_of(api.post(url, NEW | {"email": viewer.email})) == (409, "already_exists")
    theirs = api.post(url, NEW | {"email": other_admin.email})
    assert code_of(theirs) == (409, "address_unavailable")


# --- one person ---------------------------------------------------------------------------------


def test_a_change_needs_the_version_that_was_seen(api: APIClient, viewer: User) -> None:
    url = person_url(viewer)
    seen = api.get(url)["ETag"]
    change = {"department": "IT", "role": "analyst"}
    assert code_of(api.patch(url, change)) == (428, "if_match_required")
    for wrong in ('"1"', "1", "x"):
        answer = api.patch(url, change, headers={"If-Match": wrong})
        assert code_of(answer) == (412, "person_changed")
    answer = api.patch(url, change, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["department"]) == (200, "IT")
    assert answer["ETag"] == api.get(url)["ETag"] != seen
    stale = api.patch(url, {"department": "Sales"}, headers={"If-Match": seen})
    assert code_of(stale) == (412, "person_changed")
    for good in (f"W/{answer['ETag']}", f'"0", {answer["ETag"]}', "*"):
        assert api.patch(url, change, headers={"If-Match": good}).status_code == 200


def test_the_values_of_a_change_follow_the_rules_of_a_row(api: APIClient, viewer: User) -> None:
    def change(**values: Any) -> tuple[int, str]:
        return code_of(api.patch(person_url(viewer), values, headers={"If-Match": "*"}))

    assert change(first_name="") == (400, "invalid")
    assert change(phone="call me") == (400, "invalid")
    assert change(market_edge_access=1) == (400, "invalid")
    assert change(role="super_admin") == (403, "role_above_own")
    assert change(email="new@acme.example") == (400, "unknown_option")
    assert change(is_active=False) == (400, "unknown_option")


def test_the_rules_are_answers_of_the_api(api: APIClient, admin: User, root: User) -> None:
    headers = {"If-Match": "*"}
    demote = api.patch(person_url(admin), {"role": "viewer"}, headers=headers)
    assert code_of(demote) == (409, "own_account")
    by_staff = client_of(root).patch(person_url(admin), {"role": "viewer"}, headers=headers)
    assert code_of(by_staff) == (409, "last_administrator")
    assert code_of(api.post(f"{person_url(admin)}/deactivate")) == (409, "own_account")


def test_a_person_is_deactivated_and_activated(api: APIClient, viewer: User) -> None:
    for _ in range(2):
        assert api.post(f"{person_url(viewer)}/deactivate").json()["is_active"] is False
    for _ in range(2):
        assert api.post(f"{person_url(viewer)}/activate").json()["is_active"] is True


def test_a_person_is_invited_again_and_the_invitation_revoked(
    api: APIClient, acme: Organisation
) -> None:
    person = changes.add(
        organisation=acme, by=None, values=NEW | {"email": "g@acme.example"}, invite=False
    )
    url = person_url(person)
    assert code_of(api.post(f"{url}/revoke-invitation")) == (409, "no_open_invitation")
    for _ in range(2):
        assert api.post(f"{url}/invite").json()["invitation"]["state"] == "pending"
    for _ in range(2):
        assert api.post(f"{url}/revoke-invitation").json()["invitation"]["state"] == "revoked"
    assert api.post(f"{url}/invite").json()["invitation"]["state"] == "pending"
    person.set_password("x")
    person.save()
    assert code_of(api.post(f"{url}/invite")) == (409, "invitation_not_possible")


@pytest.mark.parametrize("call", ["", "/deactivate", "/activate", "/invite", "/revoke-invitation"])
def test_people_of_others_and_platform_staff_are_not_found(
    api: APIClient, url: str, acme: Organisation, other_admin: User, root: User, call: str
) -> None:
    for person in (other_admin, root):
        for client in (api, client_of(root)):
            send = client.post if call else client.get
            assert code_of(send(f"{url}/{person.id}{call}")) == (404, "not_found")


def test_the_calls_of_imports_are_where_they_were(api: APIClient, url: str) -> None:
    assert api.get(f"{url}/import").json()["count"] == 0
    assert api.get(f"{url}/import/template").status_code == 200
    assert api.get(f"{url}/imports").status_code == 404
