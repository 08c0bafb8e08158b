"""The order in which transactions lock rows: organisation, batch, users.

Everything that locks rows of several of these tables keeps the order, so that no two transactions
wait for each other:

- A transaction that locks a batch or a staged file, and then anything of its organisation, locks
  the organisation first (`lock_organisation`). Deleting an organisation locks it FOR UPDATE first.
- A user who submits or retries is locked before the staged file and the batch
  (`lock_organisation`), because deleting a user locks them in this order.
- A transaction locks one batch only, and then users that it created, in the order of their ids.
- Deleting a user locks the user, and then the batches that the user uploaded. These are younger
  than the batch that created the user, so that no cycle can come of it. Deleting an organisation
  deletes its users before its batches (users/migrations/0012).
- An UPDATE of users locks an organisation or a batch only where a row gets another one (the same
  migration).
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def lock_organisation(organisation_id: UUID | str, user_id: UUID | None = None) -> None:
    """Locks the organisation, and then the user, FOR KEY SHARE until the end of the transaction:
    nobody can delete them meanwhile, and others may take the same lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM organisations WHERE id = %s FOR KEY SHARE", [organisation_id])
        if user_id:
            cursor.execute("SELECT FROM users WHERE id = %s FOR KEY SHARE", [user_id])
