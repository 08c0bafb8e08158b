"""Measures imports that write invitations, and how fast invitations are sent."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection
from django.test import override_settings

from bench import fixtures
from bench.report import Result
from users.invitations import outbox, requests
from users.models import Invitation

ROUNDS = 7
MAILS = 5_000
_MAIL: dict[str, Any] = {
    "EMAIL_BACKEND": "users.mail.smtp.EmailBackend",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_USE_TLS": False,
    "EMAIL_USE_SSL": False,
    "DEFAULT_FROM_EMAIL": "MarketEdge <imports@marketedge.example>",
    "PUBLIC_URL": "https://marketedge.example",
    "INVITATION_RATE": 10_000_000,
}
_CREATE_INVITATIONS = """
    WITH people AS (
        INSERT INTO users (email, first_name, last_name, organisation_id, invitation_requested)
        SELECT 'person' || n || '@acme.example', 'Ada', 'Lovelace', organisations.id, true
        FROM organisations, generate_series(1, %s) n
        RETURNING id, organisation_id
    )
    INSERT INTO user_invitations (user_id, organisation_id)
    SELECT id, organisation_id FROM people
"""


def with_invitations(rows: int) -> Result:
    """The same import with e-mail, so that each new user is invited, and without, alternating.
    Which of the two comes first alternates as well."""
    # all rows ask for an invitation where the file has no column for it
    data = fixtures.make_file(rows).replace(b"send_invitation", b"remark", 1)
    without, inviting, writing = [], [], []
    fixtures.engine_seconds(data)  # the first import also compiles, plans and creates files
    for round_ in range(ROUNDS):
        for invites in (True, False) if round_ % 2 else (False, True):
            with override_settings(EMAIL_HOST="127.0.0.1" if invites else ""):
                (inviting if invites else without).append(fixtures.engine_seconds(data))
            started = perf_counter()
            requests.write_all()
            if invites:
                writing.append(perf_counter() - started)
            written = Invitation.objects.everywhere().count()
            assert written == (rows if invites else 0), f"{written} invitations were written"
    return Result(
        measure=f"rate of one import of {rows:,} rows that invites everybody ÷ its rate without"
        " invitations",
        figure=f"{median(without) / median(inviting):.2f}",
        target="≥ 0.9",
        detail=f"{rows / median(inviting):,.0f} and {rows / median(without):,.0f} rows/s;"
        f" medians of {ROUNDS} alternating runs; pairs from"
        f" {min(_ratios(without, inviting)):.2f} to {max(_ratios(without, inviting)):.2f}; the"
        f" invitations are written afterwards, in {median(writing):.1f} s",
    )


def sending(rows: int) -> Result:
    """Invitations that one process sends to an SMTP server on this machine."""
    mails = min(rows, MAILS)
    fixtures.empty_tables()
    fixtures.administrator()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL marketedge.users_are_locked = 'on'")
        cursor.execute(_CREATE_INVITATIONS, [mails])
        cursor.execute("COMMIT")
    with _mail_server() as port, override_settings(**_MAIL, EMAIL_PORT=port):
        started = perf_counter()
        while outbox.send_due():
            pass
        seconds = perf_counter() - started
    sent = Invitation.objects.everywhere().filter(status=Invitation.Status.SENT).count()
    assert sent == mails, f"{sent} of {mails} invitations were sent"
    return Result(
        measure=f"sending {mails:,} invitations with one process to a local SMTP server",
        figure=f"{seconds:.0f} s",
        target="< 60 s",
        detail=f"{mails / seconds:,.0f} e-mails a second over one connection; the server accepts"
        " and drops them",
    )


def all_of(rows: int) -> list[Result]:
    """Both."""
    return [with_invitations(rows), sending(rows)]


def _ratios(without: list[float], inviting: list[float]) -> list[float]:
    return [first / second for first, second in zip(without, inviting, strict=True)]


@contextmanager
def _mail_server() -> Iterator[int]:
    """An SMTP server in a process of its own, which drops what it gets. Gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["-m", "aiosmtpd", "--nosetuid", "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen([sys.executable, *command, "--class", "aiosmtpd.handlers.Sink"])
    try:
        fixtures.wait_until(lambda: _answers(port), seconds=30)
        yield port
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
