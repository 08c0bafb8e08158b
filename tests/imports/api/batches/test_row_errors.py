"""The report of failing rows as a CSV file, the template, and the progress of a batch."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from imports import progress, reports
from imports.models import ImportBatch, ImportError
from imports.models.statuses import Status
from tests.imports.admin.helpers import admin_client
from tests.imports.api.helpers import (
    HEADERS,
    INVALID_ROW,
    csv_bytes,
    import_file,
    imports_url,
    valid_rows,
)
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]
Rows = list[list[str]]


def report(client: APIClient, batch: ImportBatch, **request: Any) -> tuple[Any, bytes]:
    path = f"{imports_url(batch.organisation_id)}/{batch.id}/errors"
    answer = client.get(path, **(request or {"data": {"format": "csv"}}))
    assert answer.status_code == 200
    return answer, b"".join(answer.streaming_content)


def rows_of(content: bytes, delimiter: str = ",") -> Rows:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    "request_", [{"data": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}]
)
def test_a_query_parameter_or_the_accept_header_asks_for_the_report(
    api: APIClient, acme: Organisation, request_: dict[str, Any]
) -> None:
    batch = import_file(api, acme, csv_bytes([*valid_rows(2), INVALID_ROW]))
    answer, content = report(api, batch, **request_)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="import-{batch.id}-errors.csv"'
    assert answer["Content-Disposition"] == name
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert content.startswith(b"\xef\xbb\xbf")


def test_the_report_has_all_cells_of_failing_rows_and_all_reasons(
    api: APIClient, acme: Organisation
) -> None:
    odd = ("no address", " Zoë ", 'O"Brien\nJr', "boss", "a,b", "123")
    batch = import_file(api, acme, csv_bytes([*valid_rows(2), odd, *valid_rows(2, start=5)]))
    header, row = rows_of(report(api, batch)[1])
    assert header == [*HEADERS, "import_errors"]
    assert tuple(row[:-1]) == odd
    assert row[-1].startswith("Row 4: ")
    messages = (
        ImportError.objects.everywhere()
        .filter(import_batch=batch)
        .values_list("error_message", flat=True)
    )
    assert len(messages) == 4  # one is for the line break in the name
    assert all(message in row[-1] for message in messages)


def test_the_report_has_the_delimiter_of_the_file(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW], delimiter=";"))
    assert rows_of(report(api, batch)[1], ";")[1][: len(INVALID_ROW)] == list(INVALID_ROW)


def test_a_corrected_report_can_be_imported(api: APIClient, acme: Organisation) -> None:
    rows = [*valid_rows(2), INVALID_ROW, ("=cmd@example", "x", "y", "", "", "")]
    batch = import_file(api, acme, csv_bytes(rows))
    header, *failing = rows_of(report(api, batch)[1])
    assert len(failing) == 2
    for number, row in enumerate(failing):
        row[0], row[3], row[5] = f"corrected{number}@new.example", "viewer", "+44 20 7946 0123"
    again = import_file(api, acme, csv_bytes(failing, header))
    assert (again.status, again.successful_rows, again.failed_rows) == ("completed", 2, 0)


def test_a_report_of_an_uploaded_report_has_one_column_of_reasons(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    again = import_file(api, acme, report(api, batch)[1])
    header, row = rows_of(report(api, again)[1])
    assert header == [*HEADERS, "import_errors"]
    assert tuple(row[:-1]) == INVALID_ROW


@pytest.mark.parametrize("start", ["=1+1", "@SUM(A1)", "+x", "-x", "\tx", "\uff1d1"])
def test_a_formula_is_escaped_and_the_reader_removes_the_escaping(
    api: APIClient, acme: Organisation, start: str
) -> None:
    row = ("bad", "A", "B", "", start, "")
    batch = import_file(api, acme, csv_bytes([row]))
    content = report(api, batch)[1]
    assert rows_of(content)[1][4] == f"'{start}"
    again = import_file(api, acme, content)
    assert rows_of(report(api, again)[1])[1][4] == f"'{start}"


def test_a_row_with_too_few_cells_keeps_its_cells_in_place(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([("a@new.example", "A")]))  # no last name
    _, row = rows_of(report(api, batch)[1])
    assert row[:-1] == ["a@new.example", "A"]
    assert (
        import_file(api, acme, report(api, batch)[1]).failed_rows == 1
    )  # not corrected, it fails again


def test_the_reason_for_a_repeated_email_names_the_first_row(
    api: APIClient, acme: Organisation
) -> None:
    first = valid_rows(1)[0]
    batch = import_file(api, acme, csv_bytes([first, (first[0].upper(), *first[1:])]))
    _, row = rows_of(report(api, batch)[1])
    assert row[0] == first[0].upper()
    assert "row 2" in row[-1]


def test_a_report_of_many_chunks_is_complete_and_in_order(
    api: APIClient, acme: Organisation, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 10
    rows = [INVALID_ROW if number % 3 else valid_rows(1, start=number)[0] for number in range(60)]
    batch = import_file(api, acme, csv_bytes(rows))
    numbers = [int(row[-1].split(":")[0].removeprefix("Row ")) for row in
               rows_of(report(api, batch)[1])[1:]]  # fmt: skip
    assert numbers == [number + 2 for number in range(60) if number % 3]


def test_the_report_is_made_from_the_errors_if_the_file_is_gone(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_uploads WHERE import_batch_id = %s", [batch.id])
    header, row = rows_of(report(api, batch)[1])
    assert header == ["email", "first_name", "last_name", "role", "department", "phone",
                      "import_errors"]  # fmt: skip
    assert tuple(row[:-1]) == INVALID_ROW


def test_the_report_of_a_batch_without_errors_is_the_header_only(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme)
    assert rows_of(report(api, batch)[1]) == [[*HEADERS, "import_errors"]]


def test_a_refusal_is_json_even_if_csv_was_asked_for(api: APIClient, globex: Organisation) -> None:
    path = f"{imports_url(globex)}/7e0a7d53-6a53-4a9c-8c0b-5d8f5c5e0a01/errors"
    answer = api.get(path, headers={"Accept": "text/csv"})
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_errors_are_paginated_in_the_order_of_the_file(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW] * 4))
    path: str | None = f"{imports_url(acme)}/{batch.id}/errors?page_size=5"
    found, sizes = [], []
    while path:
        page = api.get(path).json()
        assert page["total_errors"] == 12
        sizes.append(len(page["errors"]))
        found += [(error["row_number"], error["field_name"]) for error in page["errors"]]
        path = page["next"]
    assert sizes == [5, 5, 2]
    assert found == sorted(found)


def test_a_row_is_stored_once_and_shown_with_each_of_its_errors(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW] * 2))
    stored = ImportError.objects.everywhere().filter(import_batch=batch)
    assert stored.count() == 6
    assert stored.exclude(row_data={}).count() == 2
    expected = dict(zip(HEADERS, INVALID_ROW, strict=True))
    path = f"{imports_url(acme)}/{batch.id}/errors"
    for page in (1, 2, 3):  # the errors of a row may be on two pages
        errors = api.get(path, {"page": page, "page_size": 2}).json()["errors"]
        assert [error["row_data"] for error in errors] == [expected] * 2
    browser = admin_client(admin)
    for error in stored:
        shown = browser.get(f"/admin/imports/importerror/{error.id}/change/").content.decode()
        assert all(cell in shown for cell in INVALID_ROW)


def test_the_report_without_the_file_has_the_row_whichever_error_holds_it(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    first, *_, last = ImportError.objects.everywhere().order_by("id")
    ImportError.objects.everywhere().update(row_data={})
    ImportError.objects.everywhere().filter(id=last.id).update(row_data={"email": "x"})
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_uploads")
    assert first.id != last.id
    assert rows_of(report(api, batch)[1])[1][0] == "x"


# --- the template -----------------------------------------------------------------------------


def test_the_template_has_every_column_and_its_example_is_not_escaped() -> None:
    header, example = rows_of(reports.template().encode())
    assert header[0] == "email"
    assert len(header) == len(example) == 11
    assert example[header.index("phone")] == "+44 20 7946 0123"


# --- progress ---------------------------------------------------------------------------------


def new_batch(**fields: Any) -> ImportBatch:
    return ImportBatch(**{"total_rows": 100, "status": Status.PROCESSING} | fields)


def test_the_progress_of_a_pending_batch_is_zero_without_a_rate() -> None:
    assert progress.of(new_batch(status=Status.PENDING)) == progress.Progress(
        percent=0, rows_per_second=None, eta_seconds=None
    )


def test_the_progress_of_a_running_batch_has_rate_and_remaining_time() -> None:
    now = timezone.now()
    running = new_batch(
        processed_rows=40, started_at=now - timezone.timedelta(seconds=4), heartbeat_at=now
    )
    assert progress.of(running) == progress.Progress(
        percent=40, rows_per_second=10.0, eta_seconds=6
    )


def test_100_percent_is_reached_only_with_all_rows() -> None:
    assert progress.of(new_batch(total_rows=1000, processed_rows=999)).percent == 99


def test_no_user_of_the_report_appears_in_the_logs(
    api: APIClient, acme: Organisation, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    report(api, import_file(api, acme, csv_bytes([*valid_rows(1), INVALID_ROW])))
    assert User.objects.everywhere().filter(email="person0@new.example").exists()
    written = caplog.text + "".join(capsys.readouterr())
    assert "new.example" not in written
    assert INVALID_ROW[0] not in written
