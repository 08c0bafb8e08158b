"""Invitations that imports ask for: one row asks for those of thousands of users.

An import writes the request in the transaction that creates the users (`add`). What sends
invitations first writes them (`write_some`), and deletes the request in the same transaction, so
that each user gets one.
"""

from __future__ import annotations

import time
from uuid import UUID

from django.db import connection, transaction

# Organisations with few requests come first, so that nobody waits for the many of another one.
_TAKE = """
DELETE FROM user_invitation_requests WHERE id = (
    SELECT request.id FROM user_invitation_requests AS request
    JOIN (SELECT organisation_id, count(*) AS number
          FROM user_invitation_requests GROUP BY 1) AS other USING (organisation_id)
    WHERE %(batch)s::uuid IS NULL OR import_batch_id = %(batch)s::uuid
    ORDER BY other.number, request.created_at, request.id LIMIT 1
    FOR UPDATE OF request SKIP LOCKED
)
RETURNING organisation_id, import_batch_id, invited_by, first_id, last_id
"""
# The users are locked in the order of their ids. Those who were deleted or moved meanwhile are left
# out, and so are those whom somebody has invited by hand.
_WRITE = """
INSERT INTO user_invitations (id, user_id, organisation_id, import_batch_id, invited_by)
SELECT id, id, organisation_id, import_batch_id, %(invited_by)s FROM (
    SELECT id, organisation_id, import_batch_id FROM users
    WHERE id BETWEEN %(first_id)s AND %(last_id)s AND invitation_requested
    AND import_batch_id = %(import_batch_id)s AND organisation_id = %(organisation_id)s
    ORDER BY id FOR KEY SHARE
) AS new_users
ON CONFLICT DO NOTHING
"""
_LOCKED = "SELECT set_config('marketedge.users_are_locked', %s, true)"  # migration 0014


def add(
    ids: tuple[str, str], number: int, *, organisation_id: UUID, batch_id: UUID, by: UUID | None
) -> None:
    """Asks for the invitations of the users of an import with ids from the first to the second one.

    number: how many of them ask for an invitation. by: who imports. To be called in the transaction
    that creates the users."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO user_invitation_requests"
            " (first_id, last_id, number, organisation_id, import_batch_id, invited_by)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [*ids, number, organisation_id, batch_id, by],
        )


def write_some(seconds: float) -> None:
    """Writes the invitations of one request, and of others for so many seconds."""
    deadline = time.monotonic() + seconds
    while _write_next() and time.monotonic() < deadline:
        pass


def write_all(batch_id: UUID | None = None) -> None:
    """Writes the invitations that are asked for: all, or those of one import."""
    while _write_next(batch_id):
        pass


@transaction.atomic
def _write_next(batch_id: UUID | None = None) -> bool:
    """Writes the invitations of one request. Gives False if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"batch": batch_id})
        row = cursor.fetchone()
        if row is None:
            return False
        names = ("organisation_id", "import_batch_id", "invited_by", "first_id", "last_id")
        cursor.execute(_LOCKED, ["on"])
        cursor.execute(_WRITE, dict(zip(names, row, strict=True)))
        cursor.execute(_LOCKED, ["off"])
    return True
