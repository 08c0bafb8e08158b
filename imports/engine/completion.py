"""What is said of rows and batches: row errors as they are stored, and how a batch ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from imports.engine import chunks, copy_writer
from imports.engine.chunks import Checked
from imports.engine.copy_writer import Written
from imports.models import ImportBatch
from imports.models.statuses import Status
from imports.schema.columns import Columns
from imports.validation.problems import Problem
from users.models import User

log = structlog.get_logger(__name__)

POISON = (
    "The import stopped {attempts} times near row {row} of the data without getting any further."
    " The rows before it are imported. Look at the rows around it, then retry the import."
)
OUT_OF_REACH = (
    "The database did not take the rows near row {row} of the data, after {attempts} attempts of"
    " half a minute each. The rows before them are imported. Retry the import later."
)
BROKEN = (
    "An error of the service itself stopped the import {attempts} times near row {row} of the data."
    " The rows before it are imported. Send the id of this import to support."
)
COUNTS = {"successful_rows": "imported", "skipped_rows": "skipped", "failed_rows": "failed"}
REFUSED = Problem(
    "",
    "refused_by_database",
    "The database did not accept this row. Check its values, or send the row to support.",
    "",
)


def reason_to_stop(batch: ImportBatch) -> str:
    """Why nothing more may be imported, in words for its uploader; empty where nothing is wrong.

    What was true when the file came in need not be true any more."""
    if not batch.organisation.is_active:
        return "Stopped: the organisation is no longer active."
    if batch.source == "command":  # an operator's, who needs no account
        return ""
    uploader: User | None = batch.uploaded_by
    if uploader is None:
        return "Stopped: the account that uploaded the file no longer exists."
    if not uploader.is_active:
        return "Stopped: the account that uploaded the file is no longer active."
    if not uploader.may_manage_users_of(batch.organisation_id):
        return "Stopped: the account that uploaded the file may no longer import users here."
    return ""


def write_problems(batch: ImportBatch, columns: Columns, checked: Checked, written: Written) -> int:
    """Stores every error of a chunk; gives the number of rows that failed."""
    late = dict(_late_problems(batch, checked, written))
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


def _late_problems(
    batch: ImportBatch, checked: Checked, written: Written
) -> Iterator[tuple[int, Problem]]:
    """(row number, problem) of the rows that only the database knew something against."""
    refused = set(written.refused)
    for row_number, row in checked.valid if written.taken or refused else ():
        problem = REFUSED if row.email in refused else None
        if row.email in written.taken:
            problem = chunks.problem_of_taken(
                row.email,
                is_own=written.taken[row.email] == batch.organisation_id,
                skip_duplicates=batch.options["skip_duplicates"],
            )
        if problem:
            yield row_number, problem


def complete(batch: ImportBatch, previewed: Mapping[str, Any] | None = None) -> None:
    """Ends a batch whose last chunk is written; its counters are those of the database.

    previewed: `Upload.previewed`, what a preview of the same file has promised."""
    succeeded, failed = batch.successful_rows, batch.failed_rows
    target, message = Status.COMPLETED, ""
    if failed:
        message = f"Partial import: {succeeded} succeeded, {failed} failed"
    if failed and not succeeded:
        target, message = Status.FAILED, f"No user was imported: {failed} rows failed"
    message = ". ".join(filter(None, [message, _unlike_the_preview(batch, previewed or {})]))
    ImportBatch.objects.move(batch.id, target, error_message=message)
    log.info(
        "csv_import_completed",
        status=target.value,
        rows=batch.total_rows,
        succeeded=succeeded,
        skipped=batch.skipped_rows,
        failed=failed,
        **ids(batch),
    )


def _unlike_the_preview(batch: ImportBatch, previewed: Mapping[str, Any]) -> str:
    """What came out other than the preview said, in words; nothing where the options differ."""
    if any(
        previewed.get(name) != batch.options[name] for name in ("skip_duplicates", "default_role")
    ):
        return ""
    changes = [
        f"{getattr(batch, count):,} instead of {previewed[count]:,} {word}"
        for count, word in COUNTS.items()
        if getattr(batch, count) != previewed[count]
    ]
    if not changes:
        return ""
    return f"Users were added or removed since the preview: {', '.join(changes)}"


def fail(batch: ImportBatch, reason: str) -> None:
    """Ends a batch that can't go on."""
    ImportBatch.objects.move(batch.id, Status.FAILED, error_message=reason)
    log.error("csv_import_error", reason=reason, **ids(batch))


def ids(batch: ImportBatch) -> dict[str, str]:
    """What a log line may say about whose batch it is: ids, nothing else."""
    return {
        "batch_id": str(batch.id),
        "organization_id": str(batch.organisation_id),
        "user_id": str(batch.uploaded_by_id),
    }
