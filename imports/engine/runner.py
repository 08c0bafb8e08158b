"""Runs a batch: writes the chunks of its staged file to the database, one after the other.

A batch has a cursor, the number of its next chunk. One step locks the batch's row, writes the chunk
at the cursor with COPY, moves the cursor and the counters, and commits. While the database inserts
a chunk, the next one is read and checked. After a crash the next step continues at the cursor. Each
claim by a worker has an attempt number. A worker whose batch another one has claimed finds that the
number has changed, and writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.utils import Error as AnyDatabaseError

from imports.engine import completion, failpoints, locks, spans, transient_errors
from imports.engine.options import ImportOptions
from imports.engine.staged import chunks, staging
from imports.engine.staged.chunks import Checked, Chunk
from imports.engine.writing import copy_writer
from imports.engine.writing.copy_writer import Written
from imports.models import ImportBatch, ImportHalt, MetricDelta, Upload
from imports.models.statuses import Status
from imports.validation.rows import RowChecker
from users import mail

log = structlog.get_logger(__name__)

MAX_ATTEMPTS_WITHOUT_PROGRESS = 3
Stop = Callable[[], bool]


class Result(Enum):
    """How a run ended: what its caller has to do now."""

    DONE = "done"  # nothing: the batch has ended, or another worker has claimed it
    ENQUEUE_AGAIN = "enqueue again"  # the run was told to stop before the end of the batch
    BUSY = "busy"  # try again later: another worker works on the batch, or did a moment ago
    HALTED = "halted"  # nothing: whoever lets imports go on enqueues the batch


def run(batch_id: UUID | str, stop: Stop, *, shutdown: Stop | None = None) -> Result:
    """Works on a batch until it has ended, another worker has claimed it, or `stop()` gives True.

    `stop` is called after every chunk. It gives True once the time slice of the worker is over or
    the worker shuts down.

    `shutdown` is called after each transient error of the database (default: `stop`). It gives True
    if the worker shuts down. Otherwise the step is tried again after a pause, also if the time
    slice is over, because the next slice would meet the same error.

    Raises an error that is not transient, or that remains after all pauses. The batch is then
    released for the next worker, or failed if this was its third attempt without progress."""
    batch = _claim(batch_id)
    if isinstance(batch, Result):
        return batch
    failpoints.reach("after_claim", batch.filename)
    try:
        return _Attempt(batch, stop, shutdown or stop).run()
    except Exception as error:
        _release_failed(batch, error)
        raise


def _claim(batch_id: UUID | str) -> ImportBatch | Result:
    """Claims the batch for this worker, with a new attempt number."""
    with transaction.atomic():
        batch = (
            ImportBatch.objects.everywhere()
            .select_for_update(skip_locked=True)
            .annotate(is_held=_is_held(), halted=ImportHalt.objects.is_on())
            .filter(id=batch_id)
            .first()
        )
        if batch is None:
            return (
                Result.BUSY
                if ImportBatch.objects.everywhere().filter(id=batch_id).exists()
                else Result.DONE
            )
        if not batch.is_live:
            return Result.DONE
        if batch.is_halted:
            return Result.HALTED
        if batch.is_held:
            return Result.BUSY
        _begin_attempt(batch)
        if batch.attempts_without_progress > MAX_ATTEMPTS_WITHOUT_PROGRESS:
            fail_exhausted(batch, completion.CRASHED_REPEATEDLY)
            return Result.DONE
    return batch


def _is_held() -> Q:
    """Whether another worker's heartbeat is recent, by the clock of the database."""
    recent = Now() - timedelta(seconds=settings.IMPORT_TAKEOVER_SECONDS)
    return Q(status=Status.PROCESSING, heartbeat_at__gt=recent)


def _begin_attempt(batch: ImportBatch) -> None:
    batch.attempt += 1
    batch.attempts_without_progress += 1
    fields = {
        "attempt": batch.attempt,
        "attempts_without_progress": batch.attempts_without_progress,
        "heartbeat_at": Now(),
    }
    if batch.status == Status.PENDING:
        ImportBatch.objects.move(batch.id, Status.PROCESSING, started_at=Now(), **fields)
        log.info("csv_import_started", rows=batch.total_rows, **batch.log_ids)
    else:
        if batch.heartbeat_at:  # its worker died: it did not release the batch
            MetricDelta.objects.add("csv_background_task_failures_total")
        ImportBatch.objects.everywhere().filter(id=batch.id).update(**fields)


def _release(batch: ImportBatch) -> None:
    """Releases a batch that stopped without an error, for the next worker."""
    try:
        ImportBatch.objects.everywhere().filter(
            id=batch.id, attempt=batch.attempt, status=Status.PROCESSING
        ).update(heartbeat_at=None, enqueued_at=Now(), attempts_without_progress=0)
    except AnyDatabaseError:
        connection.close()  # the sweep finds the batch once its heartbeat is old


def _release_failed(batch: ImportBatch, error: Exception) -> None:
    """Releases a batch whose attempt raised an error, or fails it if that was its third attempt
    without progress."""
    try:
        with transaction.atomic():
            ours = ImportBatch.objects.locked(batch.id, batch.attempt)
            if ours and ours.attempts_without_progress >= MAX_ATTEMPTS_WITHOUT_PROGRESS:
                is_transient = transient_errors.is_transient(error)
                reason = (
                    completion.DATABASE_UNAVAILABLE if is_transient else completion.INTERNAL_ERROR
                )
                fail_exhausted(ours, reason)
            elif ours:
                ImportBatch.objects.everywhere().filter(id=ours.id).update(
                    heartbeat_at=None, enqueued_at=Now()
                )
    except AnyDatabaseError:
        connection.close()  # the sweep finds the batch once its heartbeat is old


