"""What a provider reports about invitations."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, tracking
from django.test import RequestFactory

from tests.users.invitations.helpers import invite, only
from users.invitations import bounces
from users.models import Invitation, Organisation

Status = Invitation.Status
SECRET = "provider:long-enough"


@pytest.fixture
def invitation(acme: Organisation) -> Invitation:
    """An invitation that was sent."""
    invite(acme, "ada")
    Invitation.objects.everywhere().update(status=Status.SENT)
    return only()


def event(kind: str, invitation: Invitation, generation: int = 1, **more: Any) -> Any:
    """An event as django-anymail reads it from a webhook."""
    metadata = {"invitation": f"{invitation.id}.{generation}"}
    return AnymailTrackingEvent(event_type=kind, metadata=metadata, **more)


@pytest.mark.parametrize(
    ("kind", "reject_reason", "status", "reason"),
    [
        ("bounced", "bounced", "bounced", "The recipient's mail server does not accept e-mails"),
        ("bounced", "invalid", "bounced", "The address does not exist."),
        ("rejected", "blocked", "bounced", "The e-mail provider sends nothing to this address."),
        ("bounced", None, "bounced", "The e-mail came back."),
        ("failed", "other", "failed", "The e-mail came back."),
        ("deferred", None, "sent", ""),
        ("delivered", None, "sent", ""),
        ("complained", "spam", "sent", ""),
        ("opened", None, "sent", ""),
    ],
)
def test_what_an_event_leads_to(
    invitation: Invitation, kind: str, reject_reason: str | None, status: str, reason: str
) -> None:
    told = event(kind, invitation, reject_reason=reject_reason, description="ada@acme.example?")
    for _ in range(2):  # providers repeat themselves
        bounces.note_event(told)
    assert only().status == status
    assert only().reason.startswith(reason)
    assert "@" not in only().reason


@pytest.mark.parametrize("before", [Status.ACCEPTED, Status.REVOKED, Status.PENDING])
def test_a_bounce_changes_nothing_that_says_more(invitation: Invitation, before: str) -> None:
    Invitation.objects.everywhere().update(status=before)
    bounces.note_event(event("bounced", invitation))
    assert only().status == before


def test_an_event_may_come_before_the_answer_is_stored(invitation: Invitation) -> None:
    Invitation.objects.everywhere().update(status=Status.SENDING)
    bounces.note_event(event("bounced", invitation))
    assert only().status == Status.BOUNCED


def test_a_delivery_ends_the_doubt(invitation: Invitation) -> None:
    Invitation.objects.everywhere().update(status=Status.UNKNOWN)
    bounces.note_event(event("delivered", invitation))
    assert only().status == Status.SENT
    assert only().sent_at


def test_events_of_other_e_mails_are_ignored(invitation: Invitation) -> None:
    bounces.note_event(event("bounced", invitation, generation=2))
    for metadata in (None, {}, {"invitation": "x.1"}, {"invitation": str(invitation.id)}):
        bounces.note_event(AnymailTrackingEvent(event_type="bounced", metadata=metadata))
    assert only().status == Status.SENT


# --- the webhook ---------------------------------------------------------------------------------


@pytest.fixture
def provider(settings: Any) -> Any:
    """Settings with a provider, and the listener that the app `users` connects then."""
    settings.EMAIL_PROVIDER = "resend"
    settings.ANYMAIL = {"RESEND_API_KEY": "key", "WEBHOOK_SECRET": SECRET}
    bounces.connect()
    yield
    tracking.disconnect(dispatch_uid="users.invitations.bounces")


def report(invitation: Invitation, secret: str) -> Any:
    """Calls the webhook as Resend does."""
    key = json.dumps({"invitation": f"{invitation.id}.1"})
    data = {
        "type": "email.bounced",
        "created_at": "2026-11-27T02:00:00.000Z",
        "data": {
            "email_id": "1",
            "to": ["ada@acme.example"],
            "headers": [{"name": "X-Metadata", "value": key}],
            "bounce": {"message": "The recipient's provider sent a hard bounce message"},
        },
    }
    login = base64.b64encode(secret.encode()).decode()
    request = RequestFactory().post(
        "/anymail/resend/tracking/",
        json.dumps(data),
        content_type="application/json",
        headers={"Authorization": f"Basic {login}"},
    )
    return bounces.webhook().callback(request)


def test_a_provider_reports_a_bounce(invitation: Invitation, provider: None) -> None:
    assert report(invitation, SECRET).status_code == 200
    assert only().status == Status.BOUNCED


def test_a_stranger_can_report_nothing(invitation: Invitation, provider: None) -> None:
    with pytest.raises(AnymailWebhookValidationFailure):
        report(invitation, "provider:something-else")
    assert only().status == Status.SENT


@pytest.mark.parametrize("name", bounces._VIEWS)
def test_each_provider_has_a_webhook(settings: Any, name: str) -> None:
    settings.EMAIL_PROVIDER = name
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    assert bounces.webhook().resolve(f"anymail/{name}/tracking/")
