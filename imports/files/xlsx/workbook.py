"""Reads the rows of an .xlsx workbook, with cells as the spreadsheet shows them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from core.text import excerpt
from imports.errors import FileEmpty
from imports.files import messages
from imports.files.source import Limits, SampleRow
from imports.files.xlsx.package import Package, broken_workbook
from imports.files.xlsx.scan import (
    Errors,
    Extent,
    extent_refusal,
    find_errors,
    may_have_errors,
    too_much_text,
)
from imports.files.xlsx.sheets import choose_sheet, list_sheets

_BLOCK_ROWS = 1_000
_BLOCK_CHARS = 262_144
Value = int | float | str | bool | datetime.date | datetime.time | datetime.timedelta


class WorkbookSource:
    """The rows of one sheet: the first ones as samples, then those below the header in blocks.

    Runs in a child process (`child`): the library may allocate any amount of memory, and abort.
    """

    def __init__(self, content: bytes, limits: Limits, sheet: str | None) -> None:
        """Checks the archive and loads a sheet. Raises FileRefused.

        `sheet`: the name of the sheet to read; None for the first visible one.
        """
        self._limits = limits
        package = Package(io.BytesIO(content), limits)
        sheets = list_sheets(package)
        chosen = choose_sheet(sheets, sheet)
        if chosen.part is None:
            raise broken_workbook("it has no sheet with cells")
        self.sheet = chosen.name
        self._errors: Errors = {}
        with ThreadPoolExecutor(1) as threads:  # the library does not hold the GIL meanwhile
            names = [s.name for s in sheets]
            loading = threads.submit(_load_sheet, io.BytesIO(content), chosen.name, names)
            if may_have_errors(package.pieces(chosen.part)):
                self._errors = find_errors(package, chosen.part)
            self._sheet = loading.result()
        self._refuse_large_extent()
        self.samples = self._sample_rows()

    def blocks(self, first_row: int) -> Iterator[tuple[int, list[list[str]]]]:
        """(number of the first row, consecutive rows) of the rows from `first_row` on that are not
        blank. From the start at each call. Raises FileRefused."""
        rows: list[list[str]] = []
        start = chars = total = 0
        for row, cells, size in self._filled_rows():
            if row < first_row:
                continue
            total += size
            if total > self._limits.max_workbook_bytes:
                raise too_much_text(self.sheet, self._limits)
            if rows and (
                row != start + len(rows) or len(rows) == _BLOCK_ROWS or chars > _BLOCK_CHARS
            ):
                yield start, rows
                rows, chars = [], 0
            if not rows:
                start = row
            rows.append(cells)
            chars += size
        if rows:
            yield start, rows

    def _refuse_large_extent(self) -> None:
        (top, _), (bottom, right) = self._sheet.start or (0, 0), self._sheet.end or (-1, -1)
        extent = Extent(first_row=top + 1, last_row=bottom + 1, last_column=right + 1)
        if refusal := extent_refusal(extent, self.sheet, self._limits):
            raise refusal

    def _sample_rows(self) -> list[SampleRow]:
        """The first rows: as many as there may be above the table, and as large as a header."""
        samples: list[SampleRow] = []
        chars = 0
        for row, cells, size in islice(self._filled_rows(), self._limits.sample_rows):
            samples.append(SampleRow(row, cells, row))
            chars += size
            if chars > self._limits.max_header_bytes:
                break
        if not samples:
            raise FileEmpty(
                f'The sheet "{excerpt(self.sheet)}" is empty. Name another sheet, or fill it.'
            )
        return samples

    def _filled_rows(self) -> Iterator[tuple[int, list[str], int]]:
        """The rows that are not blank: their numbers, their cells and the characters in them.

        Column A is always the first cell. Raises FileRefused.
        """
        # iter_rows includes the empty rows above the table, but not the empty columns left of it
        top, left = self._sheet.start or (0, 0)
        margin = [""] * left
        errors = self._errors
        for row, values in enumerate(_value_rows(self._sheet, top), top + 1):
            if values.count("") == len(values) and row not in errors:
                continue
            cells = margin + [v if type(v) is str else format_value(v) for v in values]
            for column, text in errors.get(row, {}).items():
                cells[column : column + 1] = [text]
            text = "".join(cells)
            if text and not text.isspace():
                if len(text) > self._limits.max_cell_chars or "\0" in text:
                    self._check_cells(row, cells, len(text))
                yield row, cells, len(text)

    def _check_cells(self, row: int, cells: list[str], size: int) -> None:
        """Raises CellTooLong, RecordTooLong or BinaryContent."""
        if max(map(len, cells)) > self._limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, self._limits.max_cell_chars)
        if size > self._limits.max_record_bytes:
            raise messages.record_too_long(row, self._limits)
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
