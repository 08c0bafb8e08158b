"""`manage.py send_test_email`, and which settings it names when it fails."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from devtools.servers import free_port
from tests.imports.notifications.mail_server import MailServer
from tests.users.mail import provider as providers
from users.mail import trial


@pytest.fixture
def mail_server(tmp_path: Path, settings: Any) -> Iterator[MailServer]:
    """A running mail server, and settings that use it."""
    server = MailServer(tmp_path)
    for name, value in server.environment().items():
        setattr(settings, name, value)
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, False
    settings.EMAIL_BACKEND = "users.mail.smtp.EmailBackend"
    server.start()
    yield server
    server.stop()


def run(address: str = "ada@acme.example") -> str:
    """Runs the command. Gives what it prints."""
    out = StringIO()
    call_command("send_test_email", address, stdout=out)
    return out.getvalue()


def failure(address: str = "ada@acme.example") -> str:
    """Runs the command, which fails. Gives its sentence."""
    with pytest.raises(CommandError) as caught:
        run(address)
    assert caught.value.__cause__ is None  # no traceback
    return str(caught.value)


def test_a_test_e_mail_arrives(mail_server: MailServer) -> None:
    printed = run()
    assert printed == (
        f"The mail server 127.0.0.1:{mail_server.port} accepted an e-mail to ada@acme.example from"
        " MarketEdge <imports@marketedge.example>.\n"
    )
    (message,) = mail_server.messages()
    assert message["Subject"] == "Test e-mail from MarketEdge"
    assert "https://marketedge.example" in message.get_content()


def test_a_test_e_mail_as_a_file(tmp_path: Path, settings: Any) -> None:
    settings.EMAIL_BACKEND = "users.mail.files.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    for address in ("ada@acme.example", "ben@acme.example"):
        assert str(tmp_path / "mail") in run(address)
    files = sorted((tmp_path / "mail").glob("*.eml"))
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert [message["To"] for message in read] == ["ada@acme.example", "ben@acme.example"]


def test_without_settings_they_are_named() -> None:
    assert failure().startswith("E-mail is not set up. Set EMAIL_HOST, EMAIL_PROVIDER or EMAIL_FI")


def test_a_server_that_is_not_there(mail_server: MailServer, settings: Any) -> None:
    settings.EMAIL_PORT = free_port()
    assert failure().endswith("Check EMAIL_HOST and EMAIL_PORT.")


def test_a_server_that_does_not_answer(
    mail_server: MailServer, settings: Any, silent_port: int
) -> None:
    settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = silent_port, 0.2
    assert "EMAIL_HOST" in failure()
    assert "EMAIL_PORT" in failure()


def test_a_server_without_starttls_and_login(mail_server: MailServer, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    assert "Check EMAIL_PORT, EMAIL_USE_TLS" in failure()
    settings.EMAIL_USE_TLS = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "x"
    assert "EMAIL_HOST_USER" in failure()


def test_tls_from_the_start_where_the_server_has_none(
    mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_USE_SSL = True
    assert "Check EMAIL_PORT and EMAIL_USE_TLS" in failure()


def test_a_recipient_that_the_server_refuses(mail_server: MailServer) -> None:
    assert "refused the recipient (550 " in failure("gone550@acme.example")


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (socket.gaierror(), "EMAIL_HOST"),
        (smtplib.SMTPAuthenticationError(535, b"no"), "EMAIL_HOST_PASSWORD"),
        (smtplib.SMTPSenderRefused(550, b"no", "x"), "DEFAULT_FROM_EMAIL"),
        (smtplib.SMTPServerDisconnected(), "EMAIL_USE_TLS"),
        (ssl.SSLCertVerificationError(), "EMAIL_HOST"),
        (ValueError(), "DEFAULT_FROM_EMAIL"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_other_errors_name_a_setting(error: Exception, setting: str) -> None:
    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_message = "self-signed"
    assert setting in trial.explanation(error)


@pytest.mark.parametrize(
    ("status", "setting"),
    [(401, "EMAIL_PROVIDER_KEY"), (422, "DEFAULT_FROM_EMAIL"), (503, "Try again later")],
)
def test_the_answers_of_a_provider(settings: Any, status: int, setting: str) -> None:
    settings.EMAIL_BACKEND = "users.mail.resend.EmailBackend"
    settings.EMAIL_PROVIDER = "resend"
    settings.DEFAULT_FROM_EMAIL = "imports@marketedge.example"
    with providers.running() as server:
        server.status = status
        settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": server.url}
        assert setting in failure()
    assert "EMAIL_PROVIDER_URL" in failure()
