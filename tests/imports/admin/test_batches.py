"""The page of an import: its state, its row errors, and what can be asked of it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from imports.engine import runner
from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.imports.admin.helpers import IMPORT, at_the_admin, batch_page, confirm, text_of, upload
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def imported(admin: User, acme: Organisation, content: bytes, *, run: bool = True) -> ImportBatch:
    """A file that came in by the admin; with `run` it is done with."""
    client = at_the_admin(admin)
    address = confirm(client, upload(client, acme, content)).url
    batch = ImportBatch.objects.get(id=address.split("/")[-3])
    if run:
        runner.run(batch.id, lambda: False)
        batch.refresh_from_db()
    return batch


def test_the_page_of_a_finished_import_tells_what_became_of_it(
    admin: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes([*valid_rows(3), INVALID_ROW]))
    page = at_the_admin(admin).get(batch_page(batch))
    text = text_of(page)
    for said in ("Completed", "Partial import: 3 succeeded, 1 failed.", "3 imported", "1 failed"):
        assert said in text
    assert "&quot;boss&quot; is not a role" in text
    assert 'role="progressbar"' in page.content.decode()
    assert 'aria-valuenow="100"' in page.content.decode()
    assert "Cancel the import" not in text


def test_the_link_to_the_users_created_lists_them_and_nobody_else(
    admin: User, viewer: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(3)))
    client = at_the_admin(admin)
    link = client.get(batch_page(batch)).context["users_url"]
    found = client.get(link).context["cl"].result_list
    assert {user.email for user in found} == {f"person{n}@new.example" for n in range(3)}


def test_the_progress_is_told_as_json_while_it_runs_and_after(
    admin: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(4)), run=False)
    client, address = at_the_admin(admin), f"/admin/imports/importbatch/{batch.id}/progress"
    assert client.get(address).json() == {
        "status": "pending",
        "status_label": "Pending",
        "is_live": True,
        "percent": 0,
        "total_rows": "4",
        "processed_rows": "0",
        "successful_rows": "0",
        "skipped_rows": "0",
        "failed_rows": "0",
        "unprocessed_rows": "4",
        "sentence": "Waiting for a worker to take it up.",
        "speed": "",
    }
    runner.run(batch.id, lambda: False)
    after = client.get(address)
    assert "no-cache" in after["Cache-Control"]
    told = after.json()
    assert (told["status"], told["is_live"], told["percent"]) == ("completed", False, 100)
    assert told["sentence"] == "All 4 rows are done."


def test_cancelling_stops_it_and_keeps_what_is_done(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch = imported(admin, acme, csv_bytes(valid_rows(6)), run=False)
    runner.run(batch.id, lambda: True)  # one chunk
    client = at_the_admin(admin)
    assert "Cancel the import" in client.get(batch_page(batch)).content.decode()
    page = client.post(f"/admin/imports/importbatch/{batch.id}/cancel", follow=True)
    text = text_of(page)
    assert "The import is cancelled." in text
    assert "Cancelled. The 2 rows before that stay; 4 rows were not looked at." in text
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.CANCELLED, 2)


def test_what_has_ended_can_not_be_cancelled(admin: User, acme: Organisation) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(1)))
    client = at_the_admin(admin)
    page = client.post(f"/admin/imports/importbatch/{batch.id}/cancel", follow=True)
    assert "nothing left to cancel" in text_of(page)
    batch.refresh_from_db()
    assert batch.status == Status.COMPLETED


@pytest.mark.parametrize("action", ["cancel", "retry", "undo"])
def test_looking_at_an_address_does_nothing(admin: User, acme: Organisation, action: str) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(1)), run=False)
    answer = at_the_admin(admin).get(f"/admin/imports/importbatch/{batch.id}/{action}")
    assert answer.status_code == 405
    assert ImportBatch.objects.get().status == Status.PENDING


def test_a_cancelled_import_can_be_run_again(admin: User, acme: Organisation) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(2)), run=False)
    client = at_the_admin(admin)
    client.post(f"/admin/imports/importbatch/{batch.id}/cancel")
    page = client.post(f"/admin/imports/importbatch/{batch.id}/retry", follow=True)
    again = ImportBatch.objects.get(retry_of=batch)
    assert page.redirect_chain == [(batch_page(again), 302)]
    assert (again.status, again.source) == (Status.PENDING, "admin")
    assert batch_page(batch) in page.content.decode()


def test_an_import_is_undone_and_the_page_says_who_is_kept_and_why(
    admin: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(3)))
    User.objects.filter(email="person1@new.example").update(department="Edited")
    client = at_the_admin(admin)
    assert "Undo this import" in client.get(batch_page(batch)).content.decode()
    page = client.post(f"/admin/imports/importbatch/{batch.id}/undo", follow=True)
    text = text_of(page)
    assert "The import is undone: 2 users are removed; 1 user is kept" in text
    assert "person1@new.example was edited after the import." in text
    assert "Undo this import" not in page.content.decode()
    assert [user.email for user in User.objects.filter(import_batch_id=batch.id)] == [
        "person1@new.example"
    ]
    again = client.post(f"/admin/imports/importbatch/{batch.id}/undo", follow=True)
    assert "The import is undone: 2 users are removed; 1 user is kept" in text_of(again)


def test_there_is_nothing_to_undo_while_it_runs_and_when_the_time_is_over(
    admin: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes(valid_rows(1)), run=False)
    client, path = at_the_admin(admin), f"/admin/imports/importbatch/{batch.id}/undo"
    assert "Undo this import" not in client.get(batch_page(batch)).content.decode()
    assert "still running" in text_of(client.post(path, follow=True))
    runner.run(batch.id, lambda: False)
    ImportBatch.objects.update(completed_at=Now() - timedelta(days=31))
    assert "Undo this import" not in client.get(batch_page(batch)).content.decode()
    assert "could be undone until" in text_of(client.post(path, follow=True))
    assert User.objects.filter(import_batch_id=batch.id).exists()


def test_the_rows_that_failed_come_as_a_file_to_mend(admin: User, acme: Organisation) -> None:
    batch = imported(admin, acme, csv_bytes([*valid_rows(2), INVALID_ROW]))
    answer = at_the_admin(admin).get(f"/admin/imports/importbatch/{batch.id}/errors.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="import-{batch.id}-errors.csv"'
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    header, row = list(csv.reader(io.StringIO(content)))
    assert row[: len(INVALID_ROW)] == list(INVALID_ROW)
    assert "import_errors" in header


def test_row_errors_come_a_hundred_at_a_time(admin: User, acme: Organisation) -> None:
    rows = [(f"person{n}@new.example", "A", "B", "boss", "", "") for n in range(150)]
    batch = imported(admin, acme, csv_bytes(rows))
    client = at_the_admin(admin)
    first, second = client.get(batch_page(batch)), client.get(batch_page(batch) + "?page=2")
    assert (len(first.context["errors"]), len(second.context["errors"])) == (100, 50)
    assert "Page 1 of 2" in text_of(first)
    assert second.context["errors"][0].row_number == 102
    assert client.get(batch_page(batch) + "?page=nonsense").status_code == 200


def test_a_row_error_shows_the_row_in_the_order_of_the_file(
    admin: User, acme: Organisation
) -> None:
    batch = imported(admin, acme, csv_bytes([INVALID_ROW]))
    error = batch.errors.first()
    assert error is not None
    text = text_of(at_the_admin(admin).get(f"/admin/imports/importerror/{error.id}/change/"))
    row = text.partition("The row in the file")[2]
    places = [row.index(header) for header in ("email", "first_name", "role", "phone")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([INVALID_ROW], "No user was imported: 1 rows failed."),
        ([("viewer@acme.example", "A", "B", "", "", "")], "all of these users exist already"),
    ],
)
def test_the_sentence_says_how_it_ended(
    admin: User, viewer: User, acme: Organisation, rows: list[tuple[str, ...]], said: str
) -> None:
    batch = imported(admin, acme, csv_bytes(rows))
    assert said in text_of(at_the_admin(admin).get(batch_page(batch)))


def test_with_user_management_switched_off_one_can_look_and_nothing_else(
    admin: User, acme: Organisation, settings: Any
) -> None:
    batch = imported(admin, acme, csv_bytes([INVALID_ROW]), run=False)
    settings.FEATURE_USER_MANAGEMENT = False
    client = at_the_admin(admin)
    page = client.get(batch_page(batch))
    assert page.status_code == 200
    assert "Cancel the import" not in page.content.decode()
    for action in ("cancel", "retry", "undo"):
        answer = client.post(f"/admin/imports/importbatch/{batch.id}/{action}", follow=True)
        assert "switched off" in text_of(answer)
    assert ImportBatch.objects.get().status == Status.PENDING


def test_our_pages_need_no_inline_script(admin: User, acme: Organisation) -> None:
    """So that a Content-Security-Policy without `unsafe-inline` can be set."""
    batch, client = imported(admin, acme, csv_bytes([INVALID_ROW])), at_the_admin(admin)
    pages = [client.get(path) for path in (IMPORT, batch_page(batch))]
    for page in [*pages, upload(client, acme, csv_bytes([INVALID_ROW, *valid_rows(1)]))]:
        content = page.content.decode().partition('id="content"')[2].partition('id="footer"')[0]
        for inline in ("<script>", " onclick=", " style=", "<style"):
            assert inline not in content
