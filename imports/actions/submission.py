"""Creates batches from staged files, and runs batches again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from core.errors import NotFound, Refusal
from imports import audit, quotas, tasks
from imports.actions.permissions import organisation_for, refuse_while_halted
from imports.actions.staging import locked_upload
from imports.engine import locks
from imports.engine.options import ImportOptions
from imports.engine.review import beginning, changes, submission
from imports.engine.review.refusals import UploadChanged
from imports.engine.review.submission import Changes
from imports.engine.staged import staging
from imports.errors import RetryNotPossible
from imports.models import EventType, ImportBatch, LimitType, Upload
from imports.models.statuses import FINISHED, LIVE, Status
from imports.schema.warnings import FileWarning
from users.models import User


@transaction.atomic
def submit(
    upload: Upload,
    *,
    user: User | None,
    options: ImportOptions,
    given: Collection[str] | None = None,
    revision: int | None = None,
    source: str = "api",
    idempotency_key: str | None = None,
    idempotency_request: dict[str, Any] | None = None,
    retry_of: ImportBatch | None = None,
) -> ImportBatch:
    """Creates a batch from a staged file, and enqueues it after COMMIT. Called again with the same
    upload, it gives the same batch. Where the file was reviewed, its rows are imported as they
    stand, and the review ends.

    `given`: the names of the options that the request contains; the others are those of the review
    (default: all are given). `revision`: the one of the review that the user has seen.
    `idempotency_key` and `idempotency_request` are only stored; `idempotency.once` uses them.
    Raises the errors of `organisation_for`, `ImportsHalted`, `NotFound` if the upload was deleted,
    `UploadChanged` if the review has another revision, and `NothingToImport`."""
    organisation_for(user, upload.organisation_id)
    refuse_while_halted()
    locked = locked_upload(upload)
    if locked.import_batch_id:
        return ImportBatch.objects.of(upload.organisation_id).get(id=locked.import_batch_id)
    options, changed = _finish_review(locked, options, given, revision)
    if retry_of is not None:
        changed = Changes(retry_of.edited_rows, retry_of.dropped_rows, retry_of.edited_by_id)
    batch = ImportBatch.objects.create(
        edited_rows=changed.edited_rows,
        dropped_rows=changed.dropped_rows,
        edited_by_id=changed.edited_by_id,
        filename=locked.filename,
        total_rows=locked.total_rows,
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
    return ImportBatch.objects.of(batch.organisation_id).get(id=batch.id)


def _finish_review(
    upload: Upload,
    options: ImportOptions,
    given: Collection[str] | None,
    revision: int | None,
) -> tuple[ImportOptions, Changes]:
    """Ends the review of an upload. Gives the options that hold, and what was changed."""
    review = beginning.begun(upload)
    if review is None:
        if revision not in (None, 1):
            raise UploadChanged(revision=1, edited_by=None)
        return options, Changes()
    if revision is not None:
        changes.refuse_stale(review, revision)
    if given is not None:
        chosen = {name: value for name, value in asdict(options).items() if name in given}
        options = ImportOptions.from_json({**review.options, **chosen})
    review.options = asdict(options)
    return options, submission.finish(upload, review)


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


def _same_file(batch: ImportBatch) -> list[dict[str, Any]]:
    """Gives a warning if the same file was imported into the organisation before."""
    same_file = ImportBatch.objects.of(batch.organisation_id).filter(file_sha256=batch.file_sha256)
    earlier = same_file.exclude(id=batch.id).order_by("-created_at").first()
    if earlier is None:
        return []
    message = (
        f"The same file was imported on {earlier.created_at:%Y-%m-%d at %H:%M} UTC already, as"
        f" batch {earlier.id} ({earlier.status}). Users that it created are skipped."
    )
    return [FileWarning(code="same_file", message=message).as_json()]


def retry(
    batch: ImportBatch, *, user: User | None, ip: str | None, source: str = "api"
) -> ImportBatch:
    """Runs a batch that failed or was cancelled again, as a new batch with its file and its
    options. Users that exist already count as skipped. While a retry of the batch is pending or
    runs, another call gives that one. Retries have a quota of their own.

    `ip` is the address of the client. Raises `RetryNotPossible`, `QuotaExceeded`, `UploadBlocked`,
    `ImportsHalted`, `NotFound` if the batch was deleted, and what `organisation_for` raises."""
    organisation_for(user, batch.organisation_id)
    if user is not None:
        quotas.refuse_blocked(user.pk, batch.organisation_id, ip)
    refuse_while_halted()
    with transaction.atomic():
        try:
            return _run_again(batch, user, ip, source, _RETRYABLE)
        except Refusal as error:
            refusal = error
    raise refusal  # after COMMIT, so that the metric of a refused retry is kept


_RETRYABLE = frozenset({Status.FAILED, Status.CANCELLED})


@transaction.atomic
def reprocess(batch: ImportBatch) -> ImportBatch:
    """Runs an ended batch again from its staged file, as a new batch, for an operator; for example
    after an undo of what a fault of the service spoilt. Users that exist are skipped. While a new
    batch of it is pending or runs, another call gives that one.

    Raises `ImportsHalted`, `RetryNotPossible`, and `NotFound` if the batch was deleted."""
    organisation_for(None, batch.organisation_id)
    refuse_while_halted()
    return _run_again(batch, None, None, "command", FINISHED)


def _run_again(
    batch: ImportBatch, user: User | None, ip: str | None, source: str, allowed: Collection[str]
) -> ImportBatch:
    """Runs a batch again whose status is allowed. Refuses before anything is written."""
    locks.lock_organisation(batch.organisation_id)
    batches = ImportBatch.objects.of(batch.organisation_id)
    old = batches.select_for_update().filter(id=batch.id).first()
    if old is None:
        raise NotFound("There is no such import any more.")
    if old.status not in allowed:
        which = "ended" if Status.COMPLETED in allowed else "failed or was cancelled"
        raise RetryNotPossible(
            f"This import is {old.status}: only one that {which} can be run again."
        )
    if (
        again := ImportBatch.objects.of(old.organisation_id)
        .filter(retry_of=old, status__in=LIVE)
        .first()
    ):
        return again
    if not Upload.objects.of(old.organisation_id).filter(import_batch=old).exists():
        raise RetryNotPossible("The file of this import is kept no longer. Upload it again.")
    if user is not None:
        quotas.consume(
            user=user, organisation_id=old.organisation_id, limit_type=LimitType.RETRY, ip=ip
        )
    upload = staging.share_upload(old.id, staged_by=user.id if user else None)
    options = ImportOptions.from_json(old.options)
    return submit(upload, user=user, options=options, source=source, retry_of=old)
