"""Asking every two seconds, by two hundred clients at once: an answer of "nothing new" costs one
statement beside the look at who asks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from rest_framework.request import Request

from imports.states import LIVE
from users.models import User

POLL_SECONDS = 2
# Changes whenever an answer is made of the same row in another way, as its ETag then must, too.
REPRESENTATION = 1

_STATE = """
    SELECT batch.updated_at, batch.status
    FROM import_batches batch JOIN organisations ON organisations.id = batch.organisation_id
    WHERE batch.id = %s AND batch.organisation_id = %s AND organisations.is_active
"""


def unchanged(
    request: Request, user: User, organisation_id: UUID, batch_id: UUID
) -> dict[str, str] | None:
    """The headers of a 304, if the client has the newest answer already. None: look closer, also
    where the user may not see it, as it takes more to say why."""
    known = request.headers.get("If-None-Match")
    if not known or not settings.FEATURE_USER_MANAGEMENT:
        return None
    if not user.may_import_into(organisation_id):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [batch_id, organisation_id])
        state = cursor.fetchone()
    headers = headers_for(*state) if state else {"ETag": ""}
    return headers if _names(known, headers["ETag"]) else None


def headers_for(updated_at: datetime, status: str) -> dict[str, str]:
    """ETag and how long to wait. A trigger sets `updated_at` at every UPDATE of the row, and all
    that an answer says is made of the row."""
    microseconds = int(updated_at.timestamp() * 1_000_000)
    headers = {"ETag": f'"{REPRESENTATION}-{microseconds:x}"', "Cache-Control": "private, no-cache"}
    if status in LIVE:
        headers["Retry-After"] = str(POLL_SECONDS)
    return headers


def _names(known: str, etag: str) -> bool:
    """Whether If-None-Match names this answer."""
    given = [one.strip().removeprefix("W/") for one in known.split(",")]
    return bool(etag) and (given == ["*"] or etag in given)
