"""What users may do with imports, with one function for each action.

API, admin and commands call these functions. Each function checks the user's permission, whatever
its caller has checked before. `user` None stands for an operator at a terminal, who may do all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from core.errors import NotAllowed, NotFound
from core.text import utc
from imports import audit, quotas, reports, tasks
from imports.engine import file_reading, staging
from imports.engine import undo as undoing
from imports.engine.file_reading import ReadFile
from imports.engine.options import ImportOptions, ReadingOptions
from imports.errors import (
    FeatureDisabled,
    MoveNotAllowed,
    OrganisationInactive,
    RetryNotPossible,
    UndoNotPossible,
)
from imports.models import EventType, ImportBatch, Upload
from imports.models.statuses import LIVE, MailState, Status
from imports.schema.columns import Notice
from users import permissions
from users.models import Organisation, User
from users.permissions import Access

UNDO_SECONDS = 5.0  # the time of a request; a worker does the rest in the background


def organisation_for(user: User | None, organisation_id: UUID | str) -> Organisation:
    """Gives the organisation, if the user may import into it.

    Raises what `refuse_others` raises, `FeatureDisabled` and `OrganisationInactive`."""
    refuse_others(user, organisation_id)
    organisation = Organisation.objects.filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound("There is no such organisation.")
    if not settings.FEATURE_USER_MANAGEMENT:
        raise FeatureDisabled
    if not organisation.is_active:
        raise OrganisationInactive
    return organisation


def refuse_others(user: User | None, organisation_id: UUID | str) -> None:
    """Raises `NotFound` for users of other organisations, and `NotAllowed` for users whose role
    does not allow to manage users."""
    if user is None:
        return
    access = permissions.access(user, organisation_id)
    if access is Access.HIDDEN:
        raise NotFound("There is no such organisation.")
    if access is Access.FORBIDDEN:
        raise NotAllowed("Only administrators may import users. Ask one of your organisation.")


def read_for_import(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> ReadFile:
    """Reads a file to its end, for `store`. `file` is seekable and binary. The result is closed by
    the caller. Not to be called in a transaction, which would wait for a slow file.

    Raises `FileRefused`, also where the encoding would have to be guessed, and what
    `organisation_for` raises."""
    organisation_for(user, organisation_id)
    return file_reading.read_for_import(file, filename=filename, options=options)


def store(file: ReadFile, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Stores a file that was read, for `submit`. Raises what `organisation_for` raises."""
    organisation = organisation_for(user, organisation_id)
    return staging.store(file, organisation_id=organisation.id, staged_by=user.id if user else None)


