"""How the cells of a text file are separated, found out from its first rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from imports.errors import UnknownDelimiter
from imports.files.header_row import find_header, is_blank
from imports.files.source import Limits, Sample

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_BY_NAME = {name: char for char, name in DELIMITERS.items()} | {"\\t": "\t"}
_SEP_LINE = re.compile(r'\ufeff?"?sep=([^\w\s"]|\t)\1*"?[\r\n]*', re.IGNORECASE)
_LONGEST_LOOKED_AT = 2_000


class Dialect(NamedTuple):
    """`skip_spaces`: cells are written as in `a, "b"`, with spaces before the quote."""

    delimiter: str
    skip_spaces: bool = False

    def rows(self, lines: Iterable[str]) -> Reader:
        """Lines as rows, strictly: a quote that is out of place is an error."""
        return csv.reader(
            lines, delimiter=self.delimiter, skipinitialspace=self.skip_spaces, strict=True
        )


class Opening(NamedTuple):
    """The first filled rows of a file as one dialect gives them, and where it broke down."""

    dialect: Dialect
    samples: list[Sample]
    fields: set[str]
    error: csv.Error | None

    def rank(self) -> tuple[bool, int, float]:
        """What speaks for this dialect: known columns, then rows of one and the same length."""
        return "email" in self.fields, len(self.fields), self._evenness()

    def _evenness(self) -> float:
        lengths = [len(s.cells) for s in self.samples]
        usual = max(set(lengths), key=lengths.count, default=0)
        return lengths.count(usual) / len(lengths) if usual > 1 else 0.0


def named_delimiter(name: str | None) -> str | None:
    """The character that a client named, by itself or by its word. Raises UnknownDelimiter."""
    if not name:
        return None
    char = _BY_NAME.get(name.strip().lower(), name)
    if char not in DELIMITERS:
        words = ", ".join(f'{word} ("{c}")' for c, word in DELIMITERS.items() if c != "\t")
        raise UnknownDelimiter(
            f"The delimiter {name[:20]!r} is not one that can be read. Name one of {words} and tab."
        )
    return char


def sep_line(line: str, named: str | None) -> str | None:
    """The delimiter that a first line `sep=;` names; a spreadsheet obeys but does not show it.

    `named`: the delimiter that a client named; it overrules the line. Raises UnknownDelimiter.
    """
    match = _SEP_LINE.fullmatch(line[:40])
    return (named or named_delimiter(match[1])) if match else None


def open_rows(
    head: Sequence[str],
    lines_above: int,
    delimiter: str | None,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> Opening:
    """The first rows in the likeliest dialect; `lines_above`: blank lines left out before them."""
    candidates = [Dialect(char) for char in ([delimiter] if delimiter else DELIMITERS)]
    best = max(
        (_opened(head, lines_above, d, mapping, limits) for d in candidates), key=Opening.rank
    )
    if not _has_spaced_quotes(head, best.dialect.delimiter):
        return best
    spaced = Dialect(best.dialect.delimiter, skip_spaces=True)
    return _opened(head, lines_above, spaced, mapping, limits)


def _opened(
    head: Sequence[str],
    lines_above: int,
    dialect: Dialect,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> Opening:
    samples: list[Sample] = []
    error = None
    try:
        samples.extend(_samples(head, lines_above, dialect, limits))
    except csv.Error as problem:
        error = problem
    found = find_header(samples, mapping, limits)
    return Opening(dialect, samples, found[1] if found else set(), error)


def _samples(
    head: Sequence[str], lines_above: int, dialect: Dialect, limits: Limits
) -> Iterator[Sample]:
    rows = dialect.rows(head)
    filled = 0
    for row, cells in enumerate(rows, start=lines_above + 1):
        if not cells or is_blank(cells):
            continue
        yield Sample(row, cells, lines_above + rows.line_num)
        filled += 1
        if filled > 3 * limits.max_title_rows:
            break


def _has_spaced_quotes(head: Sequence[str], delimiter: str) -> bool:
    """Whether a line reads `a, "b c", d`.

    No program writes that cell so: it would quote the whole cell, spaces and all. Lines whose
    quotes can be read in another way don't count.
    """
    by = re.escape(delimiter)
    cell = rf'(?: *"[^"\r\n]*"|[^"\r\n{by}]*)'
    line_of_cells = re.compile(rf"{cell}(?:{by}{cell})*[\r\n]*")
    spaced = re.compile(rf'{by} +"')
    looked_at = (line for line in head[:100] if len(line) <= _LONGEST_LOOKED_AT)
    return any(spaced.search(line) and line_of_cells.fullmatch(line) for line in looked_at)
