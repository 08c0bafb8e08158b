"""People at the admin site, and what they do there."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from imports.models import ImportBatch, Upload
from tests.imports.api.helpers import csv_upload
from users.models import Organisation, User

IMPORT = "/admin/users/user/import/"
CONFIRM = "/admin/users/user/process_import/"
BOXES = {"send_invitations": "on", "skip_duplicates": "on"}


def at_the_admin(user: User, **options: Any) -> Client:
    """A browser in which this user is logged in, and may open the site."""
    User.objects.filter(id=user.id).update(is_staff=True)
    user.is_staff = True
    client = Client(**options)
    client.force_login(user)
    return client


def upload(
    client: Client, organisation: Organisation, content: bytes | None = None, **form: Any
) -> Any:
    """The first step: the preview, or the form with what is wrong."""
    fields = {"organisation": organisation.id, "default_role": "viewer", **BOXES, **form}
    file = {"import_file": fields.pop("import_file", csv_upload(content))}
    return client.post(IMPORT, fields | file)


def hidden(page: Any) -> dict[str, str]:
    """The fields of the form that confirms, as a browser would send them."""
    form = page.content.decode().partition(CONFIRM)[2].partition("</form>")[0]
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


def confirm(client: Client, page: Any, **changed: Any) -> Any:
    """The second step."""
    return client.post(CONFIRM, hidden(page) | changed)


def batch_page(batch: ImportBatch) -> str:
    """The address of its page."""
    return f"/admin/imports/importbatch/{batch.id}/change/"


def text_of(page: Any) -> str:
    """What a person reads: without tags, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


def nothing_was_staged() -> bool:
    """Whether no file and no batch is left."""
    return not Upload.objects.exists() and not ImportBatch.objects.exists()
