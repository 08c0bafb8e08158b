"""A preview says what an import will do, unless users change in between."""

from __future__ import annotations

import io
from typing import Any

import pytest

from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.engine.review import preview
from imports.engine.review.preview import Preview
from imports.models import ImportBatch, Upload
from tests.imports.api.helpers import csv_bytes, valid_rows
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
    return ImportBatch.objects.everywhere().get(id=batch.id)


def counts(one: Preview | ImportBatch) -> tuple[int, int, int]:
    return one.successful_rows, one.skipped_rows, one.failed_rows


@pytest.mark.parametrize("skip_duplicates", [True, False])
def test_an_import_has_the_outcome_that_its_preview_previewed(
    admin: User, other_admin: User, skip_duplicates: bool
) -> None:
    upload = stage(admin, SAMPLE.read_bytes())
    previewed = preview.preview(upload, ImportOptions(skip_duplicates=skip_duplicates))
    batch = import_of(upload, admin, skip_duplicates=skip_duplicates)
    assert counts(batch) == counts(previewed)
    assert sum(counts(previewed)) == previewed.upload.total_rows == 5000
    assert "preview" not in batch.error_message
    assert batch.errors.count() == previewed.error_count


def test_the_errors_of_a_preview_are_those_of_the_import(admin: User, other_admin: User) -> None:
    upload = stage(admin, SAMPLE.read_bytes())
    previewed = preview.preview(upload)
    batch = import_of(upload, admin)
    stored = batch.errors.values_list("row_number", "field_name", "error_code", "error_message")
    assert set(stored) == {
        (one["row"], one["field"], one["code"], one["message"]) for one in previewed.errors
    }


def test_an_import_names_differences_from_its_preview(admin: User, acme: Organisation) -> None:
    upload = stage(admin, csv_bytes(valid_rows(5)))
    preview.preview(upload)
    User.objects.create_user("person3@new.example", organisation=acme)
    batch = import_of(upload, admin)
    assert counts(batch) == (4, 1, 0)
    assert batch.error_message == (
        "Users were added or removed since the preview: 4 instead of 5 imported, 1 instead of 0"
        " skipped"
    )


def test_an_import_with_other_options_is_not_compared_with_the_preview(
    admin: User, acme: Organisation
) -> None:
    User.objects.create_user("person3@new.example", organisation=acme)
    upload = stage(admin, csv_bytes(valid_rows(5)))
    preview.preview(upload, ImportOptions(skip_duplicates=True))
    batch = import_of(upload, admin, skip_duplicates=False)
    assert batch.error_message == "Partial import: 4 succeeded, 1 failed"


def test_a_preview_writes_no_user(admin: User) -> None:
    before = User.objects.everywhere().count()
    preview.preview(stage(admin, csv_bytes(valid_rows(5))))
    assert User.objects.everywhere().count() == before


def test_a_preview_lists_a_hundred_errors_and_counts_all(admin: User) -> None:
    bad = [(f"no{n}@name.example", "", "B", "viewer", "", "") for n in range(150)]
    previewed = preview.preview(stage(admin, csv_bytes(bad + valid_rows(20))))
    assert (len(previewed.errors), previewed.error_count, previewed.failed_rows) == (100, 150, 150)
    assert (len(previewed.rows), previewed.successful_rows) == (10, 20)


def test_a_repeated_address_is_found_across_chunks(admin: User, settings: Any) -> None:
    settings.IMPORT_CHUNK_SIZE = 3
    rows = [*valid_rows(5), ("PERSON1@new.example", "Again", "One", "", "", "")]
    upload = stage(admin, csv_bytes(rows))
    previewed = preview.preview(upload)
    assert counts(previewed) == (5, 0, 1)
    assert previewed.errors[0]["code"] == "duplicate_in_file"
    assert "row 3" in previewed.errors[0]["message"]
    assert counts(import_of(upload, admin)) == (5, 0, 1)


