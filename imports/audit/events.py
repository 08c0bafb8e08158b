"""Writes the audit trail: one INSERT an event, in the transaction of what is recorded, so that
neither exists without the other.

The caller says what was done and to what. Where it came from is known here: from a request, or
from an operator at a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from core.requests.client_ip import client_ip
from imports.audit.middleware import current_request
from imports.models import AuditEvent, EventType, UploadBlock
from users.accounts.second_factor import second_factor_changed
from users.credentials.api_keys import key_revoked
from users.credentials.passwords import password_changed
from users.invitations.acceptance import invitation_accepted
from users.models import ApiKey, User


def record(
    event_type: EventType,
    *,
    user: User | None = None,
    organisation_id: UUID | str | None = None,
    batch_id: UUID | None = None,
    upload_id: UUID | None = None,
    subject_id: UUID | None = None,
    fields: Iterable[str] = (),
    details: Mapping[str, Any] | None = None,
) -> None:
    """Records an event. To be called in the transaction of what is recorded.

    user: who did it; by default the user of the request. organisation_id: the organisation whose
    administrators may see the event; None: only platform staff. subject_id, fields, details: see
    `AuditEvent`."""
    facts: dict[str, Any] = {"batch_id": batch_id, "upload_id": upload_id}
    facts |= {"fields": ",".join(fields), "details": dict(details or {})}
    record_all(event_type, [subject_id], user=user, organisation_id=organisation_id, **facts)


def record_all(
    event_type: EventType,
    subject_ids: Iterable[UUID | None],
    *,
    user: User | None = None,
    organisation_id: UUID | str | None = None,
    **facts: Any,
) -> None:
    """Records the same event about several subjects, in one statement."""
    origin = _Origin.now()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            event_type=event_type,
            source=origin.source,
            client_ip=origin.ip,
            api_key_id=origin.api_key_id,
            user_id=user.pk if user else origin.user_id,
            organisation_id=organisation_id,
            subject_id=subject_id,
            **facts,
        )
        for subject_id in subject_ids
    )


class _Origin(NamedTuple):
    """Where an event comes from."""

    source: str  # api, admin, page, command
    ip: str | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None

    @classmethod
    def now(cls) -> _Origin:
        request = current_request()
        if request is None:
            return cls("command")
        key: Any = getattr(request, "auth", None)  # set by DRF
        return cls(
            source=_source_of(request.path_info),
            ip=client_ip(request) or None,
            user_id=request.user.pk if hasattr(request, "user") else None,
            api_key_id=key.id if isinstance(key, ApiKey) else None,
        )


def _source_of(path: str) -> str:
    if path.startswith("/admin/"):
        return "admin"
    return "api" if path.startswith("/api/") else "page"


# --- blocks: forms, actions and commands save and delete them by the model's own methods ---------


@receiver(post_save, sender=UploadBlock)
def _record_block(instance: UploadBlock, **_: Any) -> None:
    # In a request, its user is recorded: who changes a block need not be who created it.
    by = None if current_request() else instance.blocked_by
    record(EventType.BLOCKED, user=by, subject_id=_subject_of(instance))


@receiver(post_delete, sender=UploadBlock)
def _record_unblock(instance: UploadBlock, **_: Any) -> None:
    record(EventType.UNBLOCKED, subject_id=_subject_of(instance))


def _subject_of(block: UploadBlock) -> UUID:
    """The blocked user, or for a network, which has no id, the block."""
    return block.user_id or block.id


# --- API keys: the admin and scripts create them ------------------------------------------------


@receiver(post_save, sender=ApiKey)
def _record_new_key(instance: ApiKey, created: bool, **_: Any) -> None:
    if created:
        _record_key(EventType.KEY_CREATED, instance)


@receiver(key_revoked)
def _record_revoked_key(key: ApiKey, **_: Any) -> None:
    _record_key(EventType.KEY_REVOKED, key)


def _record_key(event_type: EventType, key: ApiKey) -> None:
    record(event_type, organisation_id=key.organisation_id, subject_id=key.id)


# --- what users do with their own account ---------------------------------------------------------


@receiver(invitation_accepted)
def _record_accepted_invitation(user: User, **_: Any) -> None:
    record(EventType.INVITATION_ACCEPTED, user=user, organisation_id=user.organisation_id)


@receiver(password_changed)
def _record_changed_password(user: User, **_: Any) -> None:
    record(EventType.PASSWORD_CHANGED, user=user, organisation_id=user.organisation_id)


@receiver(second_factor_changed)
def _record_second_factor(user: User, is_on: bool, **_: Any) -> None:
    record(EventType.TWO_FACTOR_ON if is_on else EventType.TWO_FACTOR_OFF, user=user)


# --- logins: Django's signals. `users.credentials.login_limits` limits the number of events -----


@receiver(user_logged_in)
def _record_login(user: User, **_: Any) -> None:
    if current_request():  # Django's test client logs in without one
        record(EventType.LOGGED_IN, user=user, organisation_id=user.organisation_id)


@receiver(user_login_failed)
def _record_refused_login(credentials: Mapping[str, Any], **_: Any) -> None:
    """Records a wrong password, with the account that was meant. The e-mail address of an unknown
    account is not kept."""
    email = credentials.get("email") or credentials.get("username") or ""
    try:
        meant = User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        return record(EventType.LOGIN_REFUSED)
    record(EventType.LOGIN_REFUSED, organisation_id=meant.organisation_id, subject_id=meant.id)
