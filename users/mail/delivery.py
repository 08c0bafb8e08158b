"""What an attempt to send an e-mail has led to, told by the error that it raised."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr
from enum import Enum
from typing import Any, NamedTuple

from django.conf import settings

from core.errors import Refusal

SERVICE_NOT_AVAILABLE = 421  # SMTP's only code of a recipient that is about the server


def is_on() -> bool:
    """Whether e-mails are sent: by an SMTP server, by a provider, or into files."""
    return bool(settings.EMAIL_HOST or settings.EMAIL_PROVIDER or settings.EMAIL_FILE_PATH)


def sender_domain() -> str:
    """The domain of the sender's address, for `Message-ID`."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


class EmailNotSetUp(Refusal):
    """This service sends no e-mail. Ask your administrator for help."""

    code = "email_not_set_up"
    status = 503


class Result(Enum):
    """What an attempt has led to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good
    DEFERRED = "deferred"  # this e-mail may be accepted later
    SERVER_AWAY = "server_away"  # no e-mail is accepted at present; this one was not
    UNKNOWN = "unknown"  # the server has the e-mail, and no answer came


class Failure(NamedTuple):
    """Why an e-mail was not accepted. `code` is the reply of SMTP or the status of HTTP."""

    result: Result
    code: int | None
    reason: str  # a sentence for administrators, without an address


def failure_of(error: Exception, connection: Any = None) -> Failure:
    """Judges the error of a backend.

    connection: the backend. If it knows whether the e-mail had been handed over
    (`users.mail.smtp`), an error before that is never `UNKNOWN`."""
    status: int | None = getattr(error, "status_code", None)  # of django-anymail
    if status is not None:
        return _of_status(status)
    if isinstance(error, ValueError):
        return Failure(Result.REFUSED, None, "The address can't be written in an e-mail.")
    if type(error).__name__ == "AnymailRecipientsRefused":
        return Failure(Result.REFUSED, None, "The e-mail provider refused the address.")
    code = _code_of(error)
    if code is not None:
        return _of_recipient(code)
    if not isinstance(error, OSError):  # the base of smtplib's and of requests' errors
        return Failure(Result.DEFERRED, None, "The e-mail could not be made.")
    if was_handed_over(error, connection):
        return Failure(Result.UNKNOWN, None, "")
    return Failure(Result.SERVER_AWAY, _reply_code(error), "The mail server was not available.")


def was_handed_over(error: Exception, connection: Any) -> bool:
    """Whether the server may have accepted the e-mail in spite of the error."""
    if isinstance(error, smtplib.SMTPResponseException):
        return False  # the server has answered, and refused
    if isinstance(error, ConnectionRefusedError) or not_connected(error):
        return False
    return bool(getattr(connection, "was_handed_over", True))


def not_connected(error: BaseException) -> bool:
    """Whether `requests` found no server. Each of its errors holds the one that caused it."""
    names = {"ConnectTimeout", "NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}
    seen: BaseException | None = error
    while seen is not None:
        inner = next((part for part in seen.args if isinstance(part, BaseException)), None)
        inner = getattr(inner, "reason", None) or inner
        if names & {kind.__name__ for kind in type(seen).__mro__} | names & {type(inner).__name__}:
            return True
        seen = seen.__cause__
    return False


def _code_of(error: Exception) -> int | None:
    """Gives the SMTP code with which the server refused this e-mail; None if the error is not about
    the e-mail."""
    code: int | None = None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(code for code, _ in error.recipients.values())
    elif isinstance(error, smtplib.SMTPDataError):
        code = error.smtp_code
    return None if code == SERVICE_NOT_AVAILABLE else code


def _reply_code(error: Exception) -> int | None:
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _of_recipient(code: int) -> Failure:
    if code >= 500:
        return Failure(Result.REFUSED, code, f"The mail server refused the e-mail ({code}).")
    reason = f"The mail server does not accept the e-mail yet ({code})."
    return Failure(Result.DEFERRED, code, reason)


def _of_status(status: int) -> Failure:
    """Judges the HTTP status of a provider's API."""
    if status in (400, 404, 406, 413, 422):
        return Failure(
            Result.REFUSED, status, f"The e-mail provider refused the e-mail ({status})."
        )
    if status in (500, 502, 504) and settings.EMAIL_PROVIDER not in IDEMPOTENT:
        return Failure(Result.UNKNOWN, status, "")
    # A wrong key (401, 403) and too many requests (429) concern every e-mail.
    return Failure(Result.SERVER_AWAY, status, "The e-mail provider was not available.")


# Providers that send an e-mail once, however often they get it with the same key.
IDEMPOTENT = ("resend", "brevo")
