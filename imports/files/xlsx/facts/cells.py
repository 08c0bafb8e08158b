"""What a sheet says about its cells and rows beside the values that the library gives.

Errors, formulas without a value, broken texts, number formats, merged cells, hidden rows and links.
An XML parser finds them, which takes longer than loading the sheet. So it runs only where
`may_have_facts` finds a mark of one; ordinary sheets have none.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from imports.files.xlsx.facts.formats import Format, shown_number
from imports.schema.error_values import is_error_value

Value = int | float | str | bool | datetime.date | datetime.time | datetime.timedelta
_DATES = (datetime.date, datetime.time, datetime.timedelta)
_MAX_MERGED_ROWS: Final = 100_000  # of all blocks of merged cells that are kept

# Bytes without which no cell or row has a fact, in the notation of all programs known: the types
# "error" and "date", attributes and elements.
_MARKS: Final = (b't="e"', b't="d"', b"hidden", b"mergeCell")
# A value that is no whole number (shared texts are named by one), and a formula.
_NO_INDEX: Final = re.compile(rb"<v(?!>[0-9]+<)")
_FORMULA: Final = re.compile(rb"<f[ >/]")
# Any other notation: blanks beside =, single quotes, prefixes, UTF-16. A sheet has one throughout.
_OTHER_NOTATION: Final = (b" =", b"= ", b"='", b":sheetData", b"\0")
_EDGE_BYTES: Final = 24
_MAX_STYLES: Final = 500  # that one pattern looks for


class Fact(NamedTuple):
    """One fact. `row` from 1; `column` from 0, None for the whole row. `kind` is one of error,
    broken, formula, format, date, link, merged, hidden, skipped."""

    row: int
    column: int | None
    kind: str
    value: str


@dataclass(slots=True)
class Facts:
    """What a parser found in a sheet. Rows count from 1, columns from 0."""

    texts: dict[int, dict[int, str]] = field(default_factory=dict)  # in place of the library's
    kinds: dict[int, dict[int, str]] = field(default_factory=dict)  # why a text is replaced
    formats: dict[int, dict[int, Format]] = field(default_factory=dict)
    links: dict[int, dict[int, str]] = field(default_factory=dict)  # the addresses of mailto: links
    merged: dict[int, list[tuple[int, int, bool]]] = field(default_factory=dict)  # see add_merged
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    has_dates: bool = False
    width: int = 0  # of the texts

    def add_text(self, row: int, column: int, kind: str, text: str) -> None:
        """Replaces the text of a cell. `kind`: "" or that of a fact."""
        self.texts.setdefault(row, {})[column] = text
        self.width = max(self.width, column + 1)
        if kind:
            self.kinds.setdefault(row, {})[column] = kind

    def add_merged(self, top: int, left: int, bottom: int, right: int) -> None:
        """Adds a block of merged cells: for each row its first and last column, and whether it is
        the first row."""
        bottom = min(bottom, top + _MAX_MERGED_ROWS - len(self.merged))
        for row in range(top, bottom + 1):
            self.merged.setdefault(row, []).append((left, right, row == top))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look up for a row."""
        return not (
            self.texts
            or self.formats
            or self.links
            or self.merged
            or self.hidden_rows
            or self.has_dates
        )

    def of_row(self, row: int, cells: list[str], values: Sequence[Value], left: int) -> list[Fact]:
        """The facts of a row. Replaces those of its `cells` that a spreadsheet shows otherwise.

        `values`: what the library gives for the cells from column `left` on."""
        found: list[Fact] = []
        for column, text in self.texts.get(row, {}).items():
            kind = self.kinds.get(row, {}).get(column)
            if kind:
                found.append(Fact(row, column, kind, text))
            cells[column] = "" if kind == "broken" else text
        for column, format_ in self.formats.get(row, {}).items():
            value = values[column - left] if 0 <= column - left < len(values) else ""
            if isinstance(value, int | float) and not isinstance(value, bool):
                shown = shown_number(value, format_)
                if shown is None:
                    found.append(Fact(row, column, "format", cells[column]))
                else:
                    cells[column] = shown
        if self.has_dates:
            found += (
                Fact(row, column, "date", cells[column])
                for column, value in enumerate(values, left)
                if isinstance(value, _DATES)
            )
        for column, address in self.links.get(row, {}).items():
            if column < len(cells) and address.casefold() not in cells[column].casefold():
                found.append(Fact(row, column, "link", address))
        for first, last, is_top in self.merged.get(row, ()):
            columns = range(first + is_top, min(last + 1, len(cells)))
            found += (Fact(row, column, "merged", "") for column in columns)
        if row in self.hidden_rows:
            found.append(Fact(row, None, "hidden", ""))
        return found


def error_texts(row: int, cells: Sequence[str]) -> Iterator[Fact]:
    """The cells of a row that hold the text of an error, in any language."""
    for column, text in enumerate(cells):
        if text[:1] == "#" and is_error_value(text):
            yield Fact(row, column, "error", text)


def may_have_facts(pieces: Iterable[bytes], formats: Mapping[int, Format]) -> bool:
    """Whether a sheet may have facts. False is certain. `formats`: those of the styles."""
    if len(formats) > _MAX_STYLES:
        return True
    styles = "|".join(str(style) for style in formats)
    has_style = re.compile(rf' s="(?:{styles})"'.encode()) if formats else None
    before = b""
    for piece in pieces:
        text = before + piece  # a mark may be cut between two pieces
        if not before:
            body = text[text.find(b"?>") + 1 :]  # the declaration may have single quotes
            if any(mark in body for mark in _OTHER_NOTATION):
                return True
        if any(mark in text for mark in _MARKS):
            return True
        if _NO_INDEX.search(text) or _FORMULA.search(text):
            return True
        if has_style and has_style.search(text):
            return True
        before = piece[-_EDGE_BYTES:]
    return False
