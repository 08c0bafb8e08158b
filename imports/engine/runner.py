"""The loop: a batch is a cursor over the chunks of a staged file.

One step locks the batch's row, writes the next chunk with COPY, moves the cursor and the counters,
and commits. While the database is busy with a chunk, the next one is read and checked. Whatever
crashes, the next step goes on from the cursor; a worker that was overtaken finds that the attempt
is no longer its own, and writes nothing.
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
from django.db.utils import Error as DatabaseFault

from imports.engine import chunks, completion, copy_writer, failpoints, staging, transient_errors
from imports.engine.chunks import Checked, Chunk
from imports.engine.copy_writer import Written
from imports.models import ImportBatch, Upload
from imports.models.statuses import Status
from imports.validation.rows import RowChecker

log = structlog.get_logger(__name__)

MAX_ATTEMPTS_WITHOUT_PROGRESS = 3
Stop = Callable[[], bool]


class Result(Enum):
    """How a run ended, for whoever started it."""

    ENDED = "ended"  # the batch has a final status, or is somebody else's: nothing more to do
    AGAIN = "again"  # told to stop in the middle: to be announced again
    BUSY = "busy"  # another worker is on it, or was a moment ago: worth another look later


def run(batch_id: UUID | str, stop: Stop, *, leave: Stop | None = None) -> Result:
    """Works on a batch until it is finished, is no longer ours, or `stop()` says so, which is
    asked after every chunk. Waits out passing faults of the database, unless `leave()` says not to
    (`stop`, where it is not given): a fault is no less there in the next slice of time.

    Raises what a passing fault raised in the end, and whatever else went wrong: the batch is then
    free to be taken up again, or failed where that was the last of three attempts."""
    taken = _claim(batch_id)
    if isinstance(taken, Result):
        return taken
    failpoints.reach("after_claim", taken.filename)
    try:
        return _Attempt(taken, stop, leave or stop).to_the_end()
    except Exception as error:
        _release_failed(taken, error)
        raise


def _claim(batch_id: UUID | str) -> ImportBatch | Result:
    """Makes the batch ours, under a new attempt number."""
    with transaction.atomic():
        batch = (
            ImportBatch.objects.select_for_update(skip_locked=True)
            .annotate(is_held=_is_held())
            .filter(id=batch_id)
            .first()
        )
        if batch is None:
            return Result.BUSY if ImportBatch.objects.filter(id=batch_id).exists() else Result.ENDED
        if not batch.is_live:
            return Result.ENDED
        if batch.is_held:
            return Result.BUSY
        _begin_attempt(batch)
        if batch.attempts_without_progress > MAX_ATTEMPTS_WITHOUT_PROGRESS:
            fail_exhausted(batch, completion.POISON)
            return Result.ENDED
    return batch


def _is_held() -> Q:
    """Whether another worker said something a moment ago. By the database's clock."""
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
        log.info("csv_import_started", **completion.ids(batch))
    else:
        ImportBatch.objects.filter(id=batch.id).update(**fields)


def _release(batch: ImportBatch) -> None:
    """Lets go of a batch that the next worker is to carry on with: nothing is wrong with it."""
    try:
        ImportBatch.objects.filter(
            id=batch.id, attempt=batch.attempt, status=Status.PROCESSING
        ).update(heartbeat_at=None, enqueued_at=Now(), attempts_without_progress=0)
    except DatabaseFault:
        connection.close()  # the sweep finds it by its silence


def _release_failed(batch: ImportBatch, error: Exception) -> None:
    """Lets go of a batch whose attempt failed; the third in a row without progress is the last."""
    try:
        with transaction.atomic():
            ours = ImportBatch.objects.locked(batch.id, batch.attempt)
            if ours and ours.attempts_without_progress >= MAX_ATTEMPTS_WITHOUT_PROGRESS:
                passing = transient_errors.is_transient(error)
                fail_exhausted(ours, completion.OUT_OF_REACH if passing else completion.BROKEN)
            elif ours:
                ImportBatch.objects.filter(id=ours.id).update(heartbeat_at=None, enqueued_at=Now())
    except DatabaseFault:
        connection.close()  # the sweep finds it by its silence


def fail_exhausted(batch: ImportBatch, sentence: str) -> None:
    """Ends a batch that got no further in three attempts; `sentence` is one of outcomes.py."""
    attempts, row = MAX_ATTEMPTS_WITHOUT_PROGRESS, batch.processed_rows + 1
    completion.fail(batch, sentence.format(attempts=attempts, row=row))


def _hold_organisation(organisation_id: UUID) -> None:
    """Whoever deletes an organisation locks its row first, and its batches' next. Writing users
    locks it too, at the end of a chunk: taken before the batch's, nobody waits in a circle."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM organisations WHERE id = %s FOR KEY SHARE", [organisation_id])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ready:
    """A chunk with all that can be done before its turn comes."""

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
    ) -> _Ready:
        checked = chunks.check(chunk, checker, pause=pause)
        lines = copy_writer.lines_of((row for _, row in checked.valid), invite=invite)
        return cls(number=chunk.number, row_count=chunk.row_count, checked=checked, lines=lines)


def _skipped_rows(chunk: _Ready, written: Written, failed: int) -> int:
    """How many rows of a chunk are of users that exist. Raises RuntimeError where a row of it has
    no outcome, or two: rather nothing of the chunk is written than a row is lost."""
    late_failures = failed - len(chunk.checked.invalid)
    skipped = len(written.taken) + len(written.refused) - late_failures
    if written.created + skipped + failed != chunk.row_count or skipped < 0:
        raise RuntimeError(f"chunk {chunk.number}: not every row has exactly one outcome")
    return skipped


class _Attempt:
    """One attempt at one batch."""

    def __init__(self, batch: ImportBatch, stop: Stop, leave: Stop) -> None:
        self.batch, self.stop, self.leave = batch, stop, leave
        self.upload = Upload.objects.get(import_batch=batch)
        self.columns = staging.columns_of(self.upload)
        self.checker = RowChecker(self.columns, default_role=batch.options["default_role"])
        self.ahead: _Ready | None = None  # the next chunk, read while the last was being written
        self.met_taken = False

    def to_the_end(self) -> Result:
        """Steps until something ends it."""
        while True:
            result = self._step_with_retry()
            if result is None and self.stop():
                result = Result.AGAIN
            if result is Result.AGAIN:
                _release(self.batch)
            if result:
                return result

    def _step_with_retry(self) -> Result | None:
        """A step, tried again while the database is away, full or busy with itself."""
        for wait_seconds in transient_errors.waits():
            try:
                return self._step()
            except DatabaseFault as fault:
                if not transient_errors.is_transient(fault):
                    raise
                log.warning(
                    "csv_import_fault", fault=type(fault).__name__, **completion.ids(self.batch)
                )
                connection.close()
                self.ahead = None
            if self.leave():
                return Result.AGAIN
            time.sleep(wait_seconds)
        return self._step()

    def _step(self) -> Result | None:
        """One chunk, in one transaction."""
        with transaction.atomic():
            _hold_organisation(self.batch.organisation_id)
            batch = ImportBatch.objects.locked(self.batch.id, self.batch.attempt)
            if batch is None:
                return Result.ENDED
            if reason := completion.reason_to_stop(batch):
                completion.fail(batch, reason)
                return Result.ENDED
            is_last = self._write(batch)
            failpoints.reach("before_commit", batch.filename)
        failpoints.reach("after_commit", batch.filename)
        return Result.ENDED if is_last else None

    def _write(self, batch: ImportBatch) -> bool:
        """Writes the chunk at the cursor, and ends the batch with the last one: then True."""
        current = self._ready(batch.next_chunk)
        following = staging.chunk_of(self.upload.id, batch.next_chunk + 1)
        self.ahead = None

        def read_ahead(go_on_sending: Callable[[], object]) -> None:
            failpoints.reach("mid_chunk", batch.filename)
            go_on_sending()
            self.ahead = self._prepare(following, go_on_sending) if following else None

        written = copy_writer.write_users(
            current.lines,
            organisation_id=batch.organisation_id,
            batch_id=batch.id,
            expect_taken=self.met_taken,
            overlap=read_ahead,
        )
        self.met_taken = bool(written.taken)
        failed = completion.write_problems(batch, self.columns, current.checked, written)
        skipped = _skipped_rows(current, written, failed)
        ImportBatch.objects.checkpoint(
            batch, created=written.created, skipped=skipped, failed=failed
        )
        if following is None:
            completion.complete(batch, self.upload.previewed)
        return following is None

    def _ready(self, number: int) -> _Ready:
        if self.ahead and self.ahead.number == number:
            return self.ahead
        chunk = staging.chunk_of(self.upload.id, number)
        if chunk is None:
            raise LookupError(f"batch {self.batch.id} has no chunk {number}")
        return self._prepare(chunk)

    def _prepare(self, chunk: Chunk, pause: Callable[[], object] | None = None) -> _Ready:
        invite = self.batch.options["send_invitations"]
        return _Ready.of(chunk, self.checker, invite=invite, pause=pause)
