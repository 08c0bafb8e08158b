"""Idempotency-Key: a request that is sent several times with the same key makes one import."""

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
    """The batch of this Idempotency-Key, and whether it existed before. Calls `make` if it did not.

    `sha256` is the hash of the file. Of several calls at the same time one makes the batch, and the
    others wait for it. Raises `IdempotencyKeyReused` where the key was used for another file, and
    what `make` raises. A refusal is raised after COMMIT, so that what `make` has counted is
    kept."""
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
    with connection.cursor() as cursor:  # the lock is held until the transaction ends
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    earlier = ImportBatch.objects.filter(
        uploaded_by=user, organisation_id=organisation_id, idempotency_key=key
    ).first()
    if earlier is None:
        return make(), False
    if earlier.file_sha256 != sha256:
        raise IdempotencyKeyReused(batch_id=str(earlier.id))
    return earlier, True
