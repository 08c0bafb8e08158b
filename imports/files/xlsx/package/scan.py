"""Finds out why a workbook could not be loaded within the limits.

It follows the cells of a sheet with an XML parser, which takes longer than loading the sheet.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from core.text import excerpt
from imports.errors import FileRefused, TooManyColumns, WorkbookTooLarge
from imports.files.source import MEBIBYTE, Limits
from imports.files.xlsx.package.archive import Package, broken_workbook
from imports.files.xlsx.package.sheets import choose_sheet, local_name, parse_xml, read_book

_MAX_ROW = 1_048_576  # of the file format
_MAX_LETTERS = 3
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"


def explain_size(file: BinaryIO, limits: Limits, sheet: str | None) -> None:
    """Raises the refusal of a workbook whose cells or texts are more than allowed."""
    package = Package(file, limits)
    book = read_book(package)
    chosen = choose_sheet(book.sheets, sheet)
    if chosen.part is None:
        return
    lengths = _lengths_of_strings(package, book.strings) if book.strings else array("q")
    scanner = _CellScanner(_Sums(chosen.name, lengths, limits))
    parse_xml(package.pieces(chosen.part), scanner.start, scanner.end, scanner.text)
    if refusal := extent_refusal(scanner.extent, chosen.name, limits):
        raise refusal


@dataclass(slots=True)
class Extent:
    """The rows and columns that the cells of a sheet span, from 1. All 0: the sheet is empty."""

    first_row: int = 0
    last_row: int = 0
    last_column: int = 0

    def add(self, row: int, column: int) -> None:
        """Extends the extent by a cell."""
        self.first_row = min(self.first_row or row, row)
        self.last_row = max(self.last_row, row)
        self.last_column = max(self.last_column, column)

    def area(self) -> int:
        """How many cells the library allocates at most."""
        return (self.last_row - self.first_row + 1) * self.last_column


def extent_refusal(extent: Extent, sheet: str, limits: Limits) -> FileRefused | None:
    """The refusal of a sheet that spans too many columns or cells; None if it does not."""
    if extent.last_column > limits.max_columns:
        return TooManyColumns(
            f'The sheet "{excerpt(sheet)}" has {extent.last_column:,} columns; at most '
            f"{limits.max_columns:,} are allowed. Remove the columns that are not needed.",
            limit=limits.max_columns,
        )
    if extent.area() > limits.max_workbook_cells:
        return WorkbookTooLarge(
            f'The sheet "{excerpt(sheet)}" reaches to row {extent.last_row:,} and column '
            f"{extent.last_column:,}; at most {limits.max_workbook_cells:,} cells are allowed. "
            "Delete the cells far below the table, or save the sheet as CSV (UTF-8).",
            limit=limits.max_workbook_cells,
        )
    return None


def too_much_text(sheet: str, limits: Limits) -> WorkbookTooLarge:
    """The refusal of a sheet whose cells hold too much text. Many cells may share one text."""
    return WorkbookTooLarge(
        f'The cells of the sheet "{excerpt(sheet)}" hold more than '
        f"{limits.max_workbook_bytes / MEBIBYTE:g} MiB of text, which is the most that is allowed. "
        "Many of its cells hold the same long text. Shorten it.",
        limit=limits.max_workbook_bytes,
    )


@dataclass(slots=True)
class _Sums:
    """Counts the cells of a sheet and the characters in them. Raises WorkbookTooLarge."""

    sheet: str
    string_lengths: array[int]
    limits: Limits
    cells: int = 0
    chars: int = 0

    def add_cell(self) -> None:
        self.cells += 1
        limit = self.limits.max_workbook_cells
        if self.cells > limit:
            raise WorkbookTooLarge(
                f'The sheet "{excerpt(self.sheet)}" holds more than {limit:,} cells, which is the '
                "most that is allowed. Split it, or save it as CSV (UTF-8).",
                limit=limit,
            )

    def add_value(self, text: str, is_shared: bool) -> None:
        """Adds the text of a cell, or the text that it shares by its number."""
        if not is_shared:
            self.chars += len(text)
        elif text.isdecimal() and len(text) < 10 and int(text) < len(self.string_lengths):
            self.chars += self.string_lengths[int(text)]
        if self.chars > self.limits.max_workbook_bytes:
            raise too_much_text(self.sheet, self.limits)


@dataclass(slots=True)
class _CellScanner:
    """Handlers of an XML parser that follow the cells of a sheet."""

    sums: _Sums
    extent: Extent = field(default_factory=Extent)
    _row: int = 0
    _column: int = 0
    _kind: str = ""
    _in_value: bool = False
    _text: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins. Raises BrokenWorkbook or WorkbookTooLarge."""
        tag = local_name(name) if ":" in name else name
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or tag == "is":
            self._start_value()
        elif tag == "row":
            self._row = row_number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def end(self, name: str) -> None:
        """An element ends: the first one to end within a value is taken for its whole."""
        if self._in_value:
            self._in_value = False
            self._end_value("".join(self._text))

    def text(self, text: str) -> None:
        """Some text within an element."""
        if self._in_value:
            self._text.append(text)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._column += 1
        if "r" in attributes:
            self._row, self._column = parse_reference(attributes["r"])
        self._kind = attributes.get("t", "")
        self.sums.add_cell()

    def _start_value(self) -> None:
        self.extent.add(self._row, self._column)
        self._in_value, self._text = True, []

    def _end_value(self, text: str) -> None:
        self.sums.add_value(text, self._kind == "s")


def parse_reference(reference: str) -> tuple[int, int]:
    """(row, column), both from 1, of a reference such as B2. Raises BrokenWorkbook."""
    digits = reference.lstrip(_LETTERS)
    letters = reference[: len(reference) - len(digits)]
    if not 0 < len(letters) <= _MAX_LETTERS:
        raise broken_workbook("one of its cells has no valid reference")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return row_number(digits), column


def row_number(digits: str) -> int:
    """The number of a row. Raises BrokenWorkbook if the format has no such row."""
    row = int(digits) if digits and len(digits) < 8 and not digits.strip(_DIGITS) else 0
    if not 0 < row <= _MAX_ROW:
        raise broken_workbook("one of its rows has no valid number")
    return row


def _lengths_of_strings(package: Package, part: str) -> array[int]:
    """The number of characters of each shared string."""
    lengths = array("q")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if local_name(name) == "si":
            lengths.append(0)

    def text(text: str) -> None:
        if lengths:
            lengths[-1] += len(text)

    parse_xml(package.pieces(part), start, text=text)
    return lengths
