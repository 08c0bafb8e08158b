"""The order in which transactions lock rows: organisation, batch, file, users.

Everything that locks rows of several of these tables locks the organisation first, so that no two
transactions wait for each other:

- What adds or changes something shares the organisation with others (`lock_organisation`).
- What deletes an organisation, or users in the admin, has the organisation for itself
  (`lock_for_deletion`).
- What deletes batches or organisations, or users in the admin, takes turns with others that do.
  Triggers do this for plain SQL. An undo deletes users, too: it has locked their batch.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection


def lock_organisation(organisation_id: UUID | str) -> None:
    """Locks the organisation FOR KEY SHARE until the end of the transaction: nobody can delete it
    or its users meanwhile, and others may take the same lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM organisations WHERE id = %s FOR KEY SHARE", [organisation_id])


def take_turns_to_delete() -> None:
    """Waits until the end of other transactions that have called this, or a trigger that does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT take_turns_to_delete()")


def lock_for_deletion(organisation_ids: Collection[UUID]) -> None:
    """Locks organisations FOR UPDATE until the end of the transaction, so that nothing else is done
    in them. Needed before users are deleted: that also changes their imports and files."""
    take_turns_to_delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM organisations WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [list(organisation_ids)],
        )
