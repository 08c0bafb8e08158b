"""CSV files to download: the template of an import, and the failing rows of a batch.

A cell that a spreadsheet would run as a formula is escaped. The reader removes the escaping when
the corrected file is uploaded again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from imports import files
from imports.engine.staged import staging
from imports.models import ImportBatch, Upload
from imports.schema.fields import FIELDS

BYTE_ORDER_MARK = "\ufeff"  # makes Excel read the file as UTF-8
REASONS_HEADER = "import_errors"  # the header of the column that a report adds

RowReasons = tuple[int, str, dict[str, str]]  # row number, reasons, row_data


def template() -> str:
    """A header row with every field, and the example row.

    The examples are not escaped: a phone number that begins with + is not run as a formula."""
    lines = _LineFormatter(",")
    return lines.format(list(FIELDS)) + lines.format([field.example for field in FIELDS.values()])


def error_report(batch: ImportBatch) -> Iterator[str]:
    """The failing rows of a batch with the reasons in an additional column, line by line.

    The cells are those of the file. A row with too few or too many cells keeps them."""
    upload = Upload.objects.of(batch.organisation_id).filter(import_batch=batch).first()
    rows = _rows_of_upload(batch, upload) if upload else _rows_of_errors(batch)
    lines = _LineFormatter(upload.delimiter if upload and upload.delimiter else ",")
    yield BYTE_ORDER_MARK
    for cells in rows:
        yield lines.format([files.escape_cell(cell) for cell in cells])


def _rows_of_upload(batch: ImportBatch, upload: Upload) -> Iterator[list[str]]:
    """The header row and the failing rows, read from the staged file."""
    headers = staging.columns_of(upload).headers
    kept = [index for index, header in enumerate(headers) if header != REASONS_HEADER]
    yield [*(headers[index] for index in kept), REASONS_HEADER]
    failing = _reasons_by_row(batch)
    current = next(failing, None)
    number = 0
    while current and (chunk := staging.chunk_of(upload.id, number)):
        for row_number, cells in chunk.records():
            if current and row_number == current[0]:
                yield [*_without_old_reasons(cells, kept, len(headers)), current[1]]
                current = next(failing, None)
        number += 1


def _without_old_reasons(cells: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    """The cells of a row; if the file was a report itself, without its column of reasons."""
    return [cells[index] for index in kept if index < len(cells)] + list(cells[width:])


def _rows_of_errors(batch: ImportBatch) -> Iterator[list[str]]:
    """The header row and the failing rows, read from `import_errors`, for a file that was deleted.

    The cells may be shortened. The columns are in the order of FIELDS, because a JSON object in
    PostgreSQL does not keep the order of the file."""
    names: set[str] = set()
    for row_data in batch.errors.values_list("row_data", flat=True).iterator():
        names |= row_data.keys() - {REASONS_HEADER}
    places = {name: place for place, name in enumerate(FIELDS)}
    headers = sorted(names, key=lambda name: (places.get(name, len(places)), name))
    yield [*headers, REASONS_HEADER]
    for _, reasons, row_data in _reasons_by_row(batch):
        yield [*(row_data.get(name, "") for name in headers), reasons]


def _reasons_by_row(batch: ImportBatch) -> Iterator[RowReasons]:
    """The row number, all messages as one text, and the row_data of each failing row."""
    errors = batch.errors.order_by("row_number", "id")
    found: Iterable[Any] = errors.values_list("row_number", "error_message", "row_data").iterator()
    for row_number, group in groupby(found, key=itemgetter(0)):
        errors_of_row = list(group)
        messages = " ".join(message for _, message, _ in errors_of_row)
        row_data: dict[str, str] = next((data for _, _, data in errors_of_row if data), {})
        yield row_number, f"Row {row_number}: {messages}", row_data


class _LineFormatter:
    """Formats rows as lines of CSV with csv.writer, which can only write to a file."""

    def __init__(self, delimiter: str) -> None:
        # Before Python 3.13, csv.writer quotes a lone CR only if the line terminator contains one.
        self._writer = csv.writer(self, delimiter=delimiter, lineterminator="\r\n")
        self._line = ""

    def write(self, text: str) -> None:
        """Called by csv.writer."""
        self._line = text

    def format(self, cells: Sequence[str]) -> str:
        """One line, with its line end."""
        self._writer.writerow(cells)
        return self._line
