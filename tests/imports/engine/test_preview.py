"""What a preview says is what an import does, unless somebody changes the users in between."""

from __future__ import annotations

import io
from typing import Any

import pytest

from imports import actions
from imports.engine import preview, runner
from imports.engine.options import ImportOptions
from imports.engine.preview import Preview
from imports.models import ImportBatch, Upload
from tests.imports.api.helpers import csv_bytes, people
from tests.paths import ROOT
from users.models import Organisation, User

SAMPLE = ROOT / "samples" / "users.csv"


def stage(user: User, content: bytes) -> Upload:
    assert user.organisation_id
    return actions.stage_for_preview(
        io.BytesIO(content),
        filename="users.csv",
        user=user,
        organisation_id=user.organisation_id,
    )


def import_of(upload: Upload, user: User, **options: Any) -> ImportBatch:
    batch = actions.submit(upload, user=user, options=ImportOptions(**options))
    runner.run(batch.id, lambda: False)
    return ImportBatch.objects.get(id=batch.id)


def counts(one: Preview | ImportBatch) -> tuple[int, int, int]:
    return one.successful_rows, one.skipped_rows, one.failed_rows


@pytest.mark.parametrize("skip_duplicates", [True, False])
def test_an_import_comes_to_what_its_preview_said(
    admin: User, other_admin: User, skip_duplicates: bool
) -> None:
    upload = stage(admin, SAMPLE.read_bytes())
    said = preview.preview(upload, ImportOptions(skip_duplicates=skip_duplicates))
    came = import_of(upload, admin, skip_duplicates=skip_duplicates)
    assert counts(came) == counts(said)
    assert sum(counts(said)) == said.upload.total_rows == 5000
    assert "preview" not in came.error_message
    assert came.errors.count() == said.error_count


def test_the_errors_of_a_preview_are_those_of_the_import(admin: User, other_admin: User) -> None:
    upload = stage(admin, SAMPLE.read_bytes())
    said = preview.preview(upload)
    came = import_of(upload, admin)
    stored = came.errors.values_list("row_number", "field_name", "error_code", "error_message")
    assert set(stored) == {
        (one["row"], one["field"], one["code"], one["message"]) for one in said.errors
    }


def test_what_differs_from_the_preview_is_named(admin: User, acme: Organisation) -> None:
    upload = stage(admin, csv_bytes(people(5)))
    preview.preview(upload)
    User.objects.create_user("person3@new.example", organisation=acme)
    came = import_of(upload, admin)
    assert counts(came) == (4, 1, 0)
    assert came.error_message == (
        "Users were added or removed since the preview: 4 instead of 5 imported, 1 instead of 0"
        " skipped"
    )


def test_an_import_with_other_options_is_not_held_against_the_preview(
    admin: User, acme: Organisation
) -> None:
    User.objects.create_user("person3@new.example", organisation=acme)
    upload = stage(admin, csv_bytes(people(5)))
    preview.preview(upload, ImportOptions(skip_duplicates=True))
    came = import_of(upload, admin, skip_duplicates=False)
    assert came.error_message == "Partial import: 4 succeeded, 1 failed"


def test_a_preview_writes_no_user(admin: User) -> None:
    before = User.objects.count()
    preview.preview(stage(admin, csv_bytes(people(5))))
    assert User.objects.count() == before


def test_a_preview_lists_a_hundred_and_counts_all(admin: User) -> None:
    bad = [(f"nobody{n}", "A", "B", "viewer", "", "") for n in range(150)]
    said = preview.preview(stage(admin, csv_bytes(bad + people(20))))
    assert (len(said.errors), said.error_count, said.failed_rows) == (100, 150, 150)
    assert (len(said.rows), said.successful_rows) == (10, 20)


def test_the_same_address_twice_counts_once_also_across_chunks(admin: User, settings: Any) -> None:
    settings.IMPORT_CHUNK_SIZE = 3
    rows = [*people(5), ("PERSON1@new.example", "Again", "One", "", "", "")]
    upload = stage(admin, csv_bytes(rows))
    said = preview.preview(upload)
    assert counts(said) == (5, 0, 1)
    assert said.errors[0]["code"] == "duplicate_in_file"
    assert "row 3" in said.errors[0]["message"]
    assert counts(import_of(upload, admin)) == (5, 0, 1)


def test_the_first_valid_row_of_an_address_counts(admin: User) -> None:
    rows = [("twice@new.example", "", "No first name", "", "", ""), *people(2)]
    rows += [
        ("twice@new.example", "Good", "Row", "", "", ""),
        ("Twice@New.example", "C", "D", "", "", ""),
    ]
    upload = stage(admin, csv_bytes(rows))
    said = preview.preview(upload)
    assert [(one["row"], one["code"]) for one in said.errors] == [
        (2, "required"),
        (6, "duplicate_in_file"),
    ]
    assert "row 5" in said.errors[1]["message"]


def test_an_address_of_another_organisation_tells_nothing(
    admin: User, globex: Organisation
) -> None:
    User.objects.create_user("taken@new.example", organisation=globex)
    upload = stage(admin, csv_bytes([("taken@new.example", "A", "B", "", "", "")]))
    said = preview.preview(upload)
    assert said.errors[0]["code"] == "address_unavailable"
    assert "Globex" not in str(said.errors)
    assert str(globex.id) not in str(said.errors)


@pytest.mark.parametrize(("option", "invited"), [(True, {"yes@new.example"}), (False, set())])
def test_invitations_are_asked_for_where_import_and_row_both_want_them(
    admin: User, option: bool, invited: set[str]
) -> None:
    rows = [("yes@new.example", "A", "B", "yes"), ("no@new.example", "C", "D", "no")]
    headers = ("email", "first_name", "last_name", "send_invitation")
    import_of(stage(admin, csv_bytes(rows, headers)), admin, send_invitations=option)
    wanted = User.objects.filter(invitation_requested=True)
    assert set(wanted.values_list("email", flat=True)) == invited
