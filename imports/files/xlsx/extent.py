"""How far the cells of a sheet reach, found out before the sheet is loaded.

The library that loads a sheet takes memory for every cell between the first and the last one: a few
hundred bytes with one cell at XFD1048576 would take all there is. So the sheet is looked through
first, by regular expressions where it is written as nearly every program writes it, or else by a
parser that keeps nothing. Cells with an error (`#N/A`), which that library gives as empty, are
noted on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from core.text import excerpt
from imports.errors import FileRefused, TooManyColumns, WorkbookTooLarge
from imports.files.source import Limits
from imports.files.xlsx.package import Package, broken
from imports.files.xlsx.sheets import SheetEntry, local, parse

_MOST_ROWS = 1_048_576
_MOST_CELL_BYTES = 131_072  # of XML; a cell has at most 32,767 characters
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
# a cell in the usual notation, and one that holds something; what begins a cell in any other
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_FILLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?:[^<>]*[^<>/])?>(?!</)')
_UNUSUAL = (b"\0", b"<c\t", b"<c\n", b"<c\r", b"<c/", b"<c>")
_PREFIXED = (b":c ", b":c\t", b":c\n", b":c\r", b":c/", b":c>")
_ERROR_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]* t="e"[^<>]*>'
    rb"(?:<f[^<>]*/>|<f[^<>]*>[^<>]*</f>)?<v>([^<>]{1,20})</"
)


@dataclass(slots=True)
class Extent:
    """The corners of a sheet's cells, and the texts of those that hold an error, by row."""

    first_row: int = 0
    last_row: int = 0
    last_column: int = 0
    cells: int = 0
    errors: dict[int, dict[int, str]] = field(default_factory=dict)

    def note_error(self, row: int, column: int, text: str) -> None:
        """`column` counts from 1."""
        self.errors.setdefault(row, {})[column - 1] = text

    def area(self) -> int:
        """How many cells the library would make."""
        return (self.last_row - self.first_row + 1) * self.last_column

    def has_too_many(self, limits: Limits) -> bool:
        """Whether more cells are written than the library may be given to read."""
        return self.cells > limits.max_workbook_cells


def find_extent(package: Package, sheet: SheetEntry, limits: Limits) -> Extent:
    """Look a sheet through. Raises TooManyColumns, WorkbookTooLarge or BrokenWorkbook."""
    if sheet.part is None:
        raise broken("it has no sheet with cells")
    extent = _quick(package.pieces(sheet.part), _CELL, limits.max_workbook_cells)
    if extent and _problem(extent, sheet, limits) and not extent.has_too_many(limits):
        # it reaches far; perhaps only with cells that were formatted once and hold nothing
        extent = _quick(package.pieces(sheet.part), _FILLED_CELL, limits.max_workbook_cells)
    if extent is None:
        extent = _exact(package.pieces(sheet.part), limits.max_workbook_cells)
    if problem := _problem(extent, sheet, limits):
        raise problem
    return extent


def _problem(extent: Extent, sheet: SheetEntry, limits: Limits) -> FileRefused | None:
    name = excerpt(sheet.name)
    if extent.has_too_many(limits):
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
            "Delete what stands far below the table, or save the sheet as CSV (UTF-8).",
            limit=limits.max_workbook_cells,
        )
    return None


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


# --- as nearly every program writes it --------------------------------------------------------


def _quick(pieces: Iterator[bytes], cell: re.Pattern[bytes], most_cells: int) -> Extent | None:
    """The extent where every cell is written as `<c r="B2"`, in rows from the top; else None.

    `cell` finds the cells that count: first all of them, then perhaps the filled ones. Stops at
    more than `most_cells`.
    """
    extent = Extent()
    columns: set[bytes] = set()
    for piece in _whole_cells(pieces):
        found = cell.findall(piece)
        if cell is _CELL and not _is_usual(piece, len(found)):
            return None
        if not _follow(extent, [int(row) for _, row in found]):
            return None
        columns.update({column for column, _ in found})
        if b't="e"' in piece:
            _note_errors(extent, piece)
        if extent.cells > most_cells:
            break
    extent.last_column = max((_column(letters.decode()) for letters in columns), default=0)
    return extent


def _is_usual(piece: bytes, cells: int) -> bool:
    """Whether that is how many cells there are, in whatever notation."""
    return cells == piece.count(b"<c ") and not any(mark in piece for mark in _UNUSUAL + _PREFIXED)


def _follow(extent: Extent, rows: list[int]) -> bool:
    """Take further cells in, by their rows. False where these are not in order."""
    if not rows:
        return True
    if rows[0] < max(extent.last_row, 1) or rows[-1] > _MOST_ROWS or rows != sorted(rows):
        return False
    extent.first_row = extent.first_row or rows[0]
    extent.last_row = rows[-1]
    extent.cells += len(rows)
    return True


def _whole_cells(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut before a cell, or else (below the table) before any element."""
    carry = b""
    for piece in pieces:
        piece = carry + piece
        cell = piece.rfind(b"<c ")
        if cell < len(piece) - _MOST_CELL_BYTES:
            cell = piece.rfind(b"<")
        cut = max(cell, 0)
        yield piece[:cut]
        carry = piece[cut:]
        if len(carry) > 2 * _MOST_CELL_BYTES:
            raise broken("one of its elements is endless")
    yield carry


def _note_errors(extent: Extent, piece: bytes) -> None:
    for letters, row, text in _ERROR_CELL.findall(piece):
        extent.note_error(int(row), _column(letters.decode()), text.decode("utf-8", "replace"))


# --- in any notation --------------------------------------------------------------------------


def _exact(pieces: Iterator[bytes], most_cells: int) -> Extent:
    """The extent of the cells that hold something, counted as the loading library counts them."""
    scanner = _Scanner(most_cells)
    with suppress(_Enough):
        parse(pieces, scanner.start, scanner.end, scanner.text)
    return scanner.extent


class _Enough(Exception):
    """There are more cells than allowed: nobody needs to know how many."""


class _Scanner:
    """Follows the cells of a sheet."""

    def __init__(self, most_cells: int) -> None:
        self.extent = Extent()
        self._most_cells = most_cells
        self._row = 0
        self._column = 0
        self._is_error = False
        self._in_error = False
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = local(name) if ":" in name else name
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or tag == "is":
            self._filled()
        elif tag == "row":
            self._row = _row_number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def end(self, name: str) -> None:
        if self._in_error:
            self._in_error = False
            self.extent.note_error(self._row, self._column, self._text[:20])

    def text(self, text: str) -> None:
        if self._in_error:
            self._text += text

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._column += 1
        if "r" in attributes:
            self._row, self._column = _place(attributes["r"])
        self._is_error = attributes.get("t") == "e"
        extent = self.extent
        extent.cells += 1
        if extent.cells > self._most_cells:
            raise _Enough

    def _filled(self) -> None:
        extent, row = self.extent, self._row
        if row < extent.last_row:
            raise broken("its rows are not in order")
        extent.first_row = extent.first_row or row
        extent.last_row = row
        extent.last_column = max(extent.last_column, self._column)
        self._in_error, self._text = self._is_error, ""


def _place(reference: str) -> tuple[int, int]:
    match = _REF.fullmatch(reference)
    if not match:
        raise broken("one of its cells has no place")
    return _row_number(match[2]), _column(match[1])


def _row_number(digits: str) -> int:
    row = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
    if not 0 < row <= _MOST_ROWS:
        raise broken("one of its rows has no number")
    return row
