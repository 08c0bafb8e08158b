"""Django's SMTP backend, which also knows whether the server may have accepted an e-mail."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend


class _NotesWhatItSends:
    """For subclasses of `smtplib.SMTP`: `was_handed_over` is true from the moment at which the text
    of an e-mail is sent. smtplib sends commands as str, and only an e-mail as bytes."""

    was_handed_over = False

    def send(self, s: Any) -> None:
        """Sends a command or an e-mail."""
        if isinstance(s, bytes):
            self.was_handed_over = True
        super().send(s)  # type: ignore[misc]


class _Plain(_NotesWhatItSends, smtplib.SMTP):
    pass


class _Encrypted(_NotesWhatItSends, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoBackend):
    """Sends e-mails through an SMTP server."""

    @property
    def connection_class(self) -> Any:
        """The class of connections."""
        return _Encrypted if self.use_ssl else _Plain

    def prepare(self) -> None:
        """To be called before each e-mail."""
        if self.connection is not None:
            self.connection.was_handed_over = False  # type: ignore[attr-defined]

    @property
    def was_handed_over(self) -> bool:
        """Whether the server got the text of the last e-mail."""
        return bool(getattr(self.connection, "was_handed_over", False))
