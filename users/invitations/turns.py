"""Whose turn it is to send: one task at a time, so that the other workers are free for imports.

It is no lock of the outbox, which holds for any number of senders (`users.invitations.claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from users.invitations import pace

TURN = timedelta(seconds=100)  # longer than a task can live (users/invitations/tasks.py)
EARLY = timedelta(seconds=0.2)  # by which a task may begin before the time it was asked for

_TAKE = """
UPDATE user_invitation_sender
SET turn_id = %(turn)s, turn_ends_at = clock_timestamp() + %(length)s
WHERE turn_ends_at <= clock_timestamp() RETURNING id
"""
_GIVE_BACK = """
UPDATE user_invitation_sender SET turn_ends_at = clock_timestamp() WHERE turn_id = %(turn)s
"""
_WAKE = """
UPDATE user_invitation_sender SET wake_at = clock_timestamp() + %(wait)s
WHERE wake_at <= clock_timestamp() + %(early)s RETURNING id
"""


def take() -> UUID | None:
    """Takes the turn. Gives None if another task has it."""
    turn = uuid4()
    return turn if _changes_row(_TAKE, {"turn": turn, "length": TURN}) else None


def give_back(turn: UUID) -> None:
    """Ends the turn."""
    _changes_row(_GIVE_BACK, {"turn": turn})


def may_wake_after(seconds: float) -> bool:
    """Whether to enqueue a task that begins after this time: not if one is on its way already."""
    return _changes_row(_WAKE, {"wait": timedelta(seconds=seconds), "early": EARLY})


def _changes_row(statement: str, parameters: Mapping[str, Any]) -> bool:
    with connection.cursor() as cursor:
        pace.make_row(cursor)
        cursor.execute(statement, parameters)
        return bool(cursor.rowcount > 0)
