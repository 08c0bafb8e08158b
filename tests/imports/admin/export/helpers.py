"""Exports a list of the admin, and reads the file."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.db import connection
from django.test import Client
from openpyxl import load_workbook

from imports.admin.export.resources import RESOURCES, columns_of
from imports.models import ImportBatch, ImportError
from users.models import Organisation, User

CSV, XLSX = "0", "1"  # the places in the form
LISTS: dict[str, Any] = {
    "users/user": User,
    "imports/importbatch": ImportBatch,
    "imports/importerror": ImportError,
}


def form_for(path: str, file_format: str = CSV, *columns: str) -> dict[str, str]:
    """The form of an export, with these columns chosen, or all."""
    resource = RESOURCES[LISTS[path]]
    chosen = columns or tuple(columns_of(resource))
    names = {f"{resource.__name__.lower()}_{column}": "on" for column in chosen}
    return {"format": file_format, "resource": "0", **names}


def export(
    client: Client, path: str, query: str = "", file_format: str = CSV, *columns: str
) -> Any:
    """The answer to the form of an export."""
    return client.post(f"/admin/{path}/export/{query}", form_for(path, file_format, *columns))


def read_csv(answer: Any) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_xlsx(content: bytes) -> list[tuple[Any, ...]]:
    """The rows of a workbook, with its header."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def leave(answer: Any) -> None:
    """Ends an answer whose body was read in part, as a web server does when a client has left."""
    answer._iterator.close()


def add_people(organisation: Organisation, number: int, *, letters: int = 20) -> None:
    """Adds people with long values, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (email, first_name, last_name, department, location,"
            " organisation_id) SELECT lpad(n::text, 8, '0') || '@acme.example', repeat('a', %s),"
            " repeat('b', %s), repeat('c', %s), repeat('d', %s), %s"
            " FROM generate_series(1, %s) n",
            [*[letters] * 4, organisation.id, number],
        )
