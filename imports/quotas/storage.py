"""How many bytes of staged files an organisation may have.

PostgreSQL adds up the chunks each time, so that there is no count that could be wrong. Files of one
organisation are stored one after the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.text import utc
from imports.errors import StagingFull
from imports.models import UploadChunk

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('staged:' || %s::uuid, 0))"
# When retention may delete contents, the earliest first, and the bytes that are free by then.
# Content that several uploads share is deleted with the last of them.
_FREED = """
    WITH contents AS (
        SELECT max(CASE WHEN r.upload_id IS NOT NULL
                   THEN r.changed_at + %(reviewed_days)s * interval '1 day'
                   WHEN b.id IS NULL THEN u.created_at + %(kept_seconds)s * interval '1 second'
                   ELSE b.created_at + %(kept_days)s * interval '1 day' END) AS free_at,
               sum((SELECT sum(octet_length(content)) FROM import_upload_chunks
                    WHERE upload_id = u.id)) AS bytes
        FROM import_uploads u LEFT JOIN import_batches b ON b.id = u.import_batch_id
            LEFT JOIN import_reviews r ON r.upload_id = u.id
        WHERE u.organisation_id = %(organisation)s
        GROUP BY coalesce(u.content_id, u.id)
    ), freed AS (
        SELECT free_at, sum(bytes) OVER (ORDER BY free_at) AS bytes FROM contents
    )
    SELECT min(free_at) FROM freed WHERE bytes >= %(needed)s
"""


class _Room(NamedTuple):
    """What is stored, and what is to be stored, in bytes."""

    used: int
    more: int
    limit: int


def refuse_over_budget(organisation_id: UUID, size_bytes: int) -> None:
    """Raises `StagingFull` where the organisation may not store so many bytes more.

    To be called in the transaction that stores them. Until it ends, nobody else stores files of
    this organisation, so that files that come at the same time do not exceed the budget together.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [organisation_id])
    used = UploadChunk.objects.staged_bytes(organisation_id)
    room = _Room(used, size_bytes, settings.MAX_STAGED_BYTES)
    if used + size_bytes > room.limit:
        raise _full(room, _free_at(organisation_id, used + size_bytes - room.limit))


def _free_at(organisation_id: UUID, needed: int) -> datetime | None:
    """When so many bytes are free; None if not even all files are so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FREED,
            {
                "organisation": organisation_id,
                "needed": needed,
                "kept_seconds": settings.UPLOAD_KEPT_SECONDS,
                "reviewed_days": settings.REVIEW_KEPT_DAYS,
                "kept_days": settings.IMPORT_RETENTION_DAYS,
            },
        )
        found: datetime | None = cursor.fetchone()[0]
        return found


def _full(room: _Room, free_at: datetime | None) -> StagingFull:
    facts = {"used_bytes": room.used, "max_bytes": room.limit, "file_bytes": room.more}
    sizes = (
        f"The files of your organisation take up {_mib(room.used)} of the {_mib(room.limit)} that"
        f" they may, and the rows of this file need {_mib(room.more)}."
    )
    if free_at is None:
        return StagingFull(f"{sizes} Split it into smaller files.", **facts, free_at=None)
    return StagingFull(
        f"{sizes} Files of previews and of old imports are deleted after some time: there will be"
        f" enough room within an hour after {utc(free_at)}. Until then, upload a smaller file, or"
        " ask MarketEdge's support for more room.",
        **facts,
        free_at=free_at.isoformat(),
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:,.1f} MiB"
