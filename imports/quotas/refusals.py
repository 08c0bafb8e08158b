"""Counts refused files. A file is read before it is refused, so that, too, has a limit."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from core.errors import Refusal
from imports.errors import FileRefused, StagingFull
from imports.models import LimitType, MetricCounter
from imports.quotas.usage import consume, refuse_full
from users.models import User

E = TypeVar("E", bound=Exception)


def refuse_after_refusals(*, user: User, organisation_id: UUID | str | None) -> None:
    """Raises `QuotaExceeded` where so many files of the user were refused that no other one is
    read. Call it before a file is read."""
    refuse_full(user=user, organisation_id=organisation_id, limit_type=LimitType.REFUSED_FILE)


def count_refusal(
    error: E, *, user: User, organisation_id: UUID | str | None, ip: str | None
) -> E | Refusal:
    """Counts a file that was refused with `FileRefused` or `StagingFull`, and nothing for other
    errors. Call it outside the transaction that the error has rolled back.

    Gives what to answer: the error, or `QuotaExceeded` or `UploadBlocked` in its place."""
    if not isinstance(error, (FileRefused, StagingFull)):
        return error
    MetricCounter.objects.add("csv_upload_errors_total", error_type=error.code)
    if isinstance(error, StagingFull):
        MetricCounter.objects.add("csv_staging_full_total")
    kind = LimitType.REFUSED_FILE
    try:
        consume(user=user, organisation_id=organisation_id, limit_type=kind, ip=ip)
    except Refusal as other:
        return other
    return error
