"""What a person may ask of the import: one function each, called by every door.

Permission and organisation are checked here, whatever the door has checked before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from core.errors import NotAllowed, NotFound
from core.text import utc
from imports import audit, reports, tasks
from imports.engine import staging
from imports.engine import undo as undoing
from imports.engine.staging import ReadingOptions
from imports.errors import (
    FeatureDisabled,
    MoveNotAllowed,
    OrganisationInactive,
    RetryNotPossible,
    UndoNotPossible,
    WrongOption,
)
from imports.models import EventType, ImportBatch, Upload
from imports.models.statuses import LIVE, MailState, Status
from imports.schema.columns import Notice
from imports.validation.rules import ROLES
from users.models import Organisation, User

UNDO_SECONDS = 5.0  # of a request; the rest is done in the background


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions:
    """How rows are imported."""

    send_invitations: bool = True
    skip_duplicates: bool = True
    default_role: str = "viewer"

    def __post_init__(self) -> None:
        if self.default_role not in ROLES:
            raise WrongOption(
                f"default_role is {self.default_role!r}; allowed are {', '.join(ROLES)}."
            )


def organisation_for(user: User | None, organisation_id: UUID | str) -> Organisation:
    """The organisation, if this user may import into it; `user` None: an operator at a terminal.

    Raises `NotFound` for another organisation's, `NotAllowed` without the role, `FeatureDisabled`,
    `OrganisationInactive`."""
    if user is not None and not user.belongs_to(organisation_id):
        raise NotFound("There is no such organisation.")
    if user is not None and not user.manages_users:
        raise NotAllowed("Only administrators may import users. Ask one of your organisation.")
    organisation = Organisation.objects.filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound("There is no such organisation.")
    if not settings.FEATURE_USER_MANAGEMENT:
        raise FeatureDisabled
    if not organisation.is_active:
        raise OrganisationInactive
    return organisation


@transaction.atomic
def stage(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
    guess_encoding: bool = False,
) -> Upload:
    """Reads a file through and keeps it. `guess_encoding`: for a preview, not for an import.

    Raises `FileRefused` and what `organisation_for` does."""
    organisation = organisation_for(user, organisation_id)
    upload = staging.stage(
        file,
        filename=filename,
        organisation_id=organisation.id,
        staged_by=user.id if user else None,
        options=options,
        guess_encoding=guess_encoding,
    )
    if guess_encoding:
        audit.record(
            EventType.PREVIEWED, user=user, organisation_id=organisation.id, upload_id=upload.id
        )
    return upload


def staged(upload_id: UUID | str, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """The upload of an earlier preview by the same person.

    Raises `NotFound` where it is somebody else's, or gone: it is kept for an hour."""
    organisation = organisation_for(user, organisation_id)
    mine = Upload.objects.filter(organisation=organisation, staged_by=user)
    upload = mine.filter(id=upload_id).first()
    if upload is None:
        raise NotFound("There is no such upload any more. Upload the file again.")
    return upload


@transaction.atomic
def submit(
    upload: Upload,
    *,
    user: User | None,
    options: ImportOptions,
    source: str = "api",
    idempotency_key: str | None = None,
    retry_of: ImportBatch | None = None,
) -> ImportBatch:
    """Turns a staged file into a batch and announces it once that is committed. The same upload
    a second time gives the same batch.

    `idempotency_key` is only written down: `idempotency.once` is what makes it good for something.
    Raises what `organisation_for` does, `NotFound` where the upload has been purged."""
    organisation_for(user, upload.organisation_id)
    locked = Upload.objects.select_for_update().filter(id=upload.id).first()
    if locked is None:
        raise NotFound("There is no such upload any more. Upload the file again.")
    if locked.import_batch_id:
        return ImportBatch.objects.get(id=locked.import_batch_id)
    batch = ImportBatch.objects.create(
        filename=upload.filename,
        total_rows=upload.total_rows,
        organisation_id=upload.organisation_id,
        uploaded_by=user,
        source=source,
        options=asdict(options),
        file_sha256=upload.sha256,
        idempotency_key=idempotency_key,
        retry_of=retry_of,
        enqueued_at=Now(),
    )
    locked.import_batch = batch
    if retry_of is None:
        locked.warnings += _same_file(batch)
    locked.save(update_fields=["import_batch", "warnings"])
    audit.record(
        EventType.RETRIED if retry_of else EventType.SUBMITTED,
        user=user,
        organisation_id=batch.organisation_id,
        batch_id=batch.id,
        upload_id=locked.id,
        subject_id=retry_of.id if retry_of else None,
    )
    # robust: where the broker is away the batch is committed all the same, and the sweep finds it
    transaction.on_commit(lambda: tasks.enqueue(batch.id), robust=True)
    return ImportBatch.objects.get(id=batch.id)


