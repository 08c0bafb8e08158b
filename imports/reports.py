"""CSV files for people: the template of an import, and the failing rows of one, ready to be mended.

Nothing in them is run by a spreadsheet as a formula; the reader takes the escaping away again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from imports import files, models
from imports.engine import staging
from imports.models import ImportBatch, Upload
from imports.schema.columns import FIELDS

BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
REASONS = "import_errors"  # the header of the column that is added

# One value for each column: an example that itself imports without error. Written as it is, not
# escaped: a phone number that begins with + is no formula.
EXAMPLE = {
    "email": "jane.doe@example.com",
    "first_name": "Jane",
    "last_name": "Doe",
    "role": "viewer",
    "department": "Sales",
    "location": "London",
    "phone": "+44 20 7946 0123",
    "market_edge_access": "true",
    "causal_edge_access": "false",
    "value_edge_access": "false",
    "send_invitation": "true",
}

Reasons = tuple[int, str, dict[str, str]]  # row number, reasons, row_data


def template() -> str:
    """The template: every column that a file may have, and one example row."""
    lines = _Lines(",")
    return lines.of(list(FIELDS)) + lines.of([EXAMPLE[name] for name in FIELDS])


def error_report(batch: ImportBatch) -> Iterator[str]:
    """The failing rows of a batch, cell for cell as they stood in the file, and one column more
    with the reasons; piece by piece. A row that has too few or too many cells keeps them."""
    upload = Upload.objects.filter(import_batch=batch).first()
    rows = _from_chunks(batch, upload) if upload else _from_row_data(batch)
    lines = _Lines(upload.delimiter if upload and upload.delimiter else ",")
    yield BYTE_ORDER_MARK
    for cells in rows:
        yield lines.of([files.escape_cell(cell) for cell in cells])


def _from_chunks(batch: ImportBatch, upload: Upload) -> Iterator[list[str]]:
    """Header and rows from the staged file."""
    headers = staging.columns_of(upload).headers
    kept = [index for index, header in enumerate(headers) if header != REASONS]
    yield [*(headers[index] for index in kept), REASONS]
    failed = _reasons(batch)
    row = next(failed, None)
    number = 0
    while row and (chunk := staging.chunk_of(upload.id, number)):
        for row_number, cells in chunk.records():
            if row and row_number == row[0]:
                yield [*_without(cells, kept, len(headers)), row[1]]
                row = next(failed, None)
        number += 1


def _without(cells: Sequence[str], kept: Sequence[int], width: int) -> list[str]:
    """The cells without those of an older report's column of reasons, which was sent in again."""
    return [cells[index] for index in kept if index < len(cells)] + list(cells[width:])


def _from_row_data(batch: ImportBatch) -> Iterator[list[str]]:
    """Header and rows from the errors alone: cells are shortened, and in the order of the table of
    fields, as JSON objects in PostgreSQL have none."""
    names: set[str] = set()
    for row_data in batch.errors.values_list("row_data", flat=True).iterator():
        names |= row_data.keys() - {REASONS}
    places = {name: place for place, name in enumerate(FIELDS)}
    headers = sorted(names, key=lambda name: (places.get(name, len(places)), name))
    yield [*headers, REASONS]
    for _, reasons, row_data in _reasons(batch):
        yield [*(row_data.get(name, "") for name in headers), reasons]


def _reasons(batch: ImportBatch) -> Iterator[Reasons]:
    """(row number, reasons in one sentence after another, row_data) of each failing row."""
    errors = models.ImportError.objects.filter(import_batch=batch).order_by("row_number", "id")
    found: Iterable[Any] = errors.values_list("row_number", "error_message", "row_data").iterator()
    for row_number, group in groupby(found, key=itemgetter(0)):
        all_of_row = list(group)
        sentences = " ".join(message for _, message, _ in all_of_row)
        yield row_number, f"Row {row_number}: {sentences}", all_of_row[0][2]


class _Lines:
    """csv.writer, which gives the line instead of writing it."""

    def __init__(self, delimiter: str) -> None:
        # "\r\n" also makes it quote a lone CR, which csv.writer would leave bare before 3.13
        self._writer = csv.writer(self, delimiter=delimiter, lineterminator="\r\n")
        self._text = ""

    def write(self, text: str) -> None:
        """What csv.writer calls."""
        self._text = text

    def of(self, cells: Sequence[str]) -> str:
        """One line."""
        self._writer.writerow(cells)
        return self._text
