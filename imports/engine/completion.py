"""How a batch ends, and the row errors that are stored on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.utils import timezone

from imports.engine.options import ImportOptions
from imports.engine.staged import chunks
from imports.engine.staged.chunks import Checked
from imports.engine.writing import copy_writer
from imports.engine.writing.copy_writer import Written
from imports.models import ImportBatch
from imports.models.statuses import Status
from imports.schema.columns import Columns
from imports.validation.problems import Problem
from users.models import User

log = structlog.get_logger(__name__)

# Why a batch failed that made no progress in several attempts (`runner.fail_exhausted`).
CRASHED_REPEATEDLY = (
    "The import stopped {attempts} times near row {row} of the data without getting any further."
    " The rows before it are imported. Look at the rows around it, then retry the import."
)
DATABASE_UNAVAILABLE = (
    "The database did not take the rows near row {row} of the data, after {attempts} attempts of"
    " half a minute each. The rows before them are imported. Retry the import later."
)
INTERNAL_ERROR = (
    "An error of the service itself stopped the import {attempts} times near row {row} of the data."
    " The rows before it are imported. Send the id of this import to support."
)
# Sentence -> the word for it in the log.
ERROR_TYPES = {
    CRASHED_REPEATEDLY: "crashed_repeatedly",
    DATABASE_UNAVAILABLE: "database_unavailable",
    INTERNAL_ERROR: "internal_error",
}
# Counter of a batch or a preview -> the word for it in a sentence.
COUNTERS = {"successful_rows": "imported", "skipped_rows": "skipped", "failed_rows": "failed"}
REFUSED = Problem(
    "",
    "refused_by_database",
    "The database did not accept this row. Check its values, or send the row to support.",
    "",
)


def reason_to_stop(batch: ImportBatch) -> str:
    """Gives the reason, for the uploader, why the import must not go on; "" if there is none.

    Rights are checked again before every chunk, because they may have changed since the upload."""
    if not batch.organisation.is_active:
        return "Stopped: the organisation is no longer active."
    if batch.source == "command":  # started by an operator, who needs no account
        return ""
    uploader: User | None = batch.uploaded_by
    if uploader is None:
        return "Stopped: the account that uploaded the file no longer exists."
    if not uploader.is_active:
        return "Stopped: the account that uploaded the file is no longer active."
    if not uploader.may_manage_users_of(batch.organisation_id):
        return "Stopped: the account that uploaded the file may no longer import users here."
    return ""


def write_row_errors(
    batch: ImportBatch, columns: Columns, checked: Checked, written: Written
) -> int:
    """Stores the errors of a chunk's rows; gives the number of rows that failed."""
    late = dict(_problems_after_writing(batch, checked, written))
    rows = [(number, cells, problems) for number, cells, problems in checked.invalid]
    if late:
        cells_of = checked.chunk.cells_of(late)
        rows += [(number, cells_of[number], [problem]) for number, problem in late.items()]
    if rows:
        copy_writer.write_errors(
            batch.id,
            (
                (number, problem, chunks.row_data(columns.headers, cells))
                for number, cells, problems in rows
                for problem in problems
            ),
        )
    return len(rows)


def _problems_after_writing(
    batch: ImportBatch, checked: Checked, written: Written
) -> Iterator[tuple[int, Problem]]:
    """Gives (row number, problem) of the valid rows that failed in the database."""
    if not (written.existing or written.refused):
        return
    refused = set(written.refused)
    options = ImportOptions.from_json(batch.options)
    for row_number, row in checked.valid:
        problem = REFUSED if row.email in refused else None
        if row.email in written.existing:
            problem = chunks.problem_of_existing(
                row.email,
                is_own=written.existing[row.email] == batch.organisation_id,
                skip_duplicates=options.skip_duplicates,
            )
        if problem:
            yield row_number, problem


def complete(batch: ImportBatch, previewed: Mapping[str, Any] | None = None) -> None:
    """Ends a batch whose last chunk is written. The counters of `batch` are up to date.

    previewed: `Upload.previewed`, the counts of the last preview of the same file."""
    succeeded, failed = batch.successful_rows, batch.failed_rows
    target, message = Status.COMPLETED, ""
    if failed:
        message = f"Partial import: {succeeded} succeeded, {failed} failed"
    if failed and not succeeded:
        target, message = Status.FAILED, f"No user was imported: {failed} rows failed"
    message = ". ".join(filter(None, [message, _changes_since_preview(batch, previewed or {})]))
    ImportBatch.objects.move(batch.id, target, error_message=message)
    log.info(
        "csv_import_completed",
        status=target.value,
        error_type=None if target is Status.COMPLETED else "no_row_imported",
        rows=batch.total_rows,
        seconds=_seconds(batch),
        succeeded=succeeded,
        skipped=batch.skipped_rows,
        failed=failed,
        **batch.log_ids,
    )


def _changes_since_preview(batch: ImportBatch, previewed: Mapping[str, Any]) -> str:
    """Says which counts differ from those of the preview; "" if none do, or if the preview was
    made with other options."""
    options = ImportOptions.from_json(batch.options)
    relevant = ("skip_duplicates", "default_role")
    if any(previewed.get(name) != getattr(options, name) for name in relevant):
        return ""
    changes = [
        f"{getattr(batch, counter):,} instead of {previewed[counter]:,} {word}"
        for counter, word in COUNTERS.items()
        if getattr(batch, counter) != previewed[counter]
    ]
    if not changes:
        return ""
    return f"Users were added or removed since the preview: {', '.join(changes)}"


def fail(batch: ImportBatch, reason: str, error_type: str) -> None:
    """Ends a batch as failed. `reason` is stored for its uploader. `error_type` is a stable word
    for the log."""
    ImportBatch.objects.move(batch.id, Status.FAILED, error_message=reason)
    log.error(
        "csv_import_error",
        status=Status.FAILED.value,
        error_type=error_type,
        reason=reason,
        rows=batch.total_rows,
        seconds=_seconds(batch),
        succeeded=batch.successful_rows,
        skipped=batch.skipped_rows,
        failed=batch.failed_rows,
        **batch.log_ids,
    )


def _seconds(batch: ImportBatch) -> float | None:
    """The time since the start of the batch, for the log. It compares the clock of this machine
    with that of the database; the metrics use the latter only."""
    if batch.started_at is None:
        return None
    return round((timezone.now() - batch.started_at).total_seconds(), 3)
