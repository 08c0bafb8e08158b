"""What the admin says of a batch: on its page, and to the script that keeps the page up to date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.text import count_of, utc
from imports import files, progress
from imports.engine import undo
from imports.models import ImportBatch
from imports.models.statuses import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchState:
    """All that changes on a batch's page while it runs. The names are those of the JSON."""

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


def state(batch: ImportBatch) -> BatchState:
    """The state of a batch, numbers as people read them."""
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
        sentence=sentence(batch),
        speed=_speed(batch),
    )


def sentence(batch: ImportBatch) -> str:
    """How it stands, or how it ended."""
    left = batch.total_rows - batch.processed_rows
    if batch.status == Status.PENDING:
        return "Waiting for a worker to take it up."
    if batch.status == Status.PROCESSING:
        return f"{batch.processed_rows:,} of {batch.total_rows:,} rows are done."
    if batch.status == Status.CANCELLED:
        done = f"The {rows(batch.processed_rows)} before that stay" if batch.processed_rows else ""
        not_seen = f"{rows(left)} were not looked at"
        return f"Cancelled. {f'{done}; {not_seen}' if done else not_seen}."
    if batch.error_message:
        return batch.error_message.rstrip(".") + "."
    if batch.skipped_rows and not batch.successful_rows:
        return "Nothing to do: all of these users exist already."
    return f"All {rows(batch.total_rows)} are done."


def outcome(batch: ImportBatch) -> list[tuple[str]]:
    """What became of its rows, without the kinds that there are none of."""
    numbers = {
        "imported": batch.successful_rows,
        "skipped": batch.skipped_rows,
        "failed": batch.failed_rows,
    }
    return [(f"{count:,} {word}",) for word, count in numbers.items() if count] or [("–",)]


def rows(count: int) -> str:
    """A number of rows, in words."""
    return count_of(count, "row")


def _speed(batch: ImportBatch) -> str:
    now = progress.of(batch)
    seconds = progress.seconds_taken(batch)
    if batch.is_live:
        left = f", about {duration(now.eta_seconds)} left" if now.eta_seconds else ""
        return f"{now.rows_per_second:,.0f} rows a second{left}" if now.rows_per_second else ""
    return f"Took {duration(seconds)}" if seconds is not None else ""


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def undo_until(batch: ImportBatch) -> str:
    """Until when there is something to undo; empty where there is nothing, or no longer."""
    until = undo.possible_until(batch)
    if until is None or until < datetime.now(UTC) or batch.undone_at or not batch.successful_rows:
        return ""
    return moment(until)


def removed(undone: undo.UndoResult) -> str:
    """What an undo has come to, in a sentence."""
    if not undone.is_finished:
        return f"{users(undone.removed_rows)} removed so far; the rest goes on in the background."
    done = f"{users(undone.removed_rows)} removed" if undone.removed_rows else "nobody was removed"
    kept = f"; {users(undone.kept_rows)} kept, and listed below" if undone.kept_rows else ""
    return f"The import is undone: {done}{kept}."


def users(count: int) -> str:
    """A number of users, in words."""
    return f"{count_of(count, 'user')} {'is' if count == 1 else 'are'}"


def facts(batch: ImportBatch) -> list[tuple[str, Any]]:
    """(label, value) of what a page tells beside the numbers."""
    options = batch.options
    upload = getattr(batch, "upload", None)
    found: list[tuple[str, Any]] = [
        ("Organisation", batch.organisation),
        ("Uploaded by", batch.uploaded_by or "an operator"),
        ("Uploaded", moment(batch.created_at)),
        ("Started", moment(batch.started_at)),
        ("Ended", moment(batch.completed_at)),
        ("Undone", moment(batch.undone_at)),
        ("Invitations", "asked for" if options.get("send_invitations") else "not asked for"),
        ("Users who exist", "skipped" if options.get("skip_duplicates") else "count as failed"),
        ("Rows without a role", options.get("default_role")),
        ("File", how_it_was_read(upload) if upload else None),
    ]
    return [(label, value) for label, value in found if value]


def moment(time: datetime | None) -> str:
    """A date and time, with its zone."""
    return utc(time, seconds=True) if time else ""


def how_it_was_read(upload: Any) -> str:
    """Size, encoding and separator of a staged file, in words."""
    size = (
        f"{upload.size_bytes / 1024:,.0f} KiB"
        if upload.size_bytes >= 1024
        else (f"{upload.size_bytes} bytes")
    )
    parts = [size, upload.encoding.upper() or "workbook"]
    if upload.delimiter:
        parts.append(f"separated by {files.delimiter_plural(upload.delimiter)}")
    if upload.sheet:
        parts.append(f"sheet {upload.sheet}")
    if upload.header_row > 1:
        parts.append(f"header in row {upload.header_row}")
    return ", ".join(parts)
