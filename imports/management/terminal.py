"""Shows an import in a terminal: a progress bar while it runs, and its outcome or preview."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.management.base import OutputWrapper

from imports import invitations, progress
from imports.engine.review.preview import Preview
from imports.models import ImportBatch, Upload
from imports.schema.warnings import FileWarning

BAR_CHARS = 30
MAX_LISTED = 10  # errors, and warnings


class ProgressBar:
    """A line that is redrawn. Where the output is not a terminal, nothing is written."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.is_terminal = out.isatty()

    def draw(self, batch: ImportBatch) -> None:
        """Draws the progress of the batch."""
        if not self.is_terminal:
            return
        now = progress.of(batch)
        done = "█" * (BAR_CHARS * now.percent // 100)
        line = f"  {done:·<{BAR_CHARS}} {now.percent:3} %  {batch.processed_rows:,} rows"
        if now.rows_per_second:
            line += f"  {now.rows_per_second:,.0f} rows/s"
        if now.eta_seconds:
            line += f"  {now.eta_seconds} s left"
        self.out.write(f"\r{line:<78}", ending="")
        self.out.flush()

    def end(self) -> None:
        """Goes to the next line."""
        if self.is_terminal:
            self.out.write("")


def outcome_lines(batch: ImportBatch) -> Iterator[str]:
    """The outcome of a batch that has ended: counts, and the first warnings of its file
    and the first errors."""
    seconds = progress.seconds_taken(batch)
    took = f" in {seconds:.1f} s" if seconds is not None else ""
    yield f"{batch.get_status_display()}{took}."
    yield f"  imported  {batch.successful_rows:>9,}"
    yield f"  skipped   {batch.skipped_rows:>9,}  (users who exist already)"
    yield f"  failed    {batch.failed_rows:>9,}"
    if invited := invitations.sentence(batch):
        yield f"  {invited}"
    upload = Upload.objects.of(batch.organisation_id).filter(import_batch=batch).first()
    for data in upload.warnings[:MAX_LISTED] if upload else ():
        yield f"  warning: {FileWarning.from_json(data).text()}"
    for error in batch.errors.all()[:MAX_LISTED] if batch.failed_rows else ():
        yield f"    row {error.row_number}: {error.error_message}"
    if batch.failed_rows > MAX_LISTED:
        yield "    … and more. To write all failed rows to a file, use --errors OUT.CSV."


def preview_lines(result: Preview) -> Iterator[str]:
    """What an import would do: how the file was read, counts, the first warnings and errors."""
    upload = result.upload
    read_as = f"delimiter {upload.delimiter!r}" if upload.delimiter else f"sheet {upload.sheet!r}"
    yield f"{upload.filename}: {upload.total_rows:,} rows, {upload.encoding or 'xlsx'}, {read_as}"
    yield f"  would be imported  {result.successful_rows:>9,}"
    yield f"  would be skipped   {result.skipped_rows:>9,}  (users who exist already)"
    yield f"  would fail         {result.failed_rows:>9,}"
    yield from _reading_lines(result)
    for warning in result.warnings[:MAX_LISTED]:
        yield f"  warning: {warning.text()}"
    for error in result.errors[:MAX_LISTED]:
        yield f"  row {error['row']}: {error['message']}"
    if result.error_count > MAX_LISTED:
        yield f"  … and {result.error_count - MAX_LISTED:,} more errors"
    yield "Nothing was imported."


def _reading_lines(result: Preview) -> Iterator[str]:
    """Cells as the two likeliest encodings read them, where the encoding is a guess."""
    if result.encoding_readings:
        yield "  The encoding is a guess. Some cells as they read in the two likeliest ones:"
    for reading in result.encoding_readings:
        yield f"    --encoding {reading['encoding']:<14} {' | '.join(reading['examples'])}"
