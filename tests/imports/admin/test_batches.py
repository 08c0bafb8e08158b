"""The page of an import: its state, its row errors and its actions."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from imports.engine import runner
from imports.invitations import MAIL_IS_OFF
from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.imports.admin.helpers import (
    IMPORT_URL,
    INVALID_ROW,
    admin_client,
    batch_url,
    csv_bytes,
    import_file,
    start_import,
    upload,
    valid_rows,
    visible_text,
)
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_the_page_of_a_finished_import_shows_its_outcome(admin: User, acme: Organisation) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes([*valid_rows(3), INVALID_ROW]))
    page = admin_client(admin).get(batch_url(batch))
    text = visible_text(page)
    for part in ("Completed", "Partial import: 3 succeeded, 1 failed.", "3 imported", "1 failed"):
        assert part in text
    assert "&quot;boss&quot; is not a role" in text
    assert 'role="progressbar"' in page.content.decode()
    assert 'aria-valuenow="100"' in page.content.decode()
    assert "Cancel the import" not in text


def test_the_link_to_the_created_users_lists_only_these(
    admin: User, viewer: User, acme: Organisation
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(valid_rows(3)))
    client = admin_client(admin)
    link = client.get(batch_url(batch)).context["users_url"]
    found = client.get(link).context["cl"].result_list
    assert {user.email for user in found} == {f"person{n}@new.example" for n in range(3)}


def test_progress_is_served_as_json_before_and_after_the_run(
    admin: User, acme: Organisation
) -> None:
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(4)))
    client, url = admin_client(admin), f"/admin/imports/importbatch/{batch.id}/progress"
    assert client.get(url).json() == {
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
        "sentence": "Waiting for a free worker.",
        "speed": "",
        "invitations": MAIL_IS_OFF,
    }
    runner.run(batch.id, lambda: False)
    after = client.get(url)
    assert "no-cache" in after["Cache-Control"]
    state = after.json()
    assert (state["status"], state["is_live"], state["percent"]) == ("completed", False, 100)
    assert state["sentence"] == "All rows were processed."


def test_cancelling_stops_an_import_and_keeps_the_rows_imported(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(6)))
    runner.run(batch.id, lambda: True)  # one chunk
    client = admin_client(admin)
    assert "Cancel the import" in client.get(batch_url(batch)).content.decode()
    page = client.post(f"/admin/imports/importbatch/{batch.id}/cancel", follow=True)
    text = visible_text(page)
    assert "The import is cancelled." in text
    assert "Cancelled after 2 rows. What was imported is kept. 4 rows were not processed." in text
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.CANCELLED, 2)


def test_an_import_that_has_ended_can_not_be_cancelled(admin: User, acme: Organisation) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(valid_rows(1)))
    client = admin_client(admin)
    page = client.post(f"/admin/imports/importbatch/{batch.id}/cancel", follow=True)
    assert "nothing left to cancel" in visible_text(page)
    batch.refresh_from_db()
    assert batch.status == Status.COMPLETED


@pytest.mark.parametrize("action", ["cancel", "retry", "undo"])
def test_actions_refuse_get(admin: User, acme: Organisation, action: str) -> None:
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(1)))
    answer = admin_client(admin).get(f"/admin/imports/importbatch/{batch.id}/{action}")
    assert answer.status_code == 405
    assert ImportBatch.objects.everywhere().get().status == Status.PENDING


def test_a_cancelled_import_can_be_run_again(admin: User, acme: Organisation) -> None:
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(2)))
    client = admin_client(admin)
    client.post(f"/admin/imports/importbatch/{batch.id}/cancel")
    page = client.post(f"/admin/imports/importbatch/{batch.id}/retry", follow=True)
    new_batch = ImportBatch.objects.everywhere().get(retry_of=batch)
    assert page.redirect_chain == [(batch_url(new_batch), 302)]
    assert (new_batch.status, new_batch.source) == (Status.PENDING, "admin")
    assert batch_url(batch) in page.content.decode()


def test_an_import_is_undone_and_the_page_says_which_users_are_kept_and_why(
    admin: User, acme: Organisation
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(valid_rows(3)))
    User.objects.everywhere().filter(email="person1@new.example").update(department="Edited")
    client = admin_client(admin)
    assert "Undo this import" in client.get(batch_url(batch)).content.decode()
    page = client.post(f"/admin/imports/importbatch/{batch.id}/undo", follow=True)
    text = visible_text(page)
    assert (
        "The import was undone. 2 users were removed. 1 user was kept and is listed below." in text
    )
    assert "person1@new.example was edited after the import." in text
    assert "Undo this import" not in page.content.decode()
    assert [user.email for user in User.objects.everywhere().filter(import_batch_id=batch.id)] == [
        "person1@new.example"
    ]
    again = client.post(f"/admin/imports/importbatch/{batch.id}/undo", follow=True)
    assert (
        "The import was undone. 2 users were removed. 1 user was kept and is listed below."
        in visible_text(again)
    )


def test_an_import_can_not_be_undone_while_it_runs_or_after_the_deadline(
    admin: User, acme: Organisation
) -> None:
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(1)))
    client, path = admin_client(admin), f"/admin/imports/importbatch/{batch.id}/undo"
    assert "Undo this import" not in client.get(batch_url(batch)).content.decode()
    assert "still running" in visible_text(client.post(path, follow=True))
    runner.run(batch.id, lambda: False)
    ImportBatch.objects.everywhere().update(completed_at=Now() - timedelta(days=31))
    assert "Undo this import" not in client.get(batch_url(batch)).content.decode()
    assert "could be undone until" in visible_text(client.post(path, follow=True))
    assert User.objects.everywhere().filter(import_batch_id=batch.id).exists()


def test_failed_rows_can_be_downloaded_with_the_reasons(admin: User, acme: Organisation) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes([*valid_rows(2), INVALID_ROW]))
    answer = admin_client(admin).get(f"/admin/imports/importbatch/{batch.id}/errors.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="import-{batch.id}-errors.csv"'
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    header, row = list(csv.reader(io.StringIO(content)))
    assert row[: len(INVALID_ROW)] == list(INVALID_ROW)
    assert "import_errors" in header


def test_row_errors_are_listed_a_hundred_to_a_page(admin: User, acme: Organisation) -> None:
    rows = [(f"person{n}@new.example", "A", "B", "boss", "", "") for n in range(150)]
    batch = import_file(admin_client(admin), acme, csv_bytes(rows))
    client = admin_client(admin)
    first, second = client.get(batch_url(batch)), client.get(batch_url(batch) + "?page=2")
    assert [len(page.context["errors"].page) for page in (first, second)] == [100, 50]
    assert "Page 1 of 2" in visible_text(first)
    assert second.context["errors"].page[0].row_number == 102
    assert client.get(batch_url(batch) + "?page=nonsense").status_code == 200


def test_row_errors_are_counted_by_kind_and_filtered(admin: User, acme: Organisation) -> None:
    rows = [
        *[(f"a{n}@new.example", "A", "B", "boss", "", "") for n in range(3)],
        *[("nonsense@", "A", "", "viewer", "Sales", "") for _ in range(2)],
    ]
    batch = import_file(admin_client(admin), acme, csv_bytes(rows))
    client, url = admin_client(admin), batch_url(batch)
    page = client.get(url)
    bars = page.context["errors"].chart.bars
    assert {bar.label: bar.number for bar in bars} == {
        "Unknown role": 3,
        "Invalid e-mail address": 2,
        "Value missing": 2,
    }
    for bar in bars:
        found = client.get(url + bar.url.partition("#")[0]).context["errors"].page
        assert found.paginator.count == bar.number, bar.label
    both = client.get(url, {"field": "email", "code": "invalid_email"})
    assert {error.row_number for error in both.context["errors"].page} == {5, 6}
    assert "2 of 7 row errors." in visible_text(both)
    none = client.get(url, {"field": "role", "code": "invalid_email"})
    assert "No row error is of this field and kind." in visible_text(none)
    unknown = client.get(url, {"field": "nonsense", "code": "'"})
    assert unknown.context["errors"].page.paginator.count == 7


def test_the_pages_of_row_errors_keep_the_filter(admin: User, acme: Organisation) -> None:
    rows = [(f"person{n}@new.example", "A", "B", "boss", "", "") for n in range(150)]
    batch = import_file(admin_client(admin), acme, csv_bytes(rows))
    page = admin_client(admin).get(batch_url(batch), {"code": "invalid_role", "field": "role"})
    assert 'href="?field=role&amp;code=invalid_role&amp;page=2#errors"' in page.content.decode()


# --- what an action will do -----------------------------------------------------------------------


def asked(client: Any, batch: ImportBatch, action: str) -> str:
    """The page with the question before an action."""
    return visible_text(client.get(batch_url(batch), {"confirm": action}))


def test_the_question_before_a_cancel_says_what_is_kept_and_what_is_left(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch = start_import(admin_client(admin), acme, csv_bytes(valid_rows(6)))
    client = admin_client(admin)
    assert "No user has been imported yet." in asked(client, batch, "cancel")
    runner.run(batch.id, lambda: True)  # one chunk
    text = asked(client, batch, "cancel")
    assert "4 rows are not processed yet and will not be imported." in text
    assert "2 users are imported already and will be kept." in text
    batch.refresh_from_db()
    assert batch.status == Status.PROCESSING


def test_the_question_before_a_retry_says_what_will_become_of_the_rows(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch = start_import(admin_client(admin), acme, csv_bytes([*valid_rows(5), INVALID_ROW]))
    runner.run(batch.id, lambda: True)  # one chunk
    client = admin_client(admin)
    client.post(f"/admin/imports/importbatch/{batch.id}/cancel")
    text = asked(client, batch, "retry")
    for part in (
        "The file of 6 rows runs again, as a new import.",
        "3 users will be imported.",
        "2 rows will be skipped: these users exist already.",
        "1 row will fail",
    ):
        assert part in text
    client.post(f"/admin/imports/importbatch/{batch.id}/retry")
    again = ImportBatch.objects.everywhere().get(retry_of=batch)
    runner.run(again.id, lambda: False)
    again.refresh_from_db()
    assert (again.successful_rows, again.skipped_rows, again.failed_rows) == (3, 2, 1)
    assert "instead of" not in again.error_message  # the question was no preview


def test_the_question_before_an_undo_says_how_many_are_deleted_and_kept(
    admin: User, acme: Organisation
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(valid_rows(4)))
    made = User.objects.everywhere().filter(import_batch_id=batch.id).order_by("email")
    made.filter(email="person1@new.example").update(department="Edited")
    made.filter(email="person2@new.example").delete()
    client = admin_client(admin)
    page = client.get(batch_url(batch), {"confirm": "undo"})
    text = visible_text(page)
    assert "2 users will be deleted." in text
    assert "1 user will be kept" in text
    assert "1 user of this import have been deleted, or moved" in text
    assert 'value="Delete 2 users"' in page.content.decode()
    assert made.count() == 3
    text = visible_text(client.post(f"/admin/imports/importbatch/{batch.id}/undo", follow=True))
    assert "2 users were removed. 1 user was kept" in text


def test_an_undo_that_would_delete_nobody_has_no_button(admin: User, acme: Organisation) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(valid_rows(1)))
    User.objects.everywhere().filter(import_batch_id=batch.id).update(department="Edited")
    page = admin_client(admin).get(batch_url(batch), {"confirm": "undo"})
    assert "No user would be deleted." in visible_text(page)
    assert 'value="Delete' not in page.content.decode()


@pytest.mark.parametrize("action", ["cancel", "nonsense", "undo"])
def test_an_action_that_is_not_possible_is_not_asked_about(
    admin: User, acme: Organisation, action: str
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes([INVALID_ROW]))
    page = admin_client(admin).get(batch_url(batch), {"confirm": action})
    assert page.context["confirmation"] is None


def test_a_row_error_shows_the_row_in_the_order_of_the_file(
    admin: User, acme: Organisation
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes([INVALID_ROW]))
    error = batch.errors.first()
    assert error is not None
    text = visible_text(admin_client(admin).get(f"/admin/imports/importerror/{error.id}/change/"))
    row = text.partition("The row in the file")[2]
    positions = [row.index(header) for header in ("email", "first_name", "role", "phone")]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([INVALID_ROW], "No user was imported: 1 rows failed."),
        ([("viewer@acme.example", "A", "B", "", "", "")], "all of these users exist already"),
    ],
)
def test_a_sentence_says_how_an_import_ended(
    admin: User, viewer: User, acme: Organisation, rows: list[tuple[str, ...]], sentence: str
) -> None:
    batch = import_file(admin_client(admin), acme, csv_bytes(rows))
    assert sentence in visible_text(admin_client(admin).get(batch_url(batch)))


def test_with_user_management_switched_off_the_page_can_only_be_viewed(
    admin: User, acme: Organisation, settings: Any
) -> None:
    batch = start_import(admin_client(admin), acme, csv_bytes([INVALID_ROW]))
    settings.FEATURE_USER_MANAGEMENT = False
    client = admin_client(admin)
    page = client.get(batch_url(batch))
    assert page.status_code == 200
    assert "Cancel the import" not in page.content.decode()
    for action in ("cancel", "retry", "undo"):
        answer = client.post(f"/admin/imports/importbatch/{batch.id}/{action}", follow=True)
        assert "switched off" in visible_text(answer)
    assert ImportBatch.objects.everywhere().get().status == Status.PENDING


def test_pages_of_imports_have_no_inline_scripts_or_styles(admin: User, acme: Organisation) -> None:
    """So that a Content-Security-Policy without `unsafe-inline` can be set."""
    batch, client = (
        import_file(admin_client(admin), acme, csv_bytes([INVALID_ROW])),
        admin_client(admin),
    )
    pages = [client.get(path) for path in (IMPORT_URL, batch_url(batch))]
    for page in [*pages, upload(client, acme, csv_bytes([INVALID_ROW, *valid_rows(1)]))]:
        content = page.content.decode().partition('id="content"')[2].partition('id="footer"')[0]
        for inline in ("<script>", " onclick=", " style=", "<style"):
            assert inline not in content
