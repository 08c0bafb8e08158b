"""Undoing an import as the administrator of a tenant."""

from __future__ import annotations

from uuid import UUID

from imports import actions
from imports.engine.undo import UndoResult
from tests.imports.engine.support.stack import Stack, Tenant, batch_object
from users.models import User


def undo_batch(batch_id: UUID, tenant: Tenant) -> UndoResult:
    """Undoes the batch as the tenant's administrator; gives the result."""
    return actions.undo(
        batch_object(batch_id), user=User.objects.everywhere().get(id=tenant.user_id)
    )


def user_of(stack: Stack, batch_id: UUID, number: int = 0) -> UUID:
    """Gives one of the users that a batch created."""
    found: UUID = stack.value(
        "SELECT id FROM users WHERE import_batch_id = %s ORDER BY email OFFSET %s LIMIT 1",
        batch_id,
        number,
    )
    return found


def count(stack: Stack, tenant: Tenant) -> int:
    """Gives the number of users of the organisation."""
    return int(
        stack.value("SELECT count(*) FROM users WHERE organisation_id = %s", tenant.organisation_id)
    )
