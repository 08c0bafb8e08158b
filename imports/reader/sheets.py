"""What a workbook says about its sheets, read before the sheet itself is loaded.

The library that loads a sheet takes memory for every cell between the first and the last one: a few
hundred bytes with one cell at XFD1048576 would take all there is. So the sheet is looked through
first, with a parser that keeps nothing: where its cells stand, and which of them hold an error
(`#N/A`), which that library gives as empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from imports.columns import excerpt
from imports.errors import FileRefused, TooManyColumns, UnknownSheet, WorkbookTooLarge
from imports.reader.base import Limits
from imports.reader.package import Package, broken

_MOST_LIST_BYTES = 1_048_576
_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MOST_ROWS = 1_048_576


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetEntry:
    """A sheet in the workbook's list. `part`: its file in the archive, None for a chart."""

    name: str
    part: str | None
    visible: bool


@dataclass(slots=True)
class SheetPart:
    """What a sheet holds: the corner of its cells, and the texts of those that hold an error."""

    last_row: int = 0
    last_column: int = 0
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


def _parse(
    pieces: Iterable[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    if end:
        parser.EndElementHandler = end
    if text:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):
        raise broken("its contents are damaged") from None


def _refuse_doctype(*_: object) -> None:
    raise broken("it holds a document type, which no spreadsheet writes")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


# --- which sheet ------------------------------------------------------------------------------


def list_sheets(package: Package) -> list[SheetEntry]:
    """The sheets of a workbook in their order."""
    targets = _targets(package)
    found: list[SheetEntry] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) != "sheet":
            return
        link = next((v for k, v in attributes.items() if ":" in k and _local(k) == "id"), "")
        kind, part = targets.get(link, ("", None))
        found.append(
            SheetEntry(
                name=attributes.get("name", ""),
                part=part if kind.endswith("/worksheet") else None,
                visible=attributes.get("state", "visible") == "visible",
            )
        )

    _parse([_small(package, "xl/workbook.xml")], start)
    return found


def _targets(package: Package) -> dict[str, tuple[str, str | None]]:
    """Relation id -> its kind and the part it points to."""
    targets: dict[str, tuple[str, str | None]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            path = attributes.get("Target", "")
            path = path.removeprefix("/") if path.startswith(("/xl/", "xl/")) else f"xl/{path}"
            targets[attributes.get("Id", "")] = attributes.get("Type", ""), package.find(path)

    _parse([_small(package, "xl/_rels/workbook.xml.rels")], start)
    return targets


def _small(package: Package, name: str) -> bytes:
    part = package.find(name)
    if part is None:
        raise broken(f"it has no {name}")
    return package.read(part, _MOST_LIST_BYTES)


def choose_sheet(sheets: Sequence[SheetEntry], wanted: str | None) -> SheetEntry:
    """The sheet of that name, or the first one that a person sees. Raises UnknownSheet."""
    usable = [sheet for sheet in sheets if sheet.part]
    if not usable:
        raise broken("it has no sheet with cells")
    if not wanted:
        return next((sheet for sheet in usable if sheet.visible), usable[0])
    for same in (str, lambda name: name.strip().casefold()):
        for sheet in usable:
            if same(sheet.name) == same(wanted):
                return sheet
    names = ", ".join(f'"{excerpt(sheet.name)}"' for sheet in usable[:20])
    raise UnknownSheet(
        f'The workbook has no sheet "{excerpt(wanted)}". Its sheets are: {names}.',
        sheets=[excerpt(sheet.name) for sheet in usable],
    )


# --- where its cells stand --------------------------------------------------------------------


def scan(package: Package, sheet: SheetEntry, limits: Limits) -> SheetPart:
    """Look a sheet through. Raises TooManyColumns, WorkbookTooLarge or BrokenWorkbook."""
    if sheet.part is None:
        raise broken("it has no sheet with cells")
    scanner = _Scanner()
    _parse(package.pieces(sheet.part), scanner.start, scanner.end, scanner.text)
    part = scanner.part
    if part.last_column > limits.max_columns:
        raise TooManyColumns(
            f'The sheet "{excerpt(sheet.name)}" has {part.last_column:,} columns; at most '
            f"{limits.max_columns:,} are allowed. Remove the columns that are not needed.",
            limit=limits.max_columns,
        )
    height = part.last_row - scanner.first_row + 1
    if height * part.last_column > limits.max_workbook_cells:
        raise _too_sparse(sheet, part, limits)
    return part


def _too_sparse(sheet: SheetEntry, part: SheetPart, limits: Limits) -> FileRefused:
    return WorkbookTooLarge(
        f'The sheet "{excerpt(sheet.name)}" reaches to row {part.last_row:,} and column '
        f"{part.last_column:,}; at most {limits.max_workbook_cells:,} cells are allowed. "
        "Delete what stands far below the table, or save the sheet as CSV (UTF-8).",
        limit=limits.max_workbook_cells,
    )


class _Scanner:
    """Follows the cells of a sheet: their places as the loading library counts them."""

    def __init__(self) -> None:
        self.part = SheetPart()
        self.first_row = 0
        self._row = 0
        self._column = 0
        self._cell: tuple[int, int] | None = None
        self._is_error = False
        self._text: list[str] = []
        self._in_value = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = _local(name)
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "is"):
            self._filled()
            self._in_value = self._is_error
        elif tag == "row":
            self._row = self._number(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0

    def end(self, name: str) -> None:
        tag = _local(name)
        if tag == "c":
            self._cell = None
        elif tag == "v" and self._in_value:
            self._in_value = False
            self._note_error()

    def text(self, text: str) -> None:
        if self._in_value:
            self._text.append(text)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        row, self._column = self._row, self._column + 1
        if "r" in attributes:
            row, self._column = self._place(attributes["r"])
        self._cell = row, self._column
        self._is_error = attributes.get("t") == "e"
        self._text = []

    def _place(self, reference: str) -> tuple[int, int]:
        match = _REF.fullmatch(reference)
        if not match:
            raise broken("one of its cells has no place")
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - 64
        return self._number(match[2]), column

    def _number(self, digits: str) -> int:
        row = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 0
        if not 0 < row <= _MOST_ROWS:
            raise broken("one of its rows has no number")
        return row

    def _filled(self) -> None:
        """A cell holds something: the sheet reaches at least to it."""
        if self._cell is None:
            return
        row, column = self._cell
        if row < self.part.last_row:
            raise broken("its rows are not in order")
        self.first_row = self.first_row or row
        self.part.last_row = row
        self.part.last_column = max(self.part.last_column, column)

    def _note_error(self) -> None:
        if self._cell is not None:
            row, column = self._cell
            self.part.errors.setdefault(row, []).append((column - 1, "".join(self._text)))
