"""Files of this machine: the file to import, and the report of its failed rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import CommandError

from imports import actions
from imports.models import ImportBatch


@contextmanager
def open_to_read(path: Path) -> Iterator[BinaryIO]:
    """Opens a file. Raises CommandError where it can't be opened or read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None


def check_report_path(report: Path, source: Path) -> None:
    """Raises CommandError where the report can't be written or would overwrite the source."""
    if report.exists() and source.exists() and report.samefile(source):
        raise CommandError("--errors names the file itself, which would be overwritten.")
    if not os.access(report if report.exists() else report.parent, os.W_OK):
        raise CommandError(f"{report} can't be written.")


def write_report(batch: ImportBatch, report: Path) -> None:
    """Writes the failed rows of a batch to a CSV file, with the reasons in one more column."""
    with report.open("w", encoding="utf-8", newline="") as file:
        file.writelines(actions.error_report(batch, user=batch.uploaded_by))
