"""What the tests of the admin share: a browser that is logged in, its two import forms, and files.

The users and organisations are fixtures of tests/conftest.py. No worker runs in these tests;
`import_file` runs the import itself.
"""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from imports.engine import runner
from imports.models import ImportBatch, Upload
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, csv_upload, valid_rows
from users.models import Organisation, User

__all__ = [  # the files are those of the API's tests
    "INVALID_ROW",
    "csv_bytes",
    "csv_upload",
    "valid_rows",
]

IMPORT_URL = "/admin/users/user/import/"
CONFIRM_URL = "/admin/users/user/process_import/"
TICKED = {"send_invitations": "on", "skip_duplicates": "on"}


def admin_client(user: User, **options: Any) -> Client:
    """A client in which this user is logged in and may open the admin site. The options are those
    of `django.test.Client`."""
    User.objects.everywhere().filter(id=user.id).update(is_staff=True)
    user.is_staff = True
    client = Client(**options)
    client.force_login(user)
    return client


def upload(
    client: Client, organisation: Organisation, content: bytes | None = None, **form: Any
) -> Any:
    """The first step: posts a file (by default three valid rows) and form fields. Gives the page:
    the preview, or the form with its errors."""
    fields = {"organisation": organisation.id, "default_role": "viewer", **TICKED, **form}
    file = {"import_file": fields.pop("import_file", csv_upload(content))}
    return client.post(IMPORT_URL, fields | file)


def hidden_fields(page: Any) -> dict[str, str]:
    """The hidden fields of the form on a preview, which a browser sends to confirm it."""
    form = page.content.decode().partition(CONFIRM_URL)[2].partition("</form>")[0]
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


def confirm(client: Client, preview: Any, **changed: Any) -> Any:
    """The second step: confirms a preview, with some fields changed. Gives the answer."""
    return client.post(CONFIRM_URL, hidden_fields(preview) | changed)


def start_import(
    client: Client, organisation: Organisation, content: bytes | None = None
) -> ImportBatch:
    """Both steps. Gives the batch, which is pending."""
    answer = confirm(client, upload(client, organisation, content))
    return ImportBatch.objects.everywhere().get(id=answer.url.split("/")[-3])


def import_file(
    client: Client, organisation: Organisation, content: bytes | None = None
) -> ImportBatch:
    """Both steps, and the work of a worker. Gives the batch, which has ended."""
    batch = start_import(client, organisation, content)
    runner.run(batch.id, lambda: False)
    batch.refresh_from_db()
    return batch


def batch_url(batch: ImportBatch) -> str:
    """The URL of the page of a batch."""
    return f"/admin/imports/importbatch/{batch.id}/change/"


def visible_text(page: Any) -> str:
    """The text of a page without tags, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


def nothing_is_staged() -> bool:
    """Whether the tables of uploads and batches are empty."""
    return (
        not Upload.objects.everywhere().exists() and not ImportBatch.objects.everywhere().exists()
    )