def _same_file(batch: ImportBatch) -> list[list[Any]]:
    """A warning, if this very file was imported into this organisation before."""
    of_this = ImportBatch.objects.filter(
        organisation_id=batch.organisation_id, file_sha256=batch.file_sha256
    )
    earlier = of_this.exclude(id=batch.id).order_by("-created_at").first()
    if earlier is None:
        return []
    message = (
        f"The same file was imported on {earlier.created_at:%Y-%m-%d at %H:%M} UTC already, as"
        f" batch {earlier.id} ({earlier.status}). Users that it created are skipped."
    )
    return [list(Notice(None, "same_file", message))]


@transaction.atomic
def retry(batch: ImportBatch, *, user: User | None, source: str = "api") -> ImportBatch:
    """Runs a batch that failed or was cancelled again, as a new batch with a copy of its file and
    its options: users that are there already count as skipped. While a retry of it waits or runs,
    asking again gives that one. It costs nothing of the quota.

    Raises `RetryNotPossible`, and what `organisation_for` does."""
    organisation_for(user, batch.organisation_id)
    old = ImportBatch.objects.select_for_update().get(id=batch.id)
    if old.status not in (Status.FAILED, Status.CANCELLED):
        raise RetryNotPossible(
            f"This import is {old.status}: only one that failed or was cancelled can be run again."
        )
    if again := ImportBatch.objects.filter(retry_of=old, status__in=LIVE).first():
        return again
    upload = staging.copy(old.id, staged_by=user.id if user else None)
    if upload is None:
        raise RetryNotPossible("The file of this import is kept no longer. Upload it again.")
    options = ImportOptions(**old.options)
    return submit(upload, user=user, options=options, source=source, retry_of=old)


def cancel(batch: ImportBatch, *, user: User | None) -> ImportBatch:
    """Stops a batch: a worker on it finishes its chunk at most. What is committed stays. A second
    time changes nothing.

    Raises `MoveNotAllowed` where it has ended already."""
    organisation_for(user, batch.organisation_id)
    is_own = user is not None and user.id == batch.uploaded_by_id  # who knows it without an e-mail
    mail = {"mail_state": MailState.NONE} if is_own else {}
    try:
        with transaction.atomic():
            ImportBatch.objects.move(batch.id, Status.CANCELLED, **mail)
            _record(EventType.CANCELLED, batch, user)
            transaction.on_commit(tasks.enqueue_mail, robust=True)
    except MoveNotAllowed:
        batch = ImportBatch.objects.get(id=batch.id)
        if batch.status != Status.CANCELLED:
            raise MoveNotAllowed(
                f"This import has {batch.status} already: there is nothing left to cancel.",
                batch_id=str(batch.id),
            ) from None
    return ImportBatch.objects.get(id=batch.id)


def options_from(values: Mapping[str, Any]) -> ImportOptions:
    """Import options from a form or a command line; what is not given keeps its default."""
    known = {name: values[name] for name in ImportOptions.__slots__ if values.get(name) is not None}
    return ImportOptions(**known)


def undo(batch: ImportBatch, *, user: User | None) -> undoing.Undone:
    """Takes a finished import back: removes the users that it created and nobody has touched since,
    for some seconds now and the rest in the background. Asked again, it says how far it is.

    Raises `UndoNotPossible` while the batch runs and after 30 days."""
    organisation_for(user, batch.organisation_id)
    until = undoing.possible_until(batch)
    if until is None:
        raise UndoNotPossible("This import is still running. Cancel it first, then undo it.")
    if not batch.undo_requested_at:
        _ask_for_undo(batch, user, until)
    if not batch.undone_at and not undoing.run(batch.id, _for_seconds(UNDO_SECONDS)):
        tasks.enqueue_undo(batch.id)
    return undoing.result(ImportBatch.objects.get(id=batch.id))


@transaction.atomic
def _ask_for_undo(batch: ImportBatch, user: User | None, until: datetime) -> None:
    retention = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    still = ImportBatch.objects.filter(id=batch.id, completed_at__gt=Now() - retention)
    if not still.update(undo_requested_at=Now()):
        raise UndoNotPossible(f"This import could be undone until {utc(until)}.")
    _record(EventType.UNDONE, batch, user)


def error_report(batch: ImportBatch, *, user: User | None) -> Iterator[str]:
    """The failing rows of a batch as a CSV file (`reports.error_report`), for somebody who takes
    them along."""
    _record(EventType.ERRORS_DOWNLOADED, batch, user)
    return reports.error_report(batch)


def _record(event_type: EventType, batch: ImportBatch, user: User | None) -> None:
    audit.record(event_type, user=user, organisation_id=batch.organisation_id, batch_id=batch.id)


def _for_seconds(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline
