"""What a provider reports about invitations that it has accepted, through its webhook.

django-anymail checks and reads the webhook, and sends a signal for each event. An e-mail carries
the invitation's id and generation as metadata, which the event gives back. Events come in any
order, more than once, and before `sent` is stored. So an event only changes an invitation whose
status says less than the event.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Coalesce, Now
from django.urls import URLPattern, path

from users.models import Invitation

log = structlog.get_logger(__name__)
Status = Invitation.Status

# The views of django-anymail.
_VIEWS = {
    "brevo": "BrevoTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView",
}
_ON_ITS_WAY = (Status.SENDING, Status.SENT, Status.UNKNOWN)
# Event -> the status that it leads to. All other events change nothing.
_STATUSES = {"bounced": Status.BOUNCED, "rejected": Status.BOUNCED, "failed": Status.FAILED}
# django-anymail's reason -> a sentence for administrators. The provider's own text may hold the
# address.
_REASONS = {
    "invalid": "The address does not exist.",
    "bounced": "The recipient's mail server does not accept e-mails to this address.",
    "timed_out": "The recipient's mail server did not answer.",
    "blocked": "The e-mail provider sends nothing to this address.",
    "spam": "The recipient has reported an earlier e-mail as spam.",
    "unsubscribed": "The recipient does not want e-mails.",
}
_OTHER_REASON = "The e-mail came back."


def connect() -> None:
    """Listens to django-anymail. To be called when all apps are loaded."""
    signals: Any = import_module("anymail.signals")
    signals.tracking.connect(note_event, dispatch_uid="users.invitations.bounces")


def webhook() -> URLPattern:
    """The URL that the provider calls: /anymail/<provider>/tracking/. It asks for the name and the
    password in ANYMAIL_WEBHOOK_SECRET."""
    provider = settings.EMAIL_PROVIDER
    view: Any = getattr(import_module(f"anymail.webhooks.{provider}"), _VIEWS[provider])
    pattern: URLPattern = path(f"anymail/{provider}/tracking/", view.as_view(), name="mail-events")
    return pattern


def note_event(event: Any, **_: Any) -> None:
    """Stores what an event says about an invitation. Ignores events of other e-mails."""
    invitation_id, generation = _key_of(event)
    if invitation_id is None:
        return
    found = Invitation.objects.everywhere().filter(id=invitation_id, generation=generation)
    if event.event_type == "delivered":
        arrived = found.filter(status=Status.UNKNOWN)
        arrived.update(status=Status.SENT, sent_at=Coalesce("sent_at", Now()))
    status = _STATUSES.get(event.event_type)
    if status is None:
        return
    reason = _REASONS.get(event.reject_reason or "", _OTHER_REASON)
    if found.filter(status__in=_ON_ITS_WAY).update(status=status, reason=Value(reason)):
        log.warning("invitation", status=status, invitation_id=invitation_id)


def _key_of(event: Any) -> tuple[UUID | None, int]:
    """The invitation and its generation; None if the event is about another e-mail."""
    first, _, second = str((event.metadata or {}).get("invitation", "")).partition(".")
    try:
        return UUID(first), int(second)
    except ValueError:
        return None, 0
