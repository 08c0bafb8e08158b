"""Undoes an import: deletes the users that a batch created and nobody has changed or used since.

Each step deletes some users in one transaction. After a crash, the next step continues with the
users that are left. An undo that is finished leaves none, so a second undo changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from imports.engine import failpoints, locks
from imports.models import ImportBatch
from users.invitations import requests
from users.models import Invitation, User

log = structlog.get_logger(__name__)

USERS_AT_A_TIME = 2000
MAX_LISTED = 100  # of the users that were kept

# The reasons to keep a user, in the order in which they are checked.
LOGGED_IN = "logged_in"
ACCEPTED = "invitation_accepted"
REFERENCED = "referenced"
EDITED = "edited"
SENTENCES = {
    LOGGED_IN: "has logged in",
    ACCEPTED: "has accepted the invitation",
    REFERENCED: "has done something that is on record",
    EDITED: "was edited after the import",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoResult:
    """What an undo has done so far."""

    is_finished: bool
    removed_rows: int
    kept_rows: int
    moved_rows: int  # users who are in another organisation, or in none, since
    kept: list[dict[str, str]]  # user_id, email, reason (a code), message; at most MAX_LISTED


def possible_until(batch: ImportBatch) -> datetime | None:
    """Gives the end of the time in which a batch can be undone, or None while it runs."""
    days = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    return batch.completed_at + days if batch.completed_at and not batch.is_live else None


def run(batch_id: UUID, stop: Callable[[], bool]) -> bool:
    """Deletes users until no untouched one is left, or `stop()` gives True. Gives True if the undo
    is finished."""
    requests.write_all(batch_id)  # invitations that are still to be written can't be revoked
    while True:
        removed = _step(batch_id)
        if not removed:
            return True
        if stop():
            return False


@transaction.atomic
def _step(batch_id: UUID) -> int:
    """Locks some untouched users and deletes them. Gives the number of locked users. 0 means that
    the undo is finished. The lock on the batch's row makes two undos of one batch take turns."""
    batches = ImportBatch.objects.everywhere().filter(id=batch_id)
    if found := batches.first():
        locks.lock_organisation(found.organisation_id)
    batch = batches.select_for_update().first()
    if batch is None or batch.undone_at:
        return 0
    some = untouched(batch).select_for_update(of=("self",)).order_by("id")
    ids = list(some.values_list("id", flat=True)[:USERS_AT_A_TIME])
    removed = _delete_untouched(batch, ids) if ids else 0
    failpoints.reach("mid_undo", batch.filename)
    fields = {} if ids else {"undone_at": Now()}
    ImportBatch.objects.everywhere().filter(id=batch_id).update(
        undone_rows=F("undone_rows") + removed, **fields
    )
    if not ids:
        log.info("csv_import_undone", removed=batch.undone_rows, **batch.log_ids)
    return len(ids)


def _delete_untouched(batch: ImportBatch, ids: list[UUID]) -> int:
    """Deletes those of the locked users that are still untouched. Gives their number. While users
    are locked, nobody can change them or add rows that refer to them.

    `QuerySet.delete` would load all users first, because of their many-to-many relations. A plain
    DELETE does not. The database deletes or changes the rows that refer to the users."""
    locked = RawSQL("SELECT unnest(string_to_array(%s, ' ')::uuid[])", [_as_text(ids)])
    untouched_ids = untouched(batch).filter(id__in=locked).values_list("id", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM users WHERE id = ANY(string_to_array(%s, ' ')::uuid[])",
            [_as_text(untouched_ids)],
        )
        return int(cursor.rowcount)


def _as_text(ids: Iterable[UUID]) -> str:
    """Gives the ids as one text. psycopg would quote each element of an array."""
    return " ".join(map(str, ids))


def result(batch: ImportBatch) -> UndoResult:
    """Gives the number of deleted users, and the users that were kept with the reason. Users who
    were moved to another organisation are only counted."""
    kept = users_of(batch).exclude(id__in=untouched(batch).values("id"))
    everywhere = User.objects.everywhere().filter(import_batch_id=batch.id)
    listed = _with_reasons(kept.order_by("email"))[:MAX_LISTED] if batch.undone_at else ()
    return UndoResult(
        is_finished=batch.undone_at is not None,
        removed_rows=batch.undone_rows,
        kept_rows=kept.count(),
        moved_rows=everywhere.exclude(organisation_id=batch.organisation_id).count(),
        kept=[_kept(user) for user in listed],
    )


def users_of(batch: ImportBatch) -> QuerySet[User]:
    """The users that a batch created and that are still in its organisation."""
    return User.objects.of(batch.organisation_id).filter(import_batch_id=batch.id)


def untouched(batch: ImportBatch) -> QuerySet[User]:
    """The users of a batch that nobody has changed or used. They have no login, no accepted
    invitation and no edit (a trigger sets `updated_at` at every UPDATE), and no row of another
    table refers to them."""
    return users_of(batch).filter(
        ~Q(_has_accepted()), ~_is_referenced(), last_login=None, updated_at=F("created_at")
    )


def _with_reasons(users: QuerySet[User]) -> QuerySet[User]:
    reasons = [
        models.When(last_login__isnull=False, then=models.Value(LOGGED_IN)),
        models.When(_has_accepted(), then=models.Value(ACCEPTED)),
        models.When(_is_referenced(), then=models.Value(REFERENCED)),
    ]
    return users.annotate(
        reason=models.Case(*reasons, default=models.Value(EDITED), output_field=models.CharField())
    )


def _has_accepted() -> Exists:
    return Exists(
        Invitation.objects.everywhere().filter(user=OuterRef("pk"), accepted_at__isnull=False)
    )


def _is_referenced() -> Q:
    """Whether a row of any table refers to the user."""
    found = Q()
    for key in references():
        found |= Q(Exists(key.model._default_manager.filter(**{key.name: OuterRef("pk")})))
    return found


def references() -> list[models.ForeignKey[Any, Any]]:
    """Every foreign key to users, also those without a reverse relation. The user's own invitation
    is left out, because it is revoked when the user is deleted."""
    fields = User._meta.get_fields(include_hidden=True)
    keys = [field.field for field in fields if isinstance(field, models.ManyToOneRel)]
    return [key for key in keys if (key.model, key.name) != (Invitation, "user")]


def _kept(user: User) -> dict[str, str]:
    reason: str = user.reason  # type: ignore[attr-defined]
    return {
        "user_id": str(user.id),
        "email": user.email,
        "reason": reason,
        "message": f"{user.email} {SENTENCES[reason]}.",
    }