def fail_exhausted(batch: ImportBatch, sentence: str) -> None:
    """Fails a batch that made no progress in three attempts. `sentence` is a constant of
    `completion` with the placeholders {attempts} and {row}."""
    attempts, row = MAX_ATTEMPTS_WITHOUT_PROGRESS, batch.processed_rows + 1
    sentence_for_uploader = sentence.format(attempts=attempts, row=row)
    completion.fail(batch, sentence_for_uploader, completion.ERROR_TYPES[sentence])


@dataclass(frozen=True, kw_only=True, slots=True)
class _PreparedChunk:
    """A chunk whose rows are checked and formatted as lines for COPY, without the database."""

    number: int
    row_count: int
    checked: Checked
    lines: list[str]

    @classmethod
    def of(
        cls,
        chunk: Chunk,
        checker: RowChecker,
        *,
        invite: bool,
        pause: Callable[[], object] | None = None,
    ) -> _PreparedChunk:
        checked = chunks.check(chunk, checker, pause=pause)
        lines = copy_writer.lines_of((row for _, row in checked.valid), invite=invite)
        return cls(number=chunk.number, row_count=chunk.row_count, checked=checked, lines=lines)


def _skipped_rows(chunk: _PreparedChunk, written: Written, failed: int) -> int:
    """Gives the number of skipped rows of a chunk. Raises RuntimeError if a row has no outcome, or
    two. The chunk is then rolled back, so that no row gets lost."""
    failed_in_database = failed - len(chunk.checked.invalid)
    skipped = len(written.existing) + len(written.refused) - failed_in_database
    if written.created + skipped + failed != chunk.row_count or skipped < 0:
        raise RuntimeError(f"chunk {chunk.number}: not every row has exactly one outcome")
    return skipped


class _Attempt:
    """One attempt of this worker at one batch."""

    def __init__(self, batch: ImportBatch, stop: Stop, shutdown: Stop) -> None:
        self.batch, self.stop, self.shutdown = batch, stop, shutdown
        self.options = ImportOptions.from_json(batch.options)
        self.upload = Upload.objects.everywhere().get(import_batch=batch)
        self.columns = staging.columns_of(self.upload)
        self.checker = RowChecker(self.columns, default_role=self.options.default_role)
        # the next chunk, prepared while the database was inserting the last one
        self.ahead: _PreparedChunk | None = None
        self.met_existing = False  # whether the last chunk had users that exist already

    def run(self) -> Result:
        """Runs steps until one gives a result, or `stop` gives True."""
        while True:
            result = self._step_with_retry()
            if result is None and self.stop():
                result = Result.ENQUEUE_AGAIN
            if result in (Result.ENQUEUE_AGAIN, Result.HALTED):
                _release(self.batch)
            if result:
                return result

    def _step_with_retry(self) -> Result | None:
        """Runs a step. Waits and tries again after transient errors of the database."""
        for wait_seconds in transient_errors.waits():
            try:
                return self._step()
            except AnyDatabaseError as error:
                if not transient_errors.is_transient(error):
                    raise
                log.warning(
                    "csv_import_fault", error_type=type(error).__name__, **self.batch.log_ids
                )
                connection.close()
                self.ahead = None
            if self.shutdown():
                return Result.ENQUEUE_AGAIN
            time.sleep(wait_seconds)
        return self._step()

    def _step(self) -> Result | None:
        """Writes one chunk in one transaction. Gives None if there are more chunks."""
        with spans.span("imports.chunk") as describe, transaction.atomic():
            locks.lock_organisation(self.batch.organisation_id)
            batch = ImportBatch.objects.locked(self.batch.id, self.batch.attempt)
            if batch is None:
                return Result.DONE
            if batch.is_halted:
                return Result.HALTED
            if reason := completion.reason_to_stop(batch):
                completion.fail(batch, reason, "not_permitted")
                return Result.DONE
            describe(batch_id=str(batch.id), chunk=batch.next_chunk)
            is_last = self._write(batch)
            failpoints.reach("before_commit", batch.filename)
        failpoints.reach("after_commit", batch.filename)
        return Result.DONE if is_last else None

    def _write(self, batch: ImportBatch) -> bool:
        """Writes the chunk at the cursor. Completes the batch and gives True if it is the last."""
        current = self._prepared(batch.next_chunk)
        following = staging.chunk_of(self.upload.id, batch.next_chunk + 1)
        self.ahead = None

        def read_ahead(send: Callable[[], object]) -> None:
            failpoints.reach("mid_chunk", batch.filename)
            send()
            self.ahead = self._prepare(following, send) if following else None

        written = copy_writer.write_users(
            current.lines,
            organisation_id=batch.organisation_id,
            batch_id=batch.id,
            invite=self.options.send_invitations and mail.is_on(),
            invited_by=batch.uploaded_by_id,
            expect_existing=self.met_existing,
            overlap=read_ahead,
        )
        self.met_existing = bool(written.existing)
        failed = completion.write_row_errors(batch, self.columns, current.checked, written)
        skipped = _skipped_rows(current, written, failed)
        ImportBatch.objects.checkpoint(
            batch, created=written.created, skipped=skipped, failed=failed
        )
        if following is None:
            completion.complete(batch, self.upload.previewed)
        return following is None

    def _prepared(self, number: int) -> _PreparedChunk:
        if self.ahead and self.ahead.number == number:
            return self.ahead
        chunk = staging.chunk_of(self.upload.id, number)
        if chunk is None:
            raise LookupError(f"batch {self.batch.id} has no chunk {number}")
        return self._prepare(chunk)

    def _prepare(self, chunk: Chunk, pause: Callable[[], object] | None = None) -> _PreparedChunk:
        return _PreparedChunk.of(
            chunk, self.checker, invite=self.options.send_invitations, pause=pause
        )