def test_the_first_valid_row_of_an_address_counts(admin: User) -> None:
    rows = [("twice@new.example", "", "No first name", "", "", ""), *valid_rows(2)]
    rows += [
        ("twice@new.example", "Good", "Row", "", "", ""),
        ("Twice@New.example", "C", "D", "", "", ""),
    ]
    upload = stage(admin, csv_bytes(rows))
    previewed = preview.preview(upload)
    assert [(one["row"], one["code"]) for one in previewed.errors] == [
        (2, "required"),
        (6, "duplicate_in_file"),
    ]
    assert "row 5" in previewed.errors[1]["message"]


def test_nothing_is_previewed_about_users_of_other_organisations(
    admin: User, globex: Organisation
) -> None:
    User.objects.create_user("taken@new.example", organisation=globex)
    upload = stage(admin, csv_bytes([("taken@new.example", "A", "B", "", "", "")]))
    previewed = preview.preview(upload)
    assert previewed.errors[0]["code"] == "address_unavailable"
    assert "Globex" not in str(previewed.errors)
    assert str(globex.id) not in str(previewed.errors)


@pytest.mark.parametrize(("option", "invited"), [(True, {"yes@new.example"}), (False, set())])
def test_users_are_invited_if_import_and_row_want_it(
    admin: User, option: bool, invited: set[str]
) -> None:
    rows = [("yes@new.example", "A", "B", "yes"), ("no@new.example", "C", "D", "no")]
    headers = ("email", "first_name", "last_name", "send_invitation")
    import_of(stage(admin, csv_bytes(rows, headers)), admin, send_invitations=option)
    wanted = User.objects.everywhere().filter(invitation_requested=True)
    assert set(wanted.values_list("email", flat=True)) == invited


def test_a_row_that_the_reader_found_broken_fails_in_preview_and_import(admin: User) -> None:
    content = (
        b'email,first_name,last_name\nann@new.example,"Ann" A,Lee\nann@new.example,Ann,"Lee"\n'
    )
    upload = stage(admin, content)
    previewed = preview.preview(upload)
    assert [(error["row"], error["code"]) for error in previewed.errors] == [(2, "stray_quote")]
    batch = import_of(upload, admin)
    assert counts(batch) == counts(previewed) == (1, 0, 1)
    assert batch.errors.get().error_code == "stray_quote"


def test_a_column_of_job_titles_gets_one_warning_that_says_how_to_ignore_it(admin: User) -> None:
    rows = b"".join(b"u%d@new.example,A,B,Accountant\n" % number for number in range(5))
    upload = stage(admin, b"email,first_name,last_name,Role\n" + rows)
    [warning] = preview.preview(upload).warnings
    assert (warning.code, warning.column, warning.count) == ("column_mostly_wrong", "Role", 5)
    assert '{"role": ""}' in warning.message


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Rolle", ["Entwicklerin", "Buchhalter"]),
        ("Rôle", ["Comptable", "", "", "", "Juriste", "Lecteur", "Ingénieure"]),
        ("役割", ["営業", "経理", "閲覧者"]),
    ],
)
def test_job_titles_are_most_of_the_values_that_are_not_empty(
    admin: User, header: str, values: list[str]
) -> None:
    rows = [(f"u{i}@new.example", "A", "B", value) for i, value in enumerate(values)]
    upload = stage(admin, csv_bytes(rows, ("email", "first_name", "last_name", header)))
    codes = [(w.code, w.column) for w in preview.preview(upload).warnings]
    assert codes == [("column_mostly_wrong", header)]


def test_errors_of_a_column_that_is_mostly_wrong_do_not_hide_other_errors(admin: User) -> None:
    rows = b"".join(b"u%d@new.example,A,B,Accountant\n" % number for number in range(150))
    upload = stage(admin, b"email,first_name,last_name,Role\n" + rows + b"nobody,A,B,viewer\n")
    previewed = preview.preview(upload)
    listed = [(error["row"], error["code"]) for error in previewed.errors]
    examples = [(row, "invalid_role") for row in (2, 3, 4)]
    assert listed == [*examples, (152, "invalid_email")]
    assert (previewed.error_count, previewed.failed_rows) == (151, 151)
