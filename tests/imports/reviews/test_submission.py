"""The import of a reviewed file: exactly the rows that were reviewed."""

from __future__ import annotations

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from imports import actions, reports
from imports.engine.options import ImportOptions
from imports.engine.staged import staging
from imports.models import ImportBatch, Review, ReviewChange, ReviewRow, Upload, UploadChunk
from tests.conftest import MakeUser, client_of
from tests.imports.api.helpers import imports_url, mark_as_failed, run_batch
from tests.imports.reviews.helpers import Reviewed, reviewed, row, users
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def edited(api: APIClient, acme: Organisation) -> Reviewed:
    """Six rows: one mended, one spoilt, one left out, one of a user, a repeated address freed."""
    User.objects.create_user("here@new.example", organisation=acme)
    rows = [row("Ada", "Boss"), row("Ida"), row("Eve"), row("Here"), row("Uma"), row("Uma")]
    review = reviewed(api, acme, rows)
    review.edit(2, "role", "analyst")
    review.edit(3, "email", "nobody")
    review.change(dropped=[4])
    review.edit(6, "email", "umbra@new.example")
    return review


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.total_rows, batch.successful_rows, batch.skipped_rows, batch.failed_rows


def test_exactly_the_reviewed_rows_are_imported(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = edited(api, acme)
    told = review.get()["counts"]
    batch = review.imported(revision=review.revision)
    assert counts(batch) == (5, 3, 1, 1)
    assert (told["ready"], told["existing"], told["invalid"]) == counts(batch)[1:]
    assert batch.error_message == "Partial import: 3 succeeded, 1 failed"
    found = users(acme)
    assert set(found) == {"ada@new.example", "umbra@new.example", "uma@new.example"}
    assert found["ada@new.example"].role == Role.ANALYST
    shown = api.get(f"{imports_url(acme)}/{batch.id}").json()
    assert (shown["edited_rows"], shown["dropped_rows"]) == (3, 1)
    assert shown["edited_by"] == str(admin.id)


def test_errors_and_the_report_show_the_edited_cells_with_the_rows_of_the_file(
    api: APIClient, acme: Organisation
) -> None:
    batch = edited(api, acme).imported()
    (error,) = batch.errors.all()
    assert (error.row_number, error.error_code) == (3, "invalid_email")
    assert error.row_data["E-mail"] == "nobody"
    report = "".join(reports.error_report(batch))
    assert "nobody,Ida,Hopper" in report
    assert "ida@new.example" not in report


def test_a_retry_imports_the_edited_rows_again(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    answer = edited(api, acme).submit()
    mark_as_failed(answer.json()["id"])
    again = api.post(f"{imports_url(acme)}/{answer.json()['id']}/retry").json()
    batch = run_batch(again["id"])
    assert counts(batch) == (5, 3, 1, 1)
    assert (batch.edited_rows, batch.dropped_rows, batch.edited_by) == (3, 1, admin)


def test_a_stale_revision_imports_nothing(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada")])
    review.edit(2, "role", "admin")
    answer = review.submit(revision=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_changed")
    assert answer.json()["revision"] == 2
    assert not ImportBatch.objects.of(acme.id).exists()
    assert review.submit(revision=2).status_code == 202


def test_a_file_that_nobody_reviewed_has_the_first_revision(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    assert review.submit(revision=7).status_code == 409
    assert review.submit(revision=1).status_code == 202


def test_the_options_of_the_review_hold_unless_the_import_names_others(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada", "")])
    review.change(default_role="analyst", send_invitations=False)
    batch = review.imported(send_invitations=True)
    assert batch.options["default_role"] == users(acme)["ada@new.example"].role == "analyst"
    assert batch.options["send_invitations"] is True


def test_another_mapping_is_imported(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada", "Cook"), row("Ida", "Baker"), row("Ada", "Cook")])
    review.change(mapping={"role": "", "department": "Role"})
    batch = review.imported()
    assert counts(batch) == (3, 2, 0, 1)
    assert users(acme)["ada@new.example"].department == "Cook"
    assert "row 2" in batch.errors.get().error_message


def test_a_review_ends_with_the_import(api: APIClient, acme: Organisation) -> None:
    review = edited(api, acme)
    batch_id = review.submit().json()["id"]
    for model in (Review, ReviewRow, ReviewChange):
        assert not model.objects.of(acme.id).exists()
    for answer in (api.get(review.url), api.get(f"{review.url}/rows"), review.send(dropped=[2])):
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_imported")
        assert answer.json()["batch_id"] == batch_id
    assert review.submit().json()["id"] == batch_id


def test_an_import_of_no_row_is_refused(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada")])
    review.change(dropped=[2])
    answer = review.submit()
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_import")
    assert review.get()["counts"]["dropped"] == 1


def test_a_reviewed_file_is_imported_in_chunks(
    api: APIClient, acme: Organisation, settings: pytest.FixtureRequest
) -> None:
    settings.IMPORT_CHUNK_SIZE = 4  # type: ignore[attr-defined]
    review = reviewed(api, acme, [row(f"Ada{n}") for n in range(12)])
    review.edit(13, "email", "ada0@new.example")
    review.change(dropped=[2, 5, 6, 7, 8])
    batch = review.imported()
    assert counts(batch) == (7, 7, 0, 0)
    upload = Upload.objects.of(acme.id).get(import_batch=batch)
    assert upload.total_rows == 7
    assert [chunk.row_count for chunk in UploadChunk.objects.of_upload(upload.id)] == [4, 3]


def test_problems_of_reading_stay_until_the_row_is_mended(
    api: APIClient, acme: Organisation
) -> None:
    """A stray quote is found while the file is read, and not in the cells."""
    text = b'email,first_name,last_name\nada@new.example,"Ada" x,L\nida@new.example,"Ida" x,R\n'
    from tests.imports.api.helpers import csv_upload

    sent = {"file": csv_upload(text)}
    answer = api.post(f"{imports_url(acme)}/preview", sent, format="multipart").json()
    review = Reviewed(api, acme, answer["upload_id"])
    assert {one["code"] for one in review.get()["problems"]} == {"stray_quote"}
    for field, value in review.row(2)["values"].items():
        review.edit(2, field, value + "x" if field != "email" else "ada@new.example")
    review.edit(2, "first_name", "Ada")
    review.edit(2, "last_name", "Lovelace")
    batch = review.imported()
    assert batch.errors.get().error_code == "stray_quote"


def test_an_edited_file_does_not_change_others_of_the_same_content(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    """No preview shares its chunks today. If one does, the edits are its own."""
    review = reviewed(api, acme, [row("Ada")])
    review.edit(2, "last_name", "Lovelace")
    upload = Upload.objects.of(acme.id).get(id=review.upload_id)
    other = Upload.objects.of(acme.id).get(id=review.upload_id)
    other.pk, other.content_id = uuid4(), upload.id
    other.save(force_insert=True)
    Upload.objects.of(acme.id).filter(id=upload.id).update(content_id=upload.id)
    review.submit()
    chunk = staging.chunk_of(other.id, 0)
    assert chunk is not None
    assert b"Hopper" in chunk.content
    batch = actions.submit(other, user=admin, options=ImportOptions())
    run_batch(str(batch.id))
    assert users(acme)["ada@new.example"].last_name == "Hopper"


def test_administrators_of_an_organisation_review_a_file_together(
    api: APIClient, acme: Organisation, make_user: MakeUser
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    colleague = make_user("second@acme.example", Role.ADMIN, acme)
    theirs = Reviewed(client_of(colleague), acme, review.upload_id)
    assert theirs.edit(2, "role", "analyst")["edited_by"]["email"] == colleague.email
    answer = review.send(dropped=[2])
    assert answer.json()["edited_by"]["id"] == str(colleague.id)
    batch = theirs.imported(revision=2)
    assert (batch.uploaded_by, batch.edited_by) == (colleague, colleague)
