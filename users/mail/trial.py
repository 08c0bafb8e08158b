"""A test e-mail, and what is wrong with the settings when it can't be sent."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from users.mail.delivery import is_on, not_connected

SUBJECT = "Test e-mail from MarketEdge"
BODY = """This e-mail shows that MarketEdge can send e-mails.

Links in e-mails begin with {url}
"""
_OFF = (
    "E-mail is not set up. Set EMAIL_HOST, EMAIL_PROVIDER or EMAIL_FILE_PATH, and with it"
    " DEFAULT_FROM_EMAIL and PUBLIC_URL."
)


class NotSent(Exception):
    """The e-mail could not be sent. The text says which settings to look at."""


def send(address: str) -> str:
    """Sends a test e-mail. Gives a sentence that says what was done. Raises NotSent."""
    if not is_on():
        raise NotSent(_OFF)
    try:
        _send(address)
    except Exception as error:
        raise NotSent(explanation(error)) from error
    return f"{_way()} accepted an e-mail to {address} from {settings.DEFAULT_FROM_EMAIL}."


def _send(address: str) -> None:
    server = get_connection()
    try:
        body = BODY.format(url=settings.PUBLIC_URL)
        EmailMessage(SUBJECT, body, to=[address], connection=server).send()
    finally:
        with suppress(Exception):  # Django leaves a connection open that it could not set up
            server.close()


def explanation(error: Exception) -> str:
    """Says which settings lead to this error."""
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    status: int | None = getattr(error, "status_code", None)  # of django-anymail
    if status is not None or not_connected(error):
        return _of_provider(status)
    if settings.EMAIL_FILE_PATH:
        return f"No file can be written to {settings.EMAIL_FILE_PATH} (EMAIL_FILE_PATH)."
    if isinstance(error, OSError):
        return _of_network(error)
    if isinstance(error, ValueError):
        return "The address of the recipient, or DEFAULT_FROM_EMAIL, is not valid."
    return f"It could not be sent: {type(error).__name__}."


def _way() -> str:
    if settings.EMAIL_PROVIDER:
        return f"The API of {settings.EMAIL_PROVIDER}"
    if settings.EMAIL_FILE_PATH:
        return f"The folder {settings.EMAIL_FILE_PATH}"
    return f"The mail server {_server()}"


def _server() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def _of_smtp(error: smtplib.SMTPException) -> str:
    """Says what the mail server refused."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return (
            f"The mail server {_server()} refused the login ({error.smtp_code}). Check"
            " EMAIL_HOST_USER and EMAIL_HOST_PASSWORD."
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return (
            f"The mail server {_server()} lacks what the settings ask for: {error}. Check"
            " EMAIL_PORT, EMAIL_USE_TLS and EMAIL_HOST_USER."
        )
    if isinstance(error, smtplib.SMTPSenderRefused):
        sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        return (
            f"The mail server {_server()} refused the sender {sender} ({_reply(error)}). Check"
            " DEFAULT_FROM_EMAIL, and whether the server asks for EMAIL_HOST_USER."
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return (
            f"The mail server {_server()} refused the recipient ({code} {_text(text)}). The"
            " settings work as far as that. Check the address, and whether the server asks for"
            " EMAIL_HOST_USER."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server {_server()} refused the e-mail ({_reply(error)})."
    return (
        f"The mail server {_server()} ended the connection, or did not answer. Check EMAIL_HOST,"
        " EMAIL_PORT and EMAIL_USE_TLS: port 465 is for TLS from the start, 587 for STARTTLS."
    )


def _reply(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}".strip()


def _text(reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]


def _of_network(error: OSError) -> str:
    """Says why there is no connection to the mail server."""
    if isinstance(error, socket.gaierror):
        return f"The name {settings.EMAIL_HOST} is not known (EMAIL_HOST)."
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {_server()} is not valid for this name. Check EMAIL_HOST."
            f" ({error.verify_message})"
        )
    if isinstance(error, ssl.SSLError):
        return f"{_server()} does not speak TLS like this. Check EMAIL_PORT and EMAIL_USE_TLS."
    if isinstance(error, TimeoutError):
        return (
            f"{_server()} did not answer within {settings.EMAIL_TIMEOUT} seconds. Check EMAIL_HOST"
            " and EMAIL_PORT, and whether a firewall lies between."
        )
    return f"There is no connection to {_server()}. Check EMAIL_HOST and EMAIL_PORT."


def _of_provider(status: int | None) -> str:
    """Says why the API of a provider did not take the e-mail."""
    name = settings.EMAIL_PROVIDER
    if status is None:
        return f"There is no connection to the API of {name}. Check EMAIL_PROVIDER_URL."
    if status in (401, 403):
        return f"The API of {name} refused the key ({status}). Check EMAIL_PROVIDER_KEY."
    if status >= 500 or status == 429:
        return f"The API of {name} is not available ({status}). Try again later."
    return (
        f"The API of {name} refused the e-mail ({status}). Check the address, and whether"
        f" {name} may send for the domain of DEFAULT_FROM_EMAIL."
    )
