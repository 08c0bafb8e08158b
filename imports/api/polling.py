"""Asking every two seconds, by two hundred clients at once: an answer costs one statement beside
the look at who asks, whether there is news or not."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request

from imports.models import ImportBatch
from imports.models.statuses import LIVE
from users.models import User

POLL_SECONDS = 2
# Changes whenever an answer is made of the same row in another way, as its ETag then must, too.
REPRESENTATION = 2

# By hand: putting it together anew for every question takes longer than the question.
_BATCH = """
    SELECT batch.*, upload.warnings AS file_warnings
    FROM import_batches batch
    JOIN organisations ON organisations.id = batch.organisation_id AND organisations.is_active
    LEFT JOIN import_uploads upload ON upload.import_batch_id = batch.id
    WHERE batch.id = %s AND batch.organisation_id = %s
"""


def read(user: User, organisation_id: UUID, batch_id: UUID) -> ImportBatch | None:
    """The batch with all that an answer says. None: look closer; also where the user may not see
    it, as it takes more to say why."""
    if not settings.FEATURE_USER_MANAGEMENT or not user.may_manage_users_of(organisation_id):
        return None
    for batch in ImportBatch.objects.raw(_BATCH, [batch_id, organisation_id]):
        found: Any = batch
        found.file_warnings = json.loads(found.file_warnings or "[]")
        return batch
    return None


def headers_for(updated_at: datetime, status: str) -> dict[str, str]:
    """ETag and how long to wait. A trigger sets `updated_at` at every UPDATE of the row, and all
    that an answer says is made of the row."""
    microseconds = int(updated_at.timestamp() * 1_000_000)
    headers = {"ETag": f'"{REPRESENTATION}-{microseconds:x}"', "Cache-Control": "private, no-cache"}
    if status in LIVE:
        headers["Retry-After"] = str(POLL_SECONDS)
    return headers


def is_known(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this answer: the client has it already."""
    known = request.headers.get("If-None-Match") or ""
    given = [one.strip().removeprefix("W/") for one in known.split(",")]
    return given == ["*"] or etag in given
