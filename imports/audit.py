"""The audit trail: one INSERT for each deed of a person, in the transaction of the deed itself, so
that neither is there without the other.

Who calls says what was done and to what; where it came from is known here: a request is noted by
the middleware below, and what is no request is an operator at a terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from imports.blocklist import client_address
from imports.models import AuditEvent, Deed, UploadBlock
from users.models import ApiKey, User

EVENTS_AT_A_TIME = 5000

_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


class Origin:
    """Middleware. Notes the request, which is only looked at where there is something to record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers as the rest does."""
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def record(
    deed: Deed,
    *,
    user: User | None = None,
    organisation_id: UUID | str | None = None,
    batch_id: UUID | None = None,
    upload_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> None:
    """Writes down a deed. To be called in its transaction.

    user: without it, whoever made the request. organisation_id: whose administrators may read it;
    None: platform staff alone. subject_id: see `AuditEvent`."""
    found = _Where.now()
    AuditEvent.objects.create(
        deed=deed,
        door=found.door,
        client_address=found.address,
        api_key_id=found.api_key_id,
        user_id=user.pk if user else found.user_id,
        organisation_id=organisation_id,
        batch_id=batch_id,
        upload_id=upload_id,
        subject_id=subject_id,
    )


class _Where(NamedTuple):
    """Where a deed comes from."""

    door: str
    address: str | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None

    @classmethod
    def now(cls) -> _Where:
        request = _request.get()
        if request is None:
            return cls("command")
        key: Any = getattr(request, "auth", None)  # DRF puts it there
        return cls(
            door="admin" if request.path_info.startswith("/admin/") else "api",
            address=client_address(request) or None,
            user_id=request.user.pk if hasattr(request, "user") else None,
            api_key_id=key.id if isinstance(key, ApiKey) else None,
        )


# --- blocks, which forms, actions and commands set and lift by the model's own methods -----------


@receiver(post_save, sender=UploadBlock)
def _note_block(instance: UploadBlock, **_: Any) -> None:
    by = None if _request.get() else instance.blocked_by  # who changes it need not have set it
    record(Deed.BLOCKED, user=by, subject_id=_blocked(instance))


@receiver(post_delete, sender=UploadBlock)
def _note_unblock(instance: UploadBlock, **_: Any) -> None:
    record(Deed.UNBLOCKED, subject_id=_blocked(instance))


def _blocked(block: UploadBlock) -> UUID:
    return block.user_id or block.id  # a network has no id of its own


# --- how long events are kept -------------------------------------------------------------------


def purge(*, dry_run: bool = False) -> int:
    """Deletes the events that are older than AUDIT_RETENTION_DAYS; gives how many. The database
    lets that happen in a transaction that names the number of days, and in no other."""
    if dry_run:
        return _old().count()
    deleted = 0
    while count := _purge_some():
        deleted += count
    return deleted


def _old() -> QuerySet[AuditEvent]:
    age = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    return AuditEvent.objects.filter(created_at__lt=Now() - age).order_by("created_at")


@transaction.atomic
def _purge_some() -> int:
    with connection.cursor() as cursor:
        days = str(settings.AUDIT_RETENTION_DAYS)
        cursor.execute("SELECT set_config('marketedge.audit_kept_days', %s, true)", [days])
    some = _old().values("id")[:EVENTS_AT_A_TIME]
    deleted: int = AuditEvent.objects.filter(id__in=some)._raw_delete("default")
    return deleted
