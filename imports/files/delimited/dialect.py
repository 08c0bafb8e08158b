"""How the lines of a text file become cells, and the detection of the delimiter."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from imports.errors import MixedDelimiters
from imports.files.delimited.quoting import Padding
from imports.files.delimiters import DELIMITERS, named_delimiter
from imports.files.header.header_row import find_header, is_blank
from imports.files.source import Limits, SampleRow
from imports.schema.columns import fields_in

if TYPE_CHECKING:
    from _csv import Reader


_SEP_LINE = re.compile(r'\ufeff?"?sep=([^\w\s"]|\t)\1*"?[\r\n]*', re.IGNORECASE)
_MAX_SEP_LINE_CHARS = 40


class Dialect(NamedTuple):
    """How the lines of a file become cells."""

    delimiter: str

    def rows(self, lines: Iterable[str]) -> Reader:
        """A strict csv.reader of the lines: a misplaced quote raises csv.Error."""
        return csv.reader(lines, delimiter=self.delimiter, strict=True)


class UnpaddedRows:
    """The rows of lines, read without the blanks around quoted cells.

    `count` and `finished_lines`: the rows so far and their lines; `changed`: the indexes of rows
    that had such blanks. csv.Error is raised as by a csv.reader.
    """

    def __init__(self, lines: Sequence[str], dialect: Dialect, padding: Padding) -> None:
        self.count = 0
        self.finished_lines = 0
        self.changed: list[int] = []
        self._lines = lines
        self._padding = padding
        self._reader = dialect.rows(self._unpadded())

    @property
    def given_lines(self) -> int:
        """How many lines the row that is being read has so far."""
        return self._reader.line_num - self.finished_lines

    def __iter__(self) -> Iterator[list[str]]:
        for cells in self._reader:
            self.count += 1
            self.finished_lines = self._reader.line_num
            yield cells

    def _unpadded(self) -> Iterator[str]:
        for number, line in enumerate(self._lines):
            if '"' not in line:
                yield line
                continue
            shorter = self._padding.remove(line, is_open=number != self.finished_lines)
            if shorter != line and self.changed[-1:] != [self.count]:
                self.changed.append(self.count)
            yield shorter


class DialectTrial(NamedTuple):
    """The first filled rows of a file as a dialect reads them.

    `fields`: the fields of the header row among them; `error`: why reading stopped early, if so.
    """

    dialect: Dialect
    samples: list[SampleRow]
    fields: set[str]
    error: csv.Error | None

    def rank(self) -> tuple[bool, int, float]:
        """Sorts trials: more known columns first, then more rows of the same length."""
        return "email" in self.fields, len(self.fields), self._regularity()

    def _regularity(self) -> float:
        """The share of rows that have the most frequent length; 0 where that is one cell."""
        lengths = [len(sample.cells) for sample in self.samples]
        usual = max(set(lengths), key=lengths.count, default=0)
        return lengths.count(usual) / len(lengths) if usual > 1 else 0.0


def sep_line_delimiter(line: str, named: str | None) -> str | None:
    """The delimiter of a first line such as `sep=;`, which Excel obeys but does not show.

    None if the line is an ordinary one. `named`: the delimiter that the client named, which takes
    precedence. Raises UnknownDelimiter.
    """
    match = _SEP_LINE.fullmatch(line[:_MAX_SEP_LINE_CHARS])
    return (named or named_delimiter(match[1])) if match else None


def detect_dialect(
    lines: Sequence[str],
    lines_above: int,
    delimiter: str | None,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> DialectTrial:
    """The dialect that gives the first lines the most known columns, and its sample rows.

    `lines_above`: the number of blank lines before `lines`; `delimiter`: the only one to try.
    """
    occurring = [char for char in DELIMITERS if any(char in line for line in lines)]
    candidates = [delimiter] if delimiter else occurring or [","]
    trials = (_try_dialect(lines, lines_above, Dialect(c), mapping, limits) for c in candidates)
    trial = max(trials, key=DialectTrial.rank)
    if delimiter:
        if trial.fields:
            return trial
        return _with_header_of_another(trial, lines, lines_above, mapping, limits)
    _refuse_mixed(trial, lines[: limits.sample_rows], lines_above, mapping, limits)
    return trial


def _with_header_of_another(
    trial: DialectTrial,
    lines: Sequence[str],
    lines_above: int,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> DialectTrial:
    """The trial with a header row that has another delimiter than the rows below it, if these have
    no more cells than it; else the trial itself."""
    for number, line in enumerate(lines[: limits.max_title_rows + 1], start=1):
        for header in (_split(line, char) for char in DELIMITERS if char in line):
            if len(header) > limits.max_columns:
                continue
            fields = fields_in(header, mapping)
            if "email" not in fields or len(fields) < 2:
                continue
            row = lines_above + number
            below = _try_dialect(lines[number:], row, trial.dialect, mapping, limits)
            if _are_rows_of([sample.cells for sample in below.samples], len(header)):
                samples = [SampleRow(row, header, row), *below.samples]
                return below._replace(samples=samples, fields=fields)
    return trial


def _refuse_mixed(
    trial: DialectTrial,
    lines: Sequence[str],
    lines_above: int,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> None:
    """Raises MixedDelimiters if all rows have another delimiter than the header row."""
    found = find_header(trial.samples, mapping, limits)
    if not found or len(found[1]) < 2:
        return
    width = len(found[0].cells)
    below = [line for line in lines[found[0].end_line - lines_above :] if line.strip()]
    if any("@" in line and len(_split(line, trial.dialect.delimiter)) >= width for line in below):
        return
    for char in DELIMITERS:
        if _are_rows_of([_split(line, char) for line in below], width):
            own, name = DELIMITERS[trial.dialect.delimiter], DELIMITERS[char].name
            if own.name == name:
                return
            raise MixedDelimiters(
                f"The names of the columns are separated by {own.plural}, but the rows below them "
                f"by {DELIMITERS[char].plural}. Separate them alike, or name the delimiter of the "
                f'rows ("delimiter={name}").',
                header_delimiter=own.name,
                delimiter=name,
            )


def _are_rows_of(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether all rows that hold an address have several cells, as many as the header or fewer."""
    lengths = {len(row) for row in rows if any("@" in cell for cell in row)}
    return bool(lengths) and min(lengths) > 1 and max(lengths) == width


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter), [])


def _try_dialect(
    lines: Sequence[str],
    lines_above: int,
    dialect: Dialect,
    mapping: Mapping[str, str] | None,
    limits: Limits,
) -> DialectTrial:
    samples: list[SampleRow] = []
    error = None
    try:
        samples.extend(_sample_rows(lines, lines_above, dialect, limits))
    except csv.Error as csv_error:
        error = csv_error
    found = find_header(samples, mapping, limits)
    return DialectTrial(dialect, samples, found[1] if found else set(), error)


def _sample_rows(
    lines: Sequence[str], lines_above: int, dialect: Dialect, limits: Limits
) -> Iterator[SampleRow]:
    rows = UnpaddedRows(lines, dialect, Padding(dialect.delimiter))
    count = 0
    for row, cells in enumerate(rows, start=lines_above + 1):
        if not cells or is_blank(cells):
            continue
        yield SampleRow(row, cells, lines_above + rows.finished_lines)
        count += 1
        if count == limits.sample_rows:
            break
