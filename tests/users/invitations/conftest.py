"""The mail server of the tests of invitations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.imports.notifications.mail_server import MailServer


@pytest.fixture
def mail_server(tmp_path: Path, settings: Any) -> Iterator[MailServer]:
    """A running mail server, and settings that use it, at any pace."""
    server = MailServer(tmp_path)
    for name, value in server.environment().items():
        setattr(settings, name, value)
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, False
    settings.EMAIL_BACKEND = "users.mail.smtp.EmailBackend"  # pytest-django sets another
    settings.INVITATION_RATE = 100_000
    settings.EMAIL_TIMEOUT = 60  # however busy the machine is
    server.start()
    yield server
    server.stop()
