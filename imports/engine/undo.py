"""Taking an import back: the users that a batch created and nobody has touched since.

Chunk by chunk, each in a transaction of its own. What is deleted is gone, so that the rows which
are left are the cursor: after a crash the next step carries on, and a second undo finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from imports.engine import completion, failpoints
from imports.models import ImportBatch
from users.models import Invitation, User

log = structlog.get_logger(__name__)

USERS_AT_A_TIME = 2000
LISTED = 100

# Why a user is kept, in the order in which the reasons are looked for.
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
class Undone:
    """What an undo has come to so far."""

    is_finished: bool
    removed_rows: int
    kept_rows: int
    kept: list[dict[str, str]]  # user id, email, reason (code), message; 100 at most


def possible_until(batch: ImportBatch) -> datetime | None:
    """Until when a batch can be undone; None while it runs."""
    days = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    return batch.completed_at + days if batch.completed_at and not batch.is_live else None


def run(batch_id: UUID, stop: Callable[[], bool]) -> bool:
    """Removes users until none is left to remove (True) or `stop()` says so (False)."""
    while True:
        removed = _step(batch_id)
        if not removed:
            return True
        if stop():
            return False


@transaction.atomic
def _step(batch_id: UUID) -> int:
    """One chunk. The batch's row is locked first: two undos of one batch take turns."""
    batch = ImportBatch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None or batch.undone_at:
        return 0
    some = untouched(batch_id).select_for_update(of=("self",)).order_by("id")
    ids = list(some.values_list("id", flat=True)[:USERS_AT_A_TIME])
    # Asked again under the locks: nobody can touch or name these users any more.
    still = untouched(batch_id).filter(id__in=ids)
    removed = still._raw_delete("default") or 0  # None: nobody was asked for
    failpoints.reach("mid_undo", batch.filename)
    fields = {} if ids else {"undone_at": Now()}
    ImportBatch.objects.filter(id=batch_id).update(undone_rows=F("undone_rows") + removed, **fields)
    if not ids:
        log.info("csv_import_undone", removed=batch.undone_rows, **completion.ids(batch))
    return len(ids)


def result(batch: ImportBatch) -> Undone:
    """What was removed, who was kept and why."""
    kept = of_batch(batch.id).exclude(id__in=untouched(batch.id).values("id"))
    listed = _with_reasons(kept.order_by("email"))[:LISTED] if batch.undone_at else ()
    return Undone(
        is_finished=batch.undone_at is not None,
        removed_rows=batch.undone_rows,
        kept_rows=kept.count(),
        kept=[_kept(user) for user in listed],
    )


def of_batch(batch_id: UUID) -> QuerySet[User]:
    """The users that a batch created and that are still there."""
    return User.objects.filter(import_batch_id=batch_id)


def untouched(batch_id: UUID) -> QuerySet[User]:
    """Those that nobody has touched since: no login, no accepted invitation, no edit (a trigger
    writes `updated_at` at every UPDATE, whoever makes it), no row that points at them."""
    return of_batch(batch_id).filter(
        ~Q(_accepted()), ~_referenced(), last_login=None, updated_at=F("created_at")
    )


def _with_reasons(users: QuerySet[User]) -> QuerySet[User]:
    reasons = [
        models.When(last_login__isnull=False, then=models.Value(LOGGED_IN)),
        models.When(_accepted(), then=models.Value(ACCEPTED)),
        models.When(_referenced(), then=models.Value(REFERENCED)),
    ]
    return users.annotate(
        reason=models.Case(*reasons, default=models.Value(EDITED), output_field=models.CharField())
    )


def _accepted() -> Exists:
    return Exists(Invitation.objects.filter(user=OuterRef("pk"), accepted_at__isnull=False))


def _referenced() -> Q:
    """Whether any table has a row of this user."""
    found = Q()
    for key in references():
        found |= Q(Exists(key.model._default_manager.filter(**{key.name: OuterRef("pk")})))
    return found


def references() -> list[models.ForeignKey[Any, Any]]:
    """Every foreign key that points at a user, also one without a way back; the user's own
    invitations aside, which go with them."""
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
