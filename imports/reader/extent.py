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
from dataclasses import dataclass, field

from imports.errors import FileRefused, TooManyColumns, WorkbookTooLarge
from imports.reader.base import Limits
from imports.reader.package import Package, broken
from imports.reader.sheets import SheetEntry, local, parse
from imports.wording import excerpt

_MOST_ROWS = 1_048_576
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CELLS = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_ERRORS = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^<>]* t="e"[^<>]*>(?:<f[^<>]*/>|<f[^<>]*>[^<>]*</f>)?'
    rb"<v>([^<>]{1,20})</v>"
)
_TAG_ENDS = (b" ", b">", b"/", b"\t", b"\r", b"\n")


@dataclass(slots=True)
class Extent:
    """The corners of a sheet's cells, and the texts of those that hold an error, by row."""

    first_row: int = 0
    last_row: int = 0
    last_column: int = 0
    cells: int = 0
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def note_error(self, row: int, column: int, text: str) -> None:
        """`column` counts from 1."""
        self.errors.setdefault(row, []).append((column - 1, text))

    def size(self) -> int:
        """How many cells the library would make; it reads every one of them first."""
        return max(self.cells, (self.last_row - self.first_row + 1) * self.last_column)


def find_extent(package: Package, sheet: SheetEntry, limits: Limits) -> Extent:
    """Look a sheet through. Raises TooManyColumns, WorkbookTooLarge or BrokenWorkbook."""
    if sheet.part is None:
        raise broken("it has no sheet with cells")
    extent = _quick(package.pieces(sheet.part))
    if extent is None or _problem(extent, sheet, limits):
        # written in an unusual way, or it reaches far: look again, at cells that hold something
        extent = _exact(package.pieces(sheet.part))
    if problem := _problem(extent, sheet, limits):
        raise problem
    return extent


def _problem(extent: Extent, sheet: SheetEntry, limits: Limits) -> FileRefused | None:
    if extent.last_column > limits.max_columns:
        return TooManyColumns(
            f'The sheet "{excerpt(sheet.name)}" has {extent.last_column:,} columns; at most '
            f"{limits.max_columns:,} are allowed. Remove the columns that are not needed.",
            limit=limits.max_columns,
        )
    if extent.size() > limits.max_workbook_cells:
        return WorkbookTooLarge(
            f'The sheet "{excerpt(sheet.name)}" reaches to row {extent.last_row:,} and column '
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


def _quick(pieces: Iterator[bytes]) -> Extent | None:
    """The extent where every cell is written as `<c r="B2"`, in rows from the top; else None."""
    extent = Extent()
    columns: set[bytes] = set()
    for piece in _whole_cells(pieces):
        found = _CELLS.findall(piece)
        if not _is_usual(piece, len(found)):
            return None
        if not found:
            continue
        rows = [int(row) for _, row in found]
        if rows[0] < extent.last_row or rows != sorted(rows) or not 0 < rows[-1] <= _MOST_ROWS:
            return None
        extent.first_row = extent.first_row or rows[0]
        extent.last_row = rows[-1]
        extent.cells += len(rows)
        columns.update({column for column, _ in found})
        if b't="e"' in piece:
            _note_errors(extent, piece)
    extent.last_column = max((_column(letters.decode()) for letters in columns), default=0)
    return extent


def _whole_cells(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut before a cell."""
    carry = b""
    for piece in pieces:
        piece = carry + piece
        cut = max(piece.rfind(b"<c "), 0)
        yield piece[:cut]
        carry = piece[cut:]
        if len(carry) > 1_048_576:
            break  # one cell of a megabyte: let the parser look at it
    yield carry


def _is_usual(piece: bytes, cells: int) -> bool:
    """Whether there are no more cells than those, in another notation or with a prefix (`x:c`)."""
    if b"\0" in piece or any(b":c" + end in piece for end in _TAG_ENDS):
        return False
    return cells == sum(piece.count(b"<c" + end) for end in _TAG_ENDS)


def _note_errors(extent: Extent, piece: bytes) -> None:
    for letters, row, text in _ERRORS.findall(piece):
        extent.note_error(int(row), _column(letters.decode()), text.decode("utf-8", "replace"))


# --- in any notation --------------------------------------------------------------------------


def _exact(pieces: Iterator[bytes]) -> Extent:
    scanner = _Scanner()
    parse(pieces, scanner.start, scanner.end, scanner.text)
    return scanner.extent


class _Scanner:
    """Follows the cells of a sheet that hold something, with the loading library's own counting."""

    def __init__(self) -> None:
        self.extent = Extent()
        self._row = 0
        self._column = 0
        self._cell: tuple[int, int] | None = None
        self._is_error = False
        self._text: list[str] = []
        self._in_value = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = local(name)
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "is"):
            self._filled()
            self._in_value = self._is_error
        elif tag == "row":
            self._row = _row_number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def end(self, name: str) -> None:
        tag = local(name)
        if tag == "c":
            self._cell = None
        elif tag == "v" and self._in_value and self._cell:
            self._in_value = False
            self.extent.note_error(*self._cell, "".join(self._text)[:20])

    def text(self, text: str) -> None:
        if self._in_value:
            self._text.append(text)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        row, self._column = self._row, self._column + 1
        if "r" in attributes:
            row, self._column = _place(attributes["r"])
        self._cell = row, self._column
        self._is_error = attributes.get("t") == "e"
        self._text = []

    def _filled(self) -> None:
        if self._cell is None:
            return
        row, column = self._cell
        if row < self.extent.last_row:
            raise broken("its rows are not in order")
        self.extent.first_row = self.extent.first_row or row
        self.extent.last_row = row
        self.extent.cells += 1
        self.extent.last_column = max(self.extent.last_column, column)


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
