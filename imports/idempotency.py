"""Idempotency-Key: a request that is sent several times with the same key makes one import.

Two requests are the same if they have the same file and ask for the same options.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.errors import Refusal
from imports.errors import IdempotencyKeyReused
from imports.models import ImportBatch
from users.models import User


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an Idempotency-Key: the hash of its file, in hex, and what it asks for.

    `asked` holds values that JSON has, without options that have their default. It is stored as
    `ImportBatch.idempotency_request`."""

    key: str
    sha256: str
    asked: dict[str, Any]

    def refuse_difference(self, earlier: ImportBatch) -> None:
        """Raises `IdempotencyKeyReused` where the earlier request had another file or other
        options. The options of a batch that an older version of the service made are not
        known."""
        if earlier.file_sha256 != self.sha256:
            raise _reused("another file", earlier)
        before = earlier.idempotency_request
        if before is not None and before != self.asked:
            names = sorted(before.keys() | self.asked.keys())
            different = [name for name in names if before.get(name) != self.asked.get(name)]
            raise _reused(f"the same file but another {' and '.join(different)}", earlier)


def _reused(difference: str, earlier: ImportBatch) -> IdempotencyKeyReused:
    return IdempotencyKeyReused(
        f"This Idempotency-Key came with {difference} before, and made the import {earlier.id}."
        " Send the same file and options to get that import again, or use a new key for a new one.",
        batch_id=str(earlier.id),
    )


def earlier_batch(
    request: KeyedRequest, *, user: User, organisation_id: UUID | str
) -> ImportBatch | None:
    """The batch of an earlier request with this key, or None. Waits for nobody: a request with the
    same key may be making it.

    Raises `IdempotencyKeyReused` where the earlier request was another one."""
    batch = (
        ImportBatch.objects.of(organisation_id)
        .filter(uploaded_by=user, idempotency_key=request.key)
        .first()
    )
    if batch is not None:
        request.refuse_difference(batch)
    return batch


def once(
    request: KeyedRequest,
    *,
    user: User,
    organisation_id: UUID | str,
    make: Callable[[], ImportBatch],
) -> tuple[ImportBatch, bool]:
    """The batch of this Idempotency-Key, and whether it existed before. Calls `make` if it did not.

    Of several calls at the same time one makes the batch, and the others wait for it. Raises
    `IdempotencyKeyReused` if the key was used for another file or with other options, and what
    `make` raises. A refusal is raised after COMMIT, so that what `make` has counted is kept."""
    with transaction.atomic():
        try:
            return _under_key(request, user, organisation_id, make)
        except Refusal as error:
            refusal = error
    raise refusal


def _under_key(
    request: KeyedRequest,
    user: User,
    organisation_id: UUID | str,
    make: Callable[[], ImportBatch],
) -> tuple[ImportBatch, bool]:
    name = f"idempotency:{user.id}:{organisation_id}:{request.key}"
    with connection.cursor() as cursor:  # the lock is held until the transaction ends
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    earlier = earlier_batch(request, user=user, organisation_id=organisation_id)
    return (earlier, True) if earlier else (make(), False)
