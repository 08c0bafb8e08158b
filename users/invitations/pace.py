"""How many invitations may be sent at present: `INVITATION_RATE` in any minute, of all processes on
all machines together, by the clock of the database.

The generic cell rate algorithm: each e-mail moves `paid_until` on by an interval, and it may be
ahead of the present by the intervals of one burst. A burst of b e-mails and then one e-mail each
60 / (rate + 1 - b) seconds are never more than the rate in a minute.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

BURST_SECONDS = 5  # one connection sends what the rate allows in this time

_LOCK = """
SELECT floor(%(burst)s - extract(epoch FROM greatest(paid_until - clock_timestamp(), '0'))
             / %(interval)s)::integer,
       last_organisation_id, coalesce(retry_at > clock_timestamp(), false)
FROM user_invitation_sender FOR UPDATE
"""
_PAY = """
UPDATE user_invitation_sender
SET paid_until = greatest(paid_until, clock_timestamp()) + make_interval(secs => %(seconds)s),
    last_organisation_id = %(organisation)s
"""
_WAIT = "SELECT extract(epoch FROM paid_until - clock_timestamp()) FROM user_invitation_sender"


class Allowed(NamedTuple):
    """What may be sent now, and the organisation whose turn was last."""

    number: int
    last_organisation_id: UUID | None


def burst() -> int:
    """The number of e-mails that may be sent without a pause."""
    return max(1, settings.INVITATION_RATE * BURST_SECONDS // 60)


def interval() -> float:
    """The seconds that each e-mail uses up."""
    return 60 / (settings.INVITATION_RATE + 1 - burst())


def lock(cursor: Any) -> Allowed:
    """Gives how many e-mails may be sent now: none while the mail server is away.

    Locks the row of the senders until the transaction ends: nobody else decides meanwhile."""
    parameters = {"burst": burst(), "interval": interval()}
    cursor.execute(_LOCK, parameters)
    found = cursor.fetchone()
    if found is None:
        make_row(cursor)
        cursor.execute(_LOCK, parameters)
        found = cursor.fetchone()
    number, last_organisation_id, is_blocked = found
    return Allowed(0 if is_blocked else max(number, 0), last_organisation_id)


def pay(cursor: Any, number: int, organisation_id: UUID) -> None:
    """Notes that `number` e-mails are sent, the last of them of this organisation."""
    seconds = number * interval()
    cursor.execute(_PAY, {"seconds": seconds, "organisation": organisation_id})


def wait() -> float:
    """Gives the seconds until the next burst may be sent; 0 if some e-mails may be sent now."""
    with connection.cursor() as cursor:
        cursor.execute(_WAIT)
        ahead = float((cursor.fetchone() or [0])[0])
    return max(ahead, 0.0) if ahead > (burst() - 1) * interval() else 0.0


def make_row(cursor: Any) -> None:
    """Makes the row that the senders share, if it is not there."""
    cursor.execute("INSERT INTO user_invitation_sender DEFAULT VALUES ON CONFLICT DO NOTHING")