def stage_for_import(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> Upload:
    """`read_for_import` and `store`."""
    into: dict[str, Any] = {"user": user, "organisation_id": organisation_id}
    with read_for_import(file, filename=filename, options=options, **into) as read:
        return store(read, **into)


def read_for_preview(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> ReadFile:
    """The same as `read_for_import` for a preview: an unknown encoding is guessed, with a
    warning."""
    organisation_for(user, organisation_id)
    return file_reading.read_for_preview(file, filename=filename, options=options)


@transaction.atomic
def store_preview(file: ReadFile, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """`store`, and records the preview."""
    upload = store(file, user=user, organisation_id=organisation_id)
    audit.record(
        EventType.PREVIEWED, user=user, organisation_id=upload.organisation_id, upload_id=upload.id
    )
    return upload


def stage_for_preview(
    file: BinaryIO,
    *,
    filename: str,
    user: User | None,
    organisation_id: UUID | str,
    options: ReadingOptions | None = None,
) -> Upload:
    """`read_for_preview` and `store_preview`."""
    into: dict[str, Any] = {"user": user, "organisation_id": organisation_id}
    with read_for_preview(file, filename=filename, options=options, **into) as read:
        return store_preview(read, **into)


def staged(upload_id: UUID | str, *, user: User | None, organisation_id: UUID | str) -> Upload:
    """Gives the upload of an earlier preview by the same user.

    Raises `NotFound` where another user made it or it was deleted (after an hour), and what
    `organisation_for` raises."""
    organisation = organisation_for(user, organisation_id)
    own = Upload.objects.filter(organisation=organisation, staged_by=user)
    upload = own.filter(id=upload_id).first()
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
    idempotency_request: dict[str, Any] | None = None,
    retry_of: ImportBatch | None = None,
) -> ImportBatch:
    """Creates a batch from a staged file, and enqueues it after COMMIT. Called again with the same
    upload, it gives the same batch.

    `idempotency_key` and `idempotency_request` are only stored; `idempotency.once` uses them.
    Raises what `organisation_for` raises, and `NotFound` where the upload was deleted."""
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
        idempotency_request=idempotency_request,
        retry_of=retry_of,
        enqueued_at=Now(),
    )
    locked.import_batch = batch
    if retry_of is None:
        locked.warnings += _same_file(batch)
    locked.save(update_fields=["import_batch", "warnings"])
    _record_submission(batch, locked, user=user, retry_of=retry_of)
    # robust: without a broker the batch is committed all the same, and the sweep enqueues it later
    transaction.on_commit(lambda: tasks.enqueue(batch.id), robust=True)
    return ImportBatch.objects.get(id=batch.id)


def _record_submission(
    batch: ImportBatch, upload: Upload, *, user: User | None, retry_of: ImportBatch | None
) -> None:
    audit.record(
        EventType.RETRIED if retry_of else EventType.SUBMITTED,
        user=user,
        organisation_id=batch.organisation_id,
        batch_id=batch.id,
        upload_id=upload.id,
        subject_id=retry_of.id if retry_of else None,
    )


def _same_file(batch: ImportBatch) -> list[list[Any]]:
    """Gives a warning if the same file was imported into the organisation before."""
    same_file = ImportBatch.objects.filter(
        organisation_id=batch.organisation_id, file_sha256=batch.file_sha256
    )
    earlier = same_file.exclude(id=batch.id).order_by("-created_at").first()
    if earlier is None:
        return []
    message = (
        f"The same file was imported on {earlier.created_at:%Y-%m-%d at %H:%M} UTC already, as"
        f" batch {earlier.id} ({earlier.status}). Users that it created are skipped."
    )
    return [list(Notice(None, "same_file", message))]


@transaction.atomic
def retry(
    batch: ImportBatch, *, user: User | None, ip: str | None, source: str = "api"
) -> ImportBatch:
    """Runs a batch that failed or was cancelled again, as a new batch with a copy of its file and
    its options. Users that exist already count as skipped. While a retry of the batch is pending or
    runs, another call gives that one. A retry does not count against the quota.

    `ip` is the address of the client. Raises `RetryNotPossible`, `UploadBlocked`, and what
    `organisation_for` raises."""
    organisation_for(user, batch.organisation_id)
    if user is not None:
        quotas.refuse_blocked(user.pk, batch.organisation_id, ip)
    old = ImportBatch.objects.select_for_update().get(id=batch.id)
    if old.status not in (Status.FAILED, Status.CANCELLED):
        raise RetryNotPossible(
            f"This import is {old.status}: only one that failed or was cancelled can be run again."
        )
    if again := ImportBatch.objects.filter(retry_of=old, status__in=LIVE).first():
        return again
    upload = staging.copy_upload(old.id, staged_by=user.id if user else None)
    if upload is None:
        raise RetryNotPossible("The file of this import is kept no longer. Upload it again.")
    options = ImportOptions.from_json(old.options)
    return submit(upload, user=user, options=options, source=source, retry_of=old)


def cancel(batch: ImportBatch, *, user: User | None) -> ImportBatch:
    """Cancels a batch. A worker may still finish the chunk that it is writing. Rows that are
    committed stay. A second call changes nothing.

    Raises `MoveNotAllowed` where the batch has ended, and what `organisation_for` raises."""
    organisation_for(user, batch.organisation_id)
    is_own = user is not None and user.id == batch.uploaded_by_id  # needs no e-mail about it
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


def undo(batch: ImportBatch, *, user: User | None) -> undoing.UndoResult:
    """Undoes a finished import: deletes the users that it created and nobody has changed or used
    since. Works for UNDO_SECONDS; a worker does the rest. Another call tells how far it is.

    Raises `UndoNotPossible` while the batch runs and after IMPORT_RETENTION_DAYS, and what
    `organisation_for` raises."""
    organisation_for(user, batch.organisation_id)
    until = undoing.possible_until(batch)
    if until is None:
        raise UndoNotPossible("This import is still running. Cancel it first, then undo it.")
    if not batch.undo_requested_at:
        _request_undo(batch, user, until)
    if not batch.undone_at and not undoing.run(batch.id, _for_seconds(UNDO_SECONDS)):
        tasks.enqueue_undo(batch.id)
    return undoing.result(ImportBatch.objects.get(id=batch.id))


@transaction.atomic
def _request_undo(batch: ImportBatch, user: User | None, until: datetime) -> None:
    retention = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    undoable = ImportBatch.objects.filter(id=batch.id, completed_at__gt=Now() - retention)
    if not undoable.update(undo_requested_at=Now()):
        raise UndoNotPossible(f"This import could be undone until {utc(until)}.")
    _record(EventType.UNDONE, batch, user)


def error_report(batch: ImportBatch, *, user: User | None) -> Iterator[str]:
    """Gives the failed rows of a batch as a CSV file (`reports.error_report`), and records the
    download.

    Raises what `refuse_others` raises."""
    refuse_others(user, batch.organisation_id)
    _record(EventType.ERRORS_DOWNLOADED, batch, user)
    return reports.error_report(batch)


def _record(event_type: EventType, batch: ImportBatch, user: User | None) -> None:
    audit.record(event_type, user=user, organisation_id=batch.organisation_id, batch_id=batch.id)


def _for_seconds(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline
