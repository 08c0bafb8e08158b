"""Finds how far the cells of a sheet reach, before the sheet is loaded.

The library that loads a sheet allocates every cell between the first and the last one: a file of a
few hundred bytes with one cell at XFD1048576 would exhaust the memory. So the sheet is scanned
first: with regular expressions if its cells are written in the usual notation, or else with an XML
parser. The scan also collects the cells with an error (`#N/A`), which the library gives as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from core.text import excerpt
from imports.errors import FileRefused, TooManyColumns, WorkbookTooLarge
from imports.files.source import Limits
from imports.files.xlsx.package import Package, broken_workbook
from imports.files.xlsx.sheets import SheetEntry, local_name, parse_xml

_MAX_ROW = 1_048_576  # of the file format
_MAX_CELL_XML_BYTES = 131_072  # a cell has at most 32,767 characters
_MAX_ERROR_CHARS = 20
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

# the usual notation: any cell, a cell that holds something, a cell with an error
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_FILLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?:[^<>]*[^<>/])?>(?!</)')
_ERROR_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]* t="e"[^<>]*>'
    rb"(?:<f[^<>]*/>|<f[^<>]*>[^<>]*</f>)?<v>([^<>]{1,20})</"
)
# how a cell begins in any other notation, or another encoding than UTF-8
_UNUSUAL = (b"\0", b"<c\t", b"<c\n", b"<c\r", b"<c/", b"<c>")
_PREFIXED = (b":c ", b":c\t", b":c\n", b":c\r", b":c/", b":c>")


@dataclass(slots=True)
class Extent:
    """The rows and columns that a sheet's cells span. Rows and columns count from 1.

    `cells`: how many cells are written; `errors`: row -> index of the column -> text of the error.
    """

    first_row: int = 0
    last_row: int = 0
    last_column: int = 0
    cells: int = 0
    errors: dict[int, dict[int, str]] = field(default_factory=dict)

    def add_error(self, row: int, column: int, text: str) -> None:
        """Notes a cell with an error."""
        self.errors.setdefault(row, {})[column - 1] = text

    def area(self) -> int:
        """How many cells the library would allocate."""
        return (self.last_row - self.first_row + 1) * self.last_column

    def has_too_many_cells(self, limits: Limits) -> bool:
        """Whether more cells are written than the library may read."""
        return self.cells > limits.max_workbook_cells


def find_extent(package: Package, sheet: SheetEntry, limits: Limits) -> Extent:
    """Scans a sheet. Raises TooManyColumns, WorkbookTooLarge or BrokenWorkbook."""
    if sheet.part is None:
        raise broken_workbook("it has no sheet with cells")
    max_cells = limits.max_workbook_cells
    extent = _scan_by_pattern(package.pieces(sheet.part), _CELL, max_cells)
    if extent and _refusal(extent, sheet, limits) and not extent.has_too_many_cells(limits):
        # The cells reach too far. Those that are formatted but empty don't count.
        extent = _scan_by_pattern(package.pieces(sheet.part), _FILLED_CELL, max_cells)
    if extent is None:
        extent = _scan_by_parser(package.pieces(sheet.part), max_cells)
    if refusal := _refusal(extent, sheet, limits):
        raise refusal
    return extent


def _refusal(extent: Extent, sheet: SheetEntry, limits: Limits) -> FileRefused | None:
    name = excerpt(sheet.name)
    if extent.has_too_many_cells(limits):
        return WorkbookTooLarge(
            f'The sheet "{name}" holds more than {limits.max_workbook_cells:,} cells, which is the '
            "most that is allowed. Split it, or save it as CSV (UTF-8).",
            limit=limits.max_workbook_cells,
        )
    if extent.last_column > limits.max_columns:
        return TooManyColumns(
            f'The sheet "{name}" has {extent.last_column:,} columns; at most '
            f"{limits.max_columns:,} are allowed. Remove the columns that are not needed.",
            limit=limits.max_columns,
        )
    if extent.area() > limits.max_workbook_cells:
        return WorkbookTooLarge(
            f'The sheet "{name}" reaches to row {extent.last_row:,} and column '
            f"{extent.last_column:,}; at most {limits.max_workbook_cells:,} cells are allowed. "
            "Delete the cells far below the table, or save the sheet as CSV (UTF-8).",
            limit=limits.max_workbook_cells,
        )
    return None


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


# --- the usual notation -----------------------------------------------------------------------


def _scan_by_pattern(
    pieces: Iterator[bytes], cell: re.Pattern[bytes], max_cells: int
) -> Extent | None:
    """The extent if every cell is written as `<c r="B2"` and rows ascend; None otherwise.

    `cell`: the cells that count, `_CELL` in the first scan of a sheet and perhaps `_FILLED_CELL` in
    a second one. Stops after `max_cells`.
    """
    extent = Extent()
    columns: set[bytes] = set()
    for piece in _cut_between_cells(pieces):
        found = cell.findall(piece)
        if cell is _CELL and not _is_usual_notation(piece, len(found)):
            return None
        if not _add_rows(extent, [int(row) for _, row in found]):
            return None
        columns.update({column for column, _ in found})
        if b't="e"' in piece:
            _add_errors(extent, piece)
        if extent.cells > max_cells:
            break
    letters = (column.decode() for column in columns)
    extent.last_column = max(map(_column_number, letters), default=0)
    return extent


def _is_usual_notation(piece: bytes, cells: int) -> bool:
    """Whether the piece has no more cells than these, in any notation."""
    return cells == piece.count(b"<c ") and not any(mark in piece for mark in _UNUSUAL + _PREFIXED)


def _add_rows(extent: Extent, rows: list[int]) -> bool:
    """Extends the extent by further cells in these rows. False if the rows do not ascend."""
    if not rows:
        return True
    if rows[0] < max(extent.last_row, 1) or rows[-1] > _MAX_ROW or rows != sorted(rows):
        return False
    extent.first_row = extent.first_row or rows[0]
    extent.last_row = rows[-1]
    extent.cells += len(rows)
    return True


def _cut_between_cells(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that begin with a cell, or with any element below the table."""
    carry = b""
    for piece in pieces:
        piece = carry + piece
        cut = piece.rfind(b"<c ")
        if cut < len(piece) - _MAX_CELL_XML_BYTES:
            cut = piece.rfind(b"<")
        cut = max(cut, 0)
        yield piece[:cut]
        carry = piece[cut:]
        if len(carry) > 2 * _MAX_CELL_XML_BYTES:
            raise broken_workbook("one of its elements is too long")
    yield carry


def _add_errors(extent: Extent, piece: bytes) -> None:
    for letters, row, text in _ERROR_CELL.findall(piece):
        column = _column_number(letters.decode())
        extent.add_error(int(row), column, text.decode("utf-8", "replace"))


# --- any notation -----------------------------------------------------------------------------


def _scan_by_parser(pieces: Iterator[bytes], max_cells: int) -> Extent:
    """The extent of the cells that hold something, by the rules of the library that loads them."""
    scanner = _CellScanner(max_cells)
    with suppress(_TooManyCells):
        parse_xml(pieces, scanner.start, scanner.end, scanner.text)
    return scanner.extent


class _TooManyCells(Exception):
    """Ends the scan: there are more cells than allowed."""


class _CellScanner:
    """Handlers of an XML parser that follow the cells of a sheet."""

    def __init__(self, max_cells: int) -> None:
        self.extent = Extent()
        self._max_cells = max_cells
        self._row = 0
        self._column = 0
        self._is_error_cell = False
        self._in_error_value = False
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins. Raises BrokenWorkbook, or `_TooManyCells` to end the scan."""
        tag = local_name(name) if ":" in name else name
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or tag == "is":
            self._start_value()
        elif tag == "row":
            self._row = _row_number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def end(self, name: str) -> None:
        """An element ends: the first one to end within a cell with an error is its value."""
        if self._in_error_value:
            self._in_error_value = False
            self.extent.add_error(self._row, self._column, self._text[:_MAX_ERROR_CHARS])

    def text(self, text: str) -> None:
        """Some text within an element."""
        if self._in_error_value:
            self._text += text

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._column += 1
        if "r" in attributes:
            self._row, self._column = _parse_reference(attributes["r"])
        self._is_error_cell = attributes.get("t") == "e"
        self.extent.cells += 1
        if self.extent.cells > self._max_cells:
            raise _TooManyCells

    def _start_value(self) -> None:
        extent, row = self.extent, self._row
        if row < extent.last_row:
            raise broken_workbook("its rows are not in order")
        extent.first_row = extent.first_row or row
        extent.last_row = row
        extent.last_column = max(extent.last_column, self._column)
        self._in_error_value, self._text = self._is_error_cell, ""


def _parse_reference(reference: str) -> tuple[int, int]:
    """(row, column) of a reference such as B2."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise broken_workbook("one of its cells has no valid reference")
    return _row_number(match[2]), _column_number(match[1])


def _row_number(digits: str) -> int:
    row = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
    if not 0 < row <= _MAX_ROW:
        raise broken_workbook("one of its rows has no valid number")
    return row
