"""A request that may be sent again: an Idempotency-Key makes one import, however often it comes."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import connection, transaction

from core.errors import Refusal
from imports.errors import IdempotencyKeyReused
from imports.models import ImportBatch
from users.models import User


def once(
    key: str,
    *,
    user: User,
    organisation_id: UUID | str,
    sha256: str,
    make: Callable[[], ImportBatch],
) -> tuple[ImportBatch, bool]:
    """The batch that `make` gives under this Idempotency-Key, and whether it was there already.
    Of any number of calls at the same time one makes it, and the others wait for that.

    Raises `IdempotencyKeyReused` where the key came with another file before, and what `make`
    does: its refusal is raised once the transaction is over, as what it counted is to stay."""
    with transaction.atomic():
        try:
            return _under_key(key, user, organisation_id, sha256, make)
        except Refusal as error:
            refusal = error
    raise refusal


def _under_key(
    key: str,
    user: User,
    organisation_id: UUID | str,
    sha256: str,
    make: Callable[[], ImportBatch],
) -> tuple[ImportBatch, bool]:
    name = f"idempotency:{user.id}:{organisation_id}:{key}"
    with connection.cursor() as cursor:  # held until the transaction ends
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    earlier = ImportBatch.objects.filter(
        uploaded_by=user, organisation_id=organisation_id, idempotency_key=key
    ).first()
    if earlier is None:
        return make(), False
    if earlier.file_sha256 != sha256:
        raise IdempotencyKeyReused(batch_id=str(earlier.id))
    return earlier, True
