"""Compares the rows of a review with each other, and with the users."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from imports.engine.review.records import cursor, hash_joins

_WANTED = """
    upload_id = %(upload)s AND email <> ''
    AND (%(emails)s::text IS NULL OR email = ANY(string_to_array(%(emails)s::text, ' ')))
"""
_FIND_FIRST = f"""
    UPDATE import_review_rows r SET first_row = n.first_row
    FROM (
        SELECT row_number,
            nullif(min(row_number) OVER (PARTITION BY email), row_number) AS first_row
        FROM import_review_rows WHERE {_WANTED} AND NOT dropped
    ) n
    WHERE r.upload_id = %(upload)s AND r.row_number = n.row_number
      AND r.first_row IS DISTINCT FROM n.first_row
    RETURNING r.row_number
"""  # noqa: S608 - a constant
# A query for each row, and no join: the index of the users gives each of them at once.
_TAKEN = """
    coalesce((SELECT CASE WHEN u.organisation_id = %(organisation)s THEN 'own' ELSE 'other' END
        FROM users u WHERE u.email = r.email), '')
"""
_FIND_USERS = f"""
    UPDATE import_review_rows r SET taken = {_TAKEN}
    WHERE {_WANTED} AND taken <> {_TAKEN}
    RETURNING row_number
"""  # noqa: S608 - a constant
_ARE_NEW = f"""
    SELECT EXISTS (SELECT FROM import_review_rows r WHERE {_WANTED} AND taken <> {_TAKEN})
"""  # noqa: S608 - a constant


def compare(
    upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None = None
) -> set[int]:
    """Finds for each valid row the first one with its address, and the user who has the address.
    Gives the numbers of the rows where something else was found than before. `emails`: only rows
    with these addresses."""
    return _run(_FIND_FIRST, upload_id, organisation_id, emails) | find_users(
        upload_id, organisation_id, emails
    )


def find_users(
    upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None = None
) -> set[int]:
    """Only finds the users who have the addresses. They change without the review."""
    return _run(_FIND_USERS, upload_id, organisation_id, emails)


def users_have_changed(upload_id: UUID, organisation_id: UUID) -> bool:
    """Whether `find_users` would find other users than before. Locks nothing."""
    return True in _run(_ARE_NEW, upload_id, organisation_id, None)


def _run(
    statement: str, upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None
) -> set[Any]:
    values = {
        "upload": upload_id,
        "organisation": organisation_id,
        # one text instead of an array: psycopg quotes an array element by element
        "emails": None if emails is None else " ".join(emails),
    }
    with cursor() as db, hash_joins(db, None if emails is None else len(emails)):
        # psycopg prepares what is run often with a plan for any values; here they matter
        db.execute(statement, values, prepare=False)
        return {one for (one,) in db.fetchall()}
