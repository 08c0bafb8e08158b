"""Numbers, times and sentences about an import, as its admin page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.text import count_of, utc
from imports import files, invitations, progress
from imports.engine import undo
from imports.engine.options import ImportOptions
from imports.models import ImportBatch, Upload
from imports.models.statuses import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchState:
    """What changes on the page of a batch while it runs. As JSON it has the same names, and the
    page's script puts each value into the element with that `data-field`."""

    status: str
    status_label: str
    is_live: bool
    percent: int
    total_rows: str
    processed_rows: str
    successful_rows: str
    skipped_rows: str
    failed_rows: str
    unprocessed_rows: str
    sentence: str
    speed: str
    invitations: str


def batch_state(batch: ImportBatch) -> BatchState:
    """The state of a batch. Numbers of rows are text with thousands separators."""
    return BatchState(
        status=batch.status,
        status_label=batch.get_status_display(),
        is_live=batch.is_live,
        percent=progress.of(batch).percent,
        total_rows=f"{batch.total_rows:,}",
        processed_rows=f"{batch.processed_rows:,}",
        successful_rows=f"{batch.successful_rows:,}",
        skipped_rows=f"{batch.skipped_rows:,}",
        failed_rows=f"{batch.failed_rows:,}",
        unprocessed_rows=f"{batch.total_rows - batch.processed_rows:,}",
        sentence=status_sentence(batch),
        speed=speed_text(batch),
        invitations=invitations.sentence(batch),
    )


def status_sentence(batch: ImportBatch) -> str:
    """A sentence that says how far the batch is, or how it ended."""
    if batch.status == Status.PENDING:
        return "Waiting for a free worker."
    if batch.status == Status.PROCESSING:
        return f"{batch.processed_rows:,} of {count_of(batch.total_rows, 'row')} processed."
    if batch.status == Status.CANCELLED:
        return _cancelled_sentence(batch)
    if batch.error_message:
        return batch.error_message.rstrip(".") + "."
    if batch.skipped_rows and not batch.successful_rows:
        return "Nothing was imported: all of these users exist already."
    return "All rows were processed."


def _cancelled_sentence(batch: ImportBatch) -> str:
    left = batch.total_rows - batch.processed_rows
    not_processed = f"{count_of(left, 'row')} {_was_or_were(left)} not processed."
    if not batch.processed_rows:
        return f"Cancelled. {not_processed}"
    done = count_of(batch.processed_rows, "row")
    return f"Cancelled after {done}. What was imported is kept. {not_processed}"


def outcome_parts(batch: ImportBatch) -> list[str]:
    """Texts such as "12 imported" and "1 failed". Numbers that are 0 are left out."""
    numbers = {
        "imported": batch.successful_rows,
        "skipped": batch.skipped_rows,
        "failed": batch.failed_rows,
    }
    return [f"{number:,} {word}" for word, number in numbers.items() if number] or ["–"]


def speed_text(batch: ImportBatch) -> str:
    """Speed and time left of a running batch, or the time that a finished one took. Empty where
    neither is known yet."""
    if not batch.is_live:
        seconds = progress.seconds_taken(batch)
        return f"Took {duration(seconds)}" if seconds is not None else ""
    now = progress.of(batch)
    left = f", about {duration(now.eta_seconds)} left" if now.eta_seconds else ""
    return f"{now.rows_per_second:,.0f} rows a second{left}" if now.rows_per_second else ""


def duration(seconds: float) -> str:
    """A number of seconds as text: "45 s", "12 min", "1.5 h"."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def undo_deadline(batch: ImportBatch) -> str:
    """The time until which the batch can be undone. Empty where there is nothing to undo, or it is
    too late."""
    until = undo.possible_until(batch)
    if until is None or until < datetime.now(UTC) or batch.undone_at or not batch.successful_rows:
        return ""
    return _time(until)


def undo_summary(undone: undo.UndoResult) -> str:
    """The outcome of an undo in sentences."""
    if not undone.is_finished:
        removed = _users_were(undone.removed_rows)
        return f"{removed} removed so far. The undo continues in the background."
    sentences = ["The import was undone."]
    sentences.append(
        f"{_users_were(undone.removed_rows)} removed."
        if undone.removed_rows
        else "No user was removed."
    )
    if undone.kept_rows:
        was_kept = f"{_users_were(undone.kept_rows)} kept and"
        sentences.append(f"{was_kept} {'is' if undone.kept_rows == 1 else 'are'} listed below.")
    if undone.moved_rows:
        sentences.append(moved_users(undone))
    return " ".join(sentences)


def moved_users(undone: undo.UndoResult | None) -> str:
    """How many users of an undone import have left its organisation; "" if none have. It does not
    name them, as they belong to others."""
    if undone is None or not undone.moved_rows:
        return ""
    is_or_are = "is" if undone.moved_rows == 1 else "are"
    return f"{count_of(undone.moved_rows, 'user')} {is_or_are} no longer in this organisation."


def _users_were(count: int) -> str:
    return f"{count_of(count, 'user')} {_was_or_were(count)}"


def _was_or_were(count: int) -> str:
    return "was" if count == 1 else "were"


def batch_details(batch: ImportBatch) -> list[tuple[str, Any]]:
    """(label, value) of the section "About this import". Details without a value are left out."""
    options = ImportOptions.from_json(batch.options)
    upload = getattr(batch, "upload", None)
    details: list[tuple[str, Any]] = [
        ("Organisation", batch.organisation),
        ("Uploaded by", batch.uploaded_by or "an operator"),
        ("Uploaded", _time(batch.created_at)),
        ("Started", _time(batch.started_at)),
        ("Ended", _time(batch.completed_at)),
        ("Undone", _time(batch.undone_at)),
        ("Invitations", "sent to new users" if options.send_invitations else "none"),
        ("Existing users", "skipped" if options.skip_duplicates else "count as failed"),
        ("Default role", options.default_role),
        ("File", describe_upload(upload) if upload else None),
        ("Changed before the import", _review_text(batch)),
    ]
    return [(label, value) for label, value in details if value]


def _review_text(batch: ImportBatch) -> str:
    """What was changed in the review of the file; "" if nothing was."""
    parts = []
    if batch.edited_rows:
        parts.append(f"{count_of(batch.edited_rows, 'row')} edited")
    if batch.dropped_rows:
        parts.append(f"{count_of(batch.dropped_rows, 'row')} left out")
    by = f", last by {batch.edited_by}" if parts and batch.edited_by else ""
    return " and ".join(parts) + by


def _time(moment: datetime | None) -> str:
    return utc(moment, seconds=True) if moment else ""


def describe_upload(upload: Upload) -> str:
    """Size, encoding, delimiter, sheet and header row of a staged file, separated by commas."""
    size = upload.size_bytes
    parts = [f"{size / 1024:,.0f} KiB" if size >= 1024 else f"{size} bytes"]
    parts.append(upload.encoding.upper() or "Excel workbook")
    if upload.delimiter:
        parts.append(f"separated by {files.delimiter_plural(upload.delimiter)}")
    if upload.sheet:
        parts.append(f"sheet {upload.sheet}")
    if upload.header_row > 1:
        parts.append(f"header in row {upload.header_row}")
    return ", ".join(parts)
