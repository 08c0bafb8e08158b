"""Resend's API through django-anymail, with an idempotency key.

django-anymail puts the headers of an e-mail into the body of the request. Resend wants the key as a
header of the request (https://resend.com/docs/dashboard/emails/idempotency-keys).
"""

from __future__ import annotations

from typing import Any

from anymail.backends.resend import EmailBackend as AnymailBackend
from anymail.backends.resend import ResendPayload

KEY = "Resend-Idempotency-Key"  # its name as a header of an e-mail, for SMTP


class _Payload(ResendPayload):  # type: ignore[misc]
    def set_extra_headers(self, headers: Any) -> None:
        """Takes the key out of the headers of the e-mail."""
        key = headers.pop(KEY, None)
        if key:
            self.headers["Idempotency-Key"] = key
        super().set_extra_headers(headers)


class EmailBackend(AnymailBackend):  # type: ignore[misc]
    """Sends e-mails through Resend's API."""

    def build_message_payload(self, message: Any, defaults: Any) -> _Payload:
        """Makes the request."""
        return _Payload(message, defaults, self)
