"""What the tests of reviews share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from tests.imports.api.helpers import csv_bytes, csv_upload, imports_url, run_batch
from users.models import Organisation, User

HEADERS = ("E-mail", "First name", "Last name", "Role", "Department")


def row(name: str, role: str = "viewer", email: str | None = None) -> tuple[str, ...]:
    """A row, which is valid with a valid role."""
    return (email or f"{name.lower()}@new.example", name, "Hopper", role, "Sales")


@dataclass
class Reviewed:
    """A staged file, and the calls of its review."""

    client: APIClient
    organisation: Organisation
    upload_id: str
    revision: int = 1

    @property
    def url(self) -> str:
        """The path of the review."""
        return f"{imports_url(self.organisation)}/uploads/{self.upload_id}"

    def get(self) -> dict[str, Any]:
        """The review."""
        answer = self.client.get(self.url)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        """The rows that match."""
        answer = self.client.get(f"{self.url}/rows", wanted)
        assert answer.status_code == 200, answer.content
        return list(answer.json()["rows"])

    def row(self, number: int) -> dict[str, Any]:
        """One row."""
        return next(one for one in self.rows(limit=500) if one["row"] == number)

    def states(self) -> dict[int, str]:
        """Row number -> state."""
        return {one["row"]: one["state"] for one in self.rows(limit=500)}

    def send(self, **change: Any) -> Any:
        """Sends a change at the revision that was seen last. Gives the answer."""
        # JSON in ASCII can hold what no encoding can: half of a surrogate pair
        body = json.dumps({"revision": self.revision, **change})
        return self.client.patch(self.url, body, content_type="application/json")

    def change(self, **change: Any) -> dict[str, Any]:
        """Sends a change that has to succeed. Gives the review after it."""
        answer = self.send(**change)
        assert answer.status_code == 200, answer.content
        self.revision = answer.json()["revision"]
        return dict(answer.json())

    def edit(self, number: int, field: str, value: str) -> dict[str, Any]:
        """Changes one cell."""
        return self.change(edits=[{"row": number, "field": field, "value": value}])

    def submit(self, **values: Any) -> Any:
        """Submits the import. Gives the answer."""
        sent = {"upload_id": self.upload_id, **values}
        return self.client.post(imports_url(self.organisation), sent, format="json")

    def imported(self, **values: Any) -> Any:
        """Submits the import and runs it. Gives the batch."""
        answer = self.submit(**values)
        assert answer.status_code == 202, answer.content
        return run_batch(answer.json()["id"])


def reviewed(
    client: APIClient,
    organisation: Organisation,
    rows: Sequence[Sequence[str]],
    headers: Sequence[str] = HEADERS,
    **form: Any,
) -> Reviewed:
    """Stages a file by a preview."""
    sent = {"file": csv_upload(csv_bytes(rows, headers)), **form}
    answer = client.post(f"{imports_url(organisation)}/preview", sent, format="multipart")
    assert answer.status_code == 200, answer.content
    return Reviewed(client, organisation, answer.json()["upload_id"])


def users(organisation: Organisation) -> dict[str, User]:
    """E-mail address -> user that an import created."""
    found = User.objects.of(organisation.id).filter(import_batch_id__isnull=False)
    return {user.email: user for user in found}
