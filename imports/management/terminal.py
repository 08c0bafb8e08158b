"""What an import looks like at a terminal: a bar, a summary, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import OutputWrapper

from imports import progress
from imports.engine.preview import Preview
from imports.models import ImportBatch

BAR_CHARS = 30
LISTED = 10


class Bar:
    """How far the batch is: a line that is redrawn on a terminal, nothing in a pipe."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.is_terminal = out.isatty()

    def draw(self, batch: ImportBatch) -> None:
        """Shows the state of the batch as the database has it."""
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
        """Leaves the line."""
        if self.is_terminal:
            self.out.write("")


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Whether a person or the system has asked to stop: the chunk at hand is finished first, so
    that the batch is free for the next worker at once. A second Ctrl-C does not wait."""
    asked: list[int] = []

    def note(signum: int, _: FrameType | None) -> None:
        if asked:
            sys.exit(128 + signum)
        asked.append(signum)

    old = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in old.items():
            signal.signal(one, handler)


def summary_lines(batch: ImportBatch) -> Iterator[str]:
    """What became of a batch that has ended."""
    seconds = progress.seconds_taken(batch)
    took = f" in {seconds:.1f} s" if seconds is not None else ""
    yield f"{batch.get_status_display()}{took}."
    yield f"  imported  {batch.successful_rows:>9,}"
    yield f"  skipped   {batch.skipped_rows:>9,}  (users who exist already)"
    yield f"  failed    {batch.failed_rows:>9,}"
    for error in batch.errors.all()[:LISTED] if batch.failed_rows else ():
        yield f"    row {error.row_number}: {error.error_message}"
    if batch.failed_rows > LISTED:
        yield "    … and more: --errors OUT.CSV writes all of them"


def preview_lines(found: Preview) -> Iterator[str]:
    """What an import would do."""
    upload = found.upload
    read_as = f"delimiter {upload.delimiter!r}" if upload.delimiter else f"sheet {upload.sheet!r}"
    yield f"{upload.filename}: {upload.total_rows:,} rows, {upload.encoding or 'xlsx'}, {read_as}"
    yield f"  would be imported  {found.successful_rows:>9,}"
    yield f"  would be skipped   {found.skipped_rows:>9,}  (users who exist already)"
    yield f"  would fail         {found.failed_rows:>9,}"
    for warning in found.warnings[:LISTED]:
        row = f"row {warning['row']}: " if warning["row"] else ""
        yield f"  warning: {row}{warning['message']}"
    for error in found.errors[:LISTED]:
        yield f"  row {error['row']}: {error['message']}"
    if found.error_count > LISTED:
        yield f"  … and {found.error_count - LISTED:,} more errors"
    yield "Nothing was imported."
