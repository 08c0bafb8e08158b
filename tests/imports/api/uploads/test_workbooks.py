"""Workbooks in previews and imports: cells without a value, hidden rows, and other sheets."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.imports.admin.helpers import admin_client, upload, visible_text
from tests.imports.api.helpers import csv_upload, import_file, imports_url
from tests.paths import ROOT
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def workbook(name: str) -> bytes:
    return (ROOT / "tests" / "data" / f"{name}.xlsx").read_bytes()


def preview(api: APIClient, acme: Organisation, name: str, **form: Any) -> Any:
    file = csv_upload(workbook(name), name="users.xlsx")
    return api.post(f"{imports_url(acme)}/preview", {"file": file, **form}, format="multipart")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "x01-error-cells",
            {
                (2, "department", "error_cell"),
                (3, "first_name", "error_cell"),
                (3, "last_name", "error_cell"),
                (4, "email", "error_cell"),
                (4, "department", "error_cell"),
                (4, "phone", "error_cell"),
            },
        ),
        (
            "x06-formulas-without-values",
            {(2, "email", "formula_without_value"), (3, "role", "formula_without_value")},
        ),
        ("x08-dates-that-were-texts", {(2, "phone", "date_in_phone")}),
        ("x10-shared-string-negative", {(2, "department", "broken_cell")}),
        ("x25-hyperlink-of-another-person", {(2, "email", "hyperlink_differs")}),
    ],
)
def test_a_cell_without_a_value_is_an_error_in_preview_import_and_report(
    api: APIClient, acme: Organisation, name: str, expected: set[tuple[int, str, str]]
) -> None:
    previewed = preview(api, acme, name).json()
    assert {(e["row"], e["field"], e["code"]) for e in previewed["errors"]} == expected
    batch = import_file(api, acme, workbook(name))
    stored = batch.errors.values_list("row_number", "field_name", "error_code")
    assert set(stored) == expected
    failed = {row for row, _, _ in expected}
    assert (batch.failed_rows, previewed["failed_rows"]) == (len(failed), len(failed))
    answer = api.get(f"{imports_url(acme)}/{batch.id}/errors?format=csv")
    report = b"".join(answer.streaming_content).decode()
    assert "The cell " in report
    assert len(report.strip().splitlines()) == 1 + len(failed)


def test_the_error_of_a_link_shows_its_address_but_not_in_the_message(
    api: APIClient, acme: Organisation
) -> None:
    [error] = preview(api, acme, "x25-hyperlinks").json()["errors"]
    assert error["value"] == "mailto:ann.lee@example.com"
    assert "A2" in error["message"]
    assert "ann.lee" not in error["message"]


def test_numbers_are_imported_as_their_format_shows_them(
    api: APIClient, acme: Organisation
) -> None:
    rows = preview(api, acme, "x09-number-formats").json()["preview_data"]
    assert rows[0]["phone"] == "07700900123"


@pytest.mark.parametrize(
    ("form", "code", "total"),
    [({}, "hidden_row", 3), ({"skip_hidden_rows": "true"}, "hidden_row_skipped", 2)],
)
def test_hidden_rows_are_imported_unless_they_are_to_be_left_out(
    api: APIClient, acme: Organisation, form: dict[str, str], code: str, total: int
) -> None:
    previewed = preview(api, acme, "x02-filtered-rows", **form).json()
    assert previewed["total_rows"] == total
    [warning] = previewed["warnings"]
    assert (warning["code"], warning["row"], warning["count"]) == (code, 3, 1)
    batch = import_file(api, acme, workbook("x02-filtered-rows"), **form)
    assert batch.successful_rows == total


def test_a_preview_tells_what_each_sheet_holds(api: APIClient, acme: Organisation) -> None:
    previewed = preview(api, acme, "x05-active-second-sheet").json()
    fields = ["email", "first_name", "last_name"]
    assert previewed["file"]["sheets"] == [
        {"name": "2023", "is_read": True, "rows": 1, "fields": fields},
        {"name": "2026", "is_read": False, "rows": 2, "fields": fields},
    ]
    assert preview(api, acme, "workbook").json()["file"]["sheets"] == []


def test_the_refusal_of_a_sheet_names_the_one_that_fits(api: APIClient, acme: Organisation) -> None:
    answer = preview(api, acme, "x04-instructions-first")
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_column")
    assert answer.json()["fitting_sheets"] == ["Users"]
    assert 'The sheet "Users" has the columns' in answer.json()["detail"]
    assert preview(api, acme, "x04-instructions-first", sheet="Users").status_code == 200


def test_the_admin_shows_the_sheets_and_leaves_out_hidden_rows(
    admin: User, acme: Organisation
) -> None:
    client = admin_client(admin)
    text = visible_text(upload(client, acme, workbook("x05-active-second-sheet")))
    assert "2023 (this preview)" in text
    assert "2026" in text
    page = upload(client, acme, workbook("x02-filtered-rows"), skip_hidden_rows="on")
    assert "2 will be imported" in visible_text(page)
