"""The audit trail: one INSERT for each deed of a person, in the transaction of the deed itself, so
that neither is there without the other.

Who calls says what was done and to what; where it came from is known here: a request is noted by
the middleware below, and what is no request is an operator at a terminal.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from core.client_ip import client_ip
from imports.audit.middleware import _request
from imports.models import AuditEvent, EventType, UploadBlock
from users.models import ApiKey, User


def record(
    event_type: EventType,
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
        event_type=event_type,
        source=found.source,
        client_ip=found.address,
        api_key_id=found.api_key_id,
        user_id=user.pk if user else found.user_id,
        organisation_id=organisation_id,
        batch_id=batch_id,
        upload_id=upload_id,
        subject_id=subject_id,
    )


class _Where(NamedTuple):
    """Where a deed comes from."""

    source: str
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
            source="admin" if request.path_info.startswith("/admin/") else "api",
            address=client_ip(request) or None,
            user_id=request.user.pk if hasattr(request, "user") else None,
            api_key_id=key.id if isinstance(key, ApiKey) else None,
        )


# --- blocks, which forms, actions and commands set and lift by the model's own methods -----------


@receiver(post_save, sender=UploadBlock)
def _note_block(instance: UploadBlock, **_: Any) -> None:
    by = None if _request.get() else instance.blocked_by  # who changes it need not have set it
    record(EventType.BLOCKED, user=by, subject_id=_blocked(instance))


@receiver(post_delete, sender=UploadBlock)
def _note_unblock(instance: UploadBlock, **_: Any) -> None:
    record(EventType.UNBLOCKED, subject_id=_blocked(instance))


def _blocked(block: UploadBlock) -> UUID:
    return block.user_id or block.id  # a network has no id of its own


# --- how long events are kept -------------------------------------------------------------------
