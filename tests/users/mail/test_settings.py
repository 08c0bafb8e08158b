"""The environment variables of e-mail."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from environs import Env, EnvValidationError

from tests.conftest import environment as of_tests
from tests.paths import ROOT
from users.mail import environment

SENDER = {
    "DEFAULT_FROM_EMAIL": "MarketEdge <imports@marketedge.example>",
    "PUBLIC_URL": "https://marketedge.example",
}


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> environment.Mail:
    """The settings with these variables. Raises EnvValidationError where they are wrong."""
    for name in [name for name in os.environ if "EMAIL" in name or "INVITATION" in name]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    env = Env(eager=False)
    found = environment.read(env)
    env.seal()
    return found


@pytest.mark.parametrize(
    ("variables", "backend"),
    [
        ({"EMAIL_HOST": "mail.example"}, "users.mail.smtp.EmailBackend"),
        ({"EMAIL_FILE_PATH": "/mail"}, "users.mail.files.EmailBackend"),
        (
            {"EMAIL_PROVIDER": "resend", "EMAIL_PROVIDER_KEY": "k"},
            "users.mail.resend.EmailBackend",
        ),
        (
            {"EMAIL_PROVIDER": "brevo", "EMAIL_PROVIDER_KEY": "k"},
            "anymail.backends.brevo.EmailBackend",
        ),
    ],
)
def test_each_way_has_a_backend(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], backend: str
) -> None:
    found = read(monkeypatch, **SENDER, **variables)
    assert (found.backend, found.public_url) == (backend, SENDER["PUBLIC_URL"])


def test_without_a_way_no_sender_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch)
    assert (found.sender, found.rate, found.days) == ("", 600, 7)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"EMAIL_HOST": "mail.example", "EMAIL_FILE_PATH": "/mail"}, "EMAIL_FILE_PATH"),
        ({"EMAIL_HOST": "mail.example", "EMAIL_PROVIDER": "brevo"}, "EMAIL_PROVIDER"),
        ({"EMAIL_PROVIDER": "pigeon"}, "EMAIL_PROVIDER"),
        ({"EMAIL_PROVIDER": "brevo"}, "EMAIL_PROVIDER_KEY"),
        ({"INVITATION_DAYS": "31"}, "INVITATION_DAYS"),
        ({"INVITATION_DAYS": "0"}, "INVITATION_DAYS"),
        ({"INVITATION_RATE": "0"}, "INVITATION_RATE"),
        ({"INVITATION_LANGUAGE": "xx"}, "INVITATION_LANGUAGE"),
        ({"ANYMAIL_WEBHOOK_SECRET": "short"}, "ANYMAIL_WEBHOOK_SECRET"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    with pytest.raises(EnvValidationError) as caught:
        read(monkeypatch, **SENDER, **variables)
    assert name in caught.value.error_messages


@pytest.mark.django_db
def test_a_service_with_a_provider_starts_and_listens_to_its_reports() -> None:
    code = (
        "import django; django.setup(); from django.urls import resolve;"
        "from anymail.signals import tracking;"
        "print(resolve('/anymail/resend/tracking/').url_name, len(tracking.receivers))"
    )
    provider = {
        "EMAIL_PROVIDER": "resend",
        "EMAIL_PROVIDER_KEY": "key",
        "ANYMAIL_WEBHOOK_SECRET": "provider:long-enough",
        "DJANGO_SETTINGS_MODULE": "marketedge.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=of_tests() | SENDER | provider,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "mail-events 1\n", done.stderr
