"""Files and paths for the tests of the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from imports.engine import runner
from imports.models import ImportBatch
from users.models import Organisation

HEADERS = ("email", "first_name", "last_name", "role", "department", "phone")
BAD = ("not an address", "Bad", "Row", "boss", "Sales", "123")


def people(count: int, *, start: int = 0, domain: str = "new.example") -> list[tuple[str, ...]]:
    """Good rows."""
    return [
        (f"person{n}@{domain}", f"First{n}", f"Last{n}", "viewer", "Sales", "+44 20 7946 0123")
        for n in range(start, start + count)
    ]


def csv_bytes(
    rows: Iterable[Sequence[str]], headers: Sequence[str] = HEADERS, delimiter: str = ","
) -> bytes:
    """A file of these rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode()


def a_file(content: bytes | None = None, name: str = "users.csv") -> SimpleUploadedFile:
    """For a form; three good rows unless told otherwise."""
    return SimpleUploadedFile(name, csv_bytes(people(3)) if content is None else content)


def base(organisation: Organisation | Any) -> str:
    """Where the imports of an organisation are."""
    return f"/api/v1/organizations/{getattr(organisation, 'id', organisation)}/users/import"


def post_import(
    client: APIClient, organisation: Organisation | Any, content: bytes | None = None, **form: Any
) -> Any:
    """An import of a file; `headers` go with it."""
    headers = form.pop("headers", {})
    form = {"file": a_file(content), **form}
    return client.post(base(organisation), form, format="multipart", headers=headers)


def imported(
    client: APIClient, organisation: Organisation, content: bytes | None = None, **form: Any
) -> ImportBatch:
    """A batch that has run to its end."""
    answer = post_import(client, organisation, content, **form)
    assert answer.status_code == 202, answer.content
    return run(answer.json()["id"])


def run(batch_id: str) -> ImportBatch:
    """Does here what a worker does."""
    runner.run(batch_id, lambda: False)
    return ImportBatch.objects.get(id=batch_id)
