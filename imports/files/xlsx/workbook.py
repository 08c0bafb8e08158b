"""Reads the rows of an .xlsx workbook, with cells as the spreadsheet shows them."""

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
from imports.files.source import Limits, RowBlock, SampleRow
from imports.files.xlsx.extent import find_extent
from imports.files.xlsx.package import Package, broken_workbook
from imports.files.xlsx.sheets import choose_sheet, list_sheets

_BLOCK_ROWS = 1_000
Value = int | float | str | bool | datetime.date | datetime.time | datetime.timedelta


class WorkbookSource:
    """The rows of one sheet: the first ones as samples, then those below the header in blocks."""

    def __init__(self, file: BinaryIO, limits: Limits, sheet: str | None) -> None:
        """Checks the archive and the sheet before it is loaded. Raises FileRefused.

        `sheet`: the name of the sheet to read; None for the first visible one.
        """
        package = Package(file, limits)
        sheets = list_sheets(package)
        chosen = choose_sheet(sheets, sheet)
        self.sheet = chosen.name
        self._limits = limits
        self._extent = find_extent(package, chosen, limits)
        self._first_row = 1
        file.seek(0)
        self._sheet = _load_sheet(file, chosen.name, [s.name for s in sheets])
        self.samples = self._sample_rows()

    def start_below(self, header: SampleRow) -> None:
        """Makes `blocks` begin with the row after the header."""
        self._first_row = header.row + 1

    def blocks(self) -> Iterator[RowBlock]:
        """The rows below the header that are not blank, from the start at each call."""
        rows: list[list[str]] = []
        first = self._first_row
        for row, cells in self._filled_rows():
            if row < self._first_row:
                continue
            if rows and (row != first + len(rows) or len(rows) == _BLOCK_ROWS):
                yield RowBlock(first, len(rows), rows, escaped=True)
                rows = []
            if not rows:
                first = row
            rows.append(cells)
        if rows:
            yield RowBlock(first, len(rows), rows, escaped=True)

    def _sample_rows(self) -> list[SampleRow]:
        rows = islice(self._filled_rows(), self._limits.sample_rows)
        samples = [SampleRow(row, cells, row) for row, cells in rows]
        if not samples:
            raise FileEmpty(
                f'The sheet "{excerpt(self.sheet)}" is empty. Name another sheet, or fill it.'
            )
        return samples

    def _filled_rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not blank, with their numbers. Column A is always the first cell."""
        # iter_rows includes the empty rows above the table, but not the empty columns left of it
        top, left = self._sheet.start or (0, 0)
        margin = [""] * left
        errors = self._extent.errors
        for row, values in enumerate(_value_rows(self._sheet, top), top + 1):
            if values.count("") == len(values) and row not in errors:
                continue
            cells = margin + [v if type(v) is str else format_value(v) for v in values]
            for column, text in errors.get(row, {}).items():
                cells[column : column + 1] = [text]
            if not is_blank(cells):
                self._check_cells(row, cells)
                yield row, cells

    def _check_cells(self, row: int, cells: list[str]) -> None:
        """Raises CellTooLong or BinaryContent."""
        if max(map(len, cells)) > self._limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, self._limits.max_cell_chars)
        if "\0" in "".join(cells):
            raise messages.nul_in_a_cell(row, cells)


# --- the library ------------------------------------------------------------------------------


def _load_sheet(file: BinaryIO, name: str, names: list[str]) -> CalamineSheet:
    """The loaded sheet. Raises BrokenWorkbook if it lists other sheets than we do."""
    with _library_errors_refused():
        workbook = CalamineWorkbook.from_filelike(file)
        if workbook.sheet_names != names:
            raise broken_workbook("its list of sheets is inconsistent")
        return workbook.get_sheet_by_name(name)


def _value_rows(sheet: CalamineSheet, skip: int) -> Iterator[list[Value]]:
    """The rows of a sheet without the first ones. The library converts dates here and may fail."""
    with _library_errors_refused():
        yield from islice(sheet.iter_rows(), skip, None)


@contextmanager
def _library_errors_refused() -> Iterator[None]:
    """Raises BrokenWorkbook for any error of the library."""
    try:
        yield
    except (CalamineError, OSError, ValueError, OverflowError):
        raise broken_workbook("its contents are damaged") from None
    except BaseException as error:
        # A panic of the library's Rust code. The class can't be imported and is no Exception.
        if type(error).__name__ == "PanicException":
            raise broken_workbook("its contents are damaged") from None
        raise


# --- values -----------------------------------------------------------------------------------


def format_value(value: Value) -> str:
    """A cell's value as a spreadsheet shows it: 42, 0.3, TRUE, 2024-01-05."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _format_number(value)
    if isinstance(value, datetime.datetime):
        return _format_datetime(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="seconds")
    return _format_duration(value) if isinstance(value, datetime.timedelta) else str(value)


def _format_number(value: float) -> str:
    """15 digits, as in a spreadsheet, but without an exponent: long numbers are phone numbers."""
    if isinstance(value, float) and not value.is_integer():
        text = format(Decimal(format(value, ".15g")), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(int(value))


def _format_datetime(value: datetime.datetime) -> str:
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _format_duration(value: datetime.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour}:{minute:02}:{second:02}"
