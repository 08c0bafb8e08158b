"""Django's file backend for a trial, with a file of its own for each e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend as DjangoBackend


class EmailBackend(DjangoBackend):
    """Writes e-mails as .eml files, which mail programs and text editors open, into the folder
    EMAIL_FILE_PATH. The names begin with the time, so that the newest comes last."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Writes e-mails. Gives their number."""
        folder: Any = self.file_path  # Django has made it absolute, and created it
        for email in email_messages:
            time = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
            path = Path(folder, f"{time}-{uuid4().hex[:8]}.eml")
            path.write_bytes(email.message().as_bytes())
        return len(email_messages)

    def open(self) -> bool:
        """Does nothing: each file is opened when it is written."""
        return False
