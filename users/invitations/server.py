"""Whether the mail server is away. While it is, one invitation is tried now and then, and the
others wait: one task loses some seconds every half minute to five minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection

# Least and longest wait. Between them it is the time for which the server has been away.
RETRY = (timedelta(seconds=30), timedelta(minutes=5))

_NOTE_AWAY = """
UPDATE user_invitation_sender SET away_since = coalesce(away_since, clock_timestamp()),
    retry_at = clock_timestamp() + least(
        greatest(clock_timestamp() - coalesce(away_since, clock_timestamp()), %s), %s)
"""
_NOTE_BACK = """
UPDATE user_invitation_sender SET away_since = NULL, retry_at = NULL WHERE away_since IS NOT NULL
"""
_IS_BLOCKED = "SELECT FROM user_invitation_sender WHERE retry_at > clock_timestamp()"


def note_away() -> None:
    """Notes that the server accepts nothing."""
    with connection.cursor() as cursor:
        parameters: list[Any] = [*RETRY]
        cursor.execute(_NOTE_AWAY, parameters)


def note_back() -> None:
    """Notes that the server accepts e-mails."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_BACK)


def is_blocked(cursor: Any) -> bool:
    """Whether the server was away a moment ago, so that nobody should try."""
    cursor.execute(_IS_BLOCKED)
    return cursor.fetchone() is not None
