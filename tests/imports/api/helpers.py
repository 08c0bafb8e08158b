"""What the tests of the API share: files, URLs and calls.

`api` (a client with the token of an administrator of `acme`) and the other fixtures are in
tests/conftest.py. No worker runs in these tests; `run_batch` does its work.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient

from imports.engine import runner
from imports.models import ImportBatch, Upload, UploadChunk
from users.models import Organisation

HEADERS = ("email", "first_name", "last_name", "role", "department", "phone")
INVALID_ROW = ("not an address", "Bad", "Row", "boss", "Sales", "123")


def valid_rows(count: int, *, start: int = 0, domain: str = "new.example") -> list[tuple[str, ...]]:
    """`count` rows without an error, all with different e-mail addresses."""
    return [
        (f"person{n}@{domain}", f"First{n}", f"Last{n}", "viewer", "Sales", "+44 20 7946 0123")
        for n in range(start, start + count)
    ]


def csv_bytes(
    rows: Iterable[Sequence[str]], headers: Sequence[str] = HEADERS, delimiter: str = ","
) -> bytes:
    """A CSV file with a header and these rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode()


def csv_upload(content: bytes | None = None, name: str = "users.csv") -> SimpleUploadedFile:
    """A value for the form field `file`. By default it holds three valid rows."""
    return SimpleUploadedFile(name, csv_bytes(valid_rows(3)) if content is None else content)


def imports_url(organisation: Organisation | Any) -> str:
    """The path of the imports of an organisation, which is given by itself or by its id."""
    return f"/api/v1/organizations/{getattr(organisation, 'id', organisation)}/users/import"


def post_import(
    client: APIClient, organisation: Organisation | Any, content: bytes | None = None, **form: Any
) -> Any:
    """Posts a file (by default three valid rows), `headers` and form fields; gives the answer."""
    headers = form.pop("headers", {})
    form = {"file": csv_upload(content), **form}
    return client.post(imports_url(organisation), form, format="multipart", headers=headers)


def import_file(
    client: APIClient, organisation: Organisation, content: bytes | None = None, **form: Any
) -> ImportBatch:
    """Posts a file and runs the import; gives the batch."""
    answer = post_import(client, organisation, content, **form)
    assert answer.status_code == 202, answer.content
    return run_batch(answer.json()["id"])


def run_batch(batch_id: str) -> ImportBatch:
    """Runs a batch to its end, as a worker does."""
    runner.run(batch_id, lambda: False)
    return ImportBatch.objects.everywhere().get(id=batch_id)


def mark_as_failed(batch_id: str) -> None:
    """Sets the status of a batch with SQL, as an operator may do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET status = 'failed', completed_at = now() WHERE id = %s",
            [batch_id],
        )


def nothing_is_stored() -> bool:
    """Whether there is no upload, no chunk and no batch."""
    tables = (Upload, UploadChunk, ImportBatch)
    return not any(model._default_manager.exists() for model in tables)
