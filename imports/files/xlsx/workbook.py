"""Rows of an .xlsx workbook, as a person sees them in the spreadsheet."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from core.text import excerpt
from imports.errors import FileEmpty
from imports.files import messages
from imports.files.header_row import is_blank
from imports.files.source import Batch, Limits, Sample
from imports.files.xlsx.extent import find_extent
from imports.files.xlsx.package import Package, broken, is_zip
from imports.files.xlsx.sheets import choose_sheet, list_sheets

__all__ = ["WorkbookSource", "is_zip"]

_BATCH_ROWS = 1_000
Value = int | float | str | bool | datetime.date | datetime.time | datetime.timedelta


class WorkbookSource:
    """The rows of one sheet."""

    def __init__(self, file: BinaryIO, limits: Limits, sheet: str | None) -> None:
        """Check the archive and the sheet before they are loaded. Raises FileRefused."""
        package = Package(file, limits)
        sheets = list_sheets(package)
        chosen = choose_sheet(sheets, sheet)
        self.sheet = chosen.name
        self._limits = limits
        self._extent = find_extent(package, chosen, limits)
        self._first_row = 1
        file.seek(0)
        self._sheet = _loaded(file, chosen.name, [s.name for s in sheets])
        self.samples = self._samples()

    def start_below(self, header: Sample) -> None:
        """Leave out the rows up to and with the header."""
        self._first_row = header.row + 1

    def batches(self) -> Iterator[Batch]:
        """The rows below the header; blank ones are left out of batches where they can be."""
        rows: list[list[str]] = []
        first = self._first_row
        for row, cells in self._rows():
            if row < self._first_row:
                continue
            if rows and (row != first + len(rows) or len(rows) == _BATCH_ROWS):
                yield Batch(first, len(rows), rows, escaped=True)
                rows = []
            if not rows:
                first = row
            rows.append(cells)
        if rows:
            yield Batch(first, len(rows), rows, escaped=True)

    def _samples(self) -> list[Sample]:
        samples: list[Sample] = []
        for row, cells in self._rows():
            samples.append(Sample(row, cells, row))
            if len(samples) > 3 * self._limits.max_title_rows:
                break
        if not samples:
            raise FileEmpty(
                f'The sheet "{excerpt(self.sheet)}" is empty. Name another sheet, or fill it.'
            )
        return samples

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, with their numbers; column A is always the first cell."""
        # iter_rows gives the empty rows above the table, but not the empty columns beside it
        top, left = self._sheet.start or (0, 0)
        margin = [""] * left
        errors = self._extent.errors
        for row, values in enumerate(_values(self._sheet, top), top + 1):
            if values.count("") == len(values) and row not in errors:
                continue
            cells = margin + [v if type(v) is str else shown(v) for v in values]
            for column, text in errors.get(row, {}).items():
                cells[column : column + 1] = [text]
            if not is_blank(cells):
                self._check(row, cells)
                yield row, cells

    def _check(self, row: int, cells: list[str]) -> None:
        if max(map(len, cells)) > self._limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, self._limits.max_cell_chars)
        if "\0" in "".join(cells):
            raise messages.nul_in_a_cell(row, cells)


def _loaded(file: BinaryIO, name: str, names: list[str]) -> CalamineSheet:
    with _damage_refused():
        workbook = CalamineWorkbook.from_filelike(file)
        if workbook.sheet_names != names:
            raise broken("its list of sheets contradicts itself")
        return workbook.get_sheet_by_name(name)


def _values(sheet: CalamineSheet, above: int) -> Iterator[list[Value]]:
    """The rows of a sheet without the first ones. A date may turn out to be none only here."""
    with _damage_refused():
        yield from islice(sheet.iter_rows(), above, None)


@contextmanager
def _damage_refused() -> Iterator[None]:
    """Whatever the library stumbles over is a workbook that can't be read, and no fault of ours."""
    try:
        yield
    except (CalamineError, OSError, ValueError, OverflowError):
        raise broken("its contents are damaged") from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of its Rust part; it is no Exception
            raise broken("its contents are damaged") from None
        raise


def shown(value: Value) -> str:
    """A cell's value as a spreadsheet shows it: 42, 0.3, TRUE, 2024-01-05."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _number(value)
    if isinstance(value, datetime.datetime):
        return _date_and_time(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="seconds")
    return _duration(value) if isinstance(value, datetime.timedelta) else str(value)


def _number(value: float) -> str:
    """Fifteen digits, as in a spreadsheet, and never with an exponent: phone numbers are long."""
    if isinstance(value, float) and not value.is_integer():
        text = format(Decimal(format(value, ".15g")), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(int(value))


def _date_and_time(value: datetime.datetime) -> str:
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _duration(value: datetime.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour}:{minute:02}:{second:02}"
