"""Reads the rows of text with quotes. A quoted cell may contain line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from imports.errors import FileRefused
from imports.files import messages
from imports.files.cleaning import cell_messages
from imports.files.cleaning.escaping import ESCAPED_TEXT
from imports.files.cleaning.suspects import is_suspect
from imports.files.delimited.dialect import Dialect, UnpaddedRows
from imports.files.delimited.quoting import Padding
from imports.files.source import CellNotice, CellProblem, Limits, RowBlock
from imports.files.text import may_have_long_line, split_lines

# A file with more rows that are spoilt by a quote is refused: its quoting is not understood.
MAX_STRAY_ROWS = 100


class QuotedSource(Protocol):
    """What QuotedRows needs to know of the file. `width`: the number of cells of the header row;
    `stray_rows`: how many rows had a stray quote so far."""

    dialect: Dialect
    limits: Limits
    padding: Padding
    width: int
    stray_rows: int

    def syntax_refusal(self, error: str, row: int, line: int) -> FileRefused:
        """The refusal for an error of csv.reader in the row that begins after `line` lines."""


def check_lengths(rows: list[list[str]], first_row: int, limits: Limits) -> None:
    """Raises CellTooLong or RecordTooLong for the first row that is longer than allowed."""
    longest = max(map(len, chain.from_iterable(rows)), default=0)
    total = sum(map(len, chain.from_iterable(rows)))
    if longest <= limits.max_cell_chars and total <= limits.max_record_bytes:
        return
    for row, cells in enumerate(rows, first_row):
        if max(map(len, cells), default=0) > limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, limits.max_cell_chars)
        if sum(map(len, cells)) + len(cells) > limits.max_record_bytes:
            raise messages.record_too_long(row, limits)


class QuotedRows:
    """The rows that follow from a text block with quotes.

    A row may continue in the next text block. The rows end at the first text block whose end is the
    end of a row. `row` and `line` are then the position behind them.
    """

    def __init__(
        self, source: QuotedSource, text: str, texts: Iterator[str], row: int, line: int
    ) -> None:
        self.row = row
        self.line = line
        self._source = source
        self._texts = chain([text], texts)
        self._open_text = ""  # the beginning of a row that continues in the next text block

    def blocks(self) -> Iterator[RowBlock]:
        """The rows. Those that end in one text block make one RowBlock."""
        for text in self._texts:
            block = self._read_block(self._open_text + text)
            if block.row_count:
                yield block
            if not self._open_text:
                return
            if len(self._open_text) > self._source.limits.max_record_bytes:
                raise messages.record_too_long(self.row, self._source.limits)
        raise self._source.syntax_refusal("unexpected end of data", self.row, self.line)

    def _read_block(self, text: str) -> RowBlock:
        """The rows that end in a text that begins with a row. Moves behind them."""
        lines = split_lines(text)
        first_row = self.row
        problems: list[CellProblem] = []
        notices: list[CellNotice] = []
        suspect = is_suspect(text, self._source.dialect.delimiter)
        is_padded = self._source.padding.may_precede(text, suspect=suspect)
        rows = None if is_padded else self._rows_at_once(lines)
        if rows is None:
            rows, finished = self._rows_one_by_one(lines, problems, notices)
        else:
            finished = len(lines)
            self.row += len(rows)
            self.line += finished
        self._open_text = "".join(lines[finished:])
        limits = self._source.limits
        if finished != len(rows) or may_have_long_line(text, limits.max_cell_chars):
            check_lengths(rows, first_row, limits)
        return RowBlock(
            first_row,
            len(rows),
            rows,
            escaped="'" in text and ESCAPED_TEXT.search(text) is not None,
            suspect=suspect,
            problems=problems,
            notices=notices,
        )

    def _rows_at_once(self, lines: list[str]) -> list[list[str]] | None:
        """The rows of lines; None for a stray quote, or if the last row continues."""
        try:
            return list(self._source.dialect.rows(lines))
        except csv.Error:
            return None

    def _rows_one_by_one(
        self, lines: list[str], problems: list[CellProblem], notices: list[CellNotice]
    ) -> tuple[list[list[str]], int]:
        """The rows that end in these lines, and the number of their lines."""
        rows: list[list[str]] = []
        finished = 0
        while finished < len(lines):
            source = self._source
            reader = UnpaddedRows(lines[finished:], source.dialect, source.padding)
            error = ""
            try:
                rows.extend(reader)
            except csv.Error as csv_error:
                error = str(csv_error)
            notices += [cell_messages.blanks_around_quotes(self.row + n) for n in reader.changed]
            self.row += reader.count
            self.line += reader.finished_lines
            finished += reader.finished_lines
            if not error or "unexpected end" in error:
                break
            line = lines[finished]
            rows.append(self._row_with_stray_quote(error, line, reader.given_lines))
            problems.append(cell_messages.stray_quote(self.row, line))
            self.row += 1
            self.line += 1
            finished += 1
        return rows, finished

    def _row_with_stray_quote(self, error: str, line: str, given_lines: int) -> list[str]:
        """The cells of a row with text after a closing quote, which becomes an error of that row.

        Only where the row is one line, has as many cells as the header, and ends outside of quotes:
        then what follows can be read rightly. Else the file is refused. `given_lines`: those of the
        row that csv.reader has taken.
        """
        cells: list[str] = []
        if "expected after" in error and given_lines == 1:
            line = self._source.padding.remove(line, is_open=False)
            cells = next(csv.reader([line], delimiter=self._source.dialect.delimiter), [])
        self._source.stray_rows += 1
        if (
            len(cells) != self._source.width
            or any("\n" in cell or "\r" in cell for cell in cells)
            or self._source.stray_rows > MAX_STRAY_ROWS
        ):
            raise self._source.syntax_refusal(error, self.row, self.line)
        return cells
