"""E-mails through the API of a provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from environs import Env

from tests.users.invitations.helpers import invite, only, pass_time, send_all
from tests.users.mail import provider as providers
from tests.users.mail.provider import Provider
from users.invitations import outbox
from users.mail import environment
from users.models import Invitation, Organisation

Status = Invitation.Status


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A running provider."""
    with providers.running() as server:
        yield server


def use(name: str, server: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the settings as environment variables would."""
    values = {
        "EMAIL_PROVIDER": name,
        "EMAIL_PROVIDER_KEY": "the key",
        "EMAIL_PROVIDER_URL": server.url,
        "DEFAULT_FROM_EMAIL": "MarketEdge <imports@marketedge.example>",
        "PUBLIC_URL": "https://marketedge.example",
    }
    for variable, value in values.items():
        monkeypatch.setenv(variable, value)
    read = environment.read(Env())
    settings.EMAIL_BACKEND, settings.EMAIL_PROVIDER = read.backend, read.provider
    settings.ANYMAIL, settings.DEFAULT_FROM_EMAIL = read.anymail, read.sender
    settings.PUBLIC_URL, settings.INVITATION_RATE = read.public_url, 100_000


def test_resend_gets_the_idempotency_key_and_the_invitation_s_id(
    acme: Organisation, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("resend", provider, settings, monkeypatch)
    invite(acme, "ada")
    send_all()
    ((headers, body),) = provider.requests
    assert headers["Idempotency-Key"] == f"{only().id}.1"
    assert headers["Authorization"] == "Bearer the key"
    assert f'"{only().id}.1"' in body["headers"]["X-Metadata"]
    assert "Resend-Idempotency-Key" not in body["headers"]
    assert body["to"] == ["ada@acme.example"]
    assert only().status == Status.SENT


def test_postmark_is_told_to_leave_links_as_they_are(
    acme: Organisation, provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("postmark", provider, settings, monkeypatch)
    invite(acme, "ada")
    send_all()
    ((_, body),) = provider.requests
    assert body["TrackLinks"] == "None"
    assert body["TrackOpens"] is False
    assert body["Metadata"] == {"invitation": f"{only().id}.1"}
    assert only().status == Status.SENT


@pytest.mark.parametrize(
    ("name", "answer", "status"),
    [
        ("resend", 422, Status.FAILED),
        ("resend", 401, Status.PENDING),
        ("resend", 429, Status.PENDING),
        ("resend", 500, Status.PENDING),  # the key lets it be sent again
        ("postmark", 500, Status.UNKNOWN),
        ("postmark", 503, Status.PENDING),
        ("postmark", 0, Status.UNKNOWN),
    ],
)
def test_what_the_answer_of_a_provider_leads_to(
    acme: Organisation,
    provider: Provider,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    answer: int,
    status: str,
) -> None:
    use(name, provider, settings, monkeypatch)
    provider.status = answer
    invite(acme, "ada")
    assert not outbox.send_due()
    assert only().status == status
    if status == Status.PENDING:
        provider.status = 200
        pass_time(seconds=31)
        send_all()
        assert only().status == Status.SENT


def test_invitations_wait_while_a_provider_can_not_be_reached(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with providers.running() as gone:
        use("postmark", gone, settings, monkeypatch)
    invite(acme, "ada")
    assert not outbox.send_due()
    assert (only().status, only().attempts) == (Status.PENDING, 0)
