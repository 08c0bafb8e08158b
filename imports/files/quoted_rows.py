"""Reads the rows of text with quotes. A quoted cell may contain line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from operator import length_hint
from typing import Protocol

from imports.errors import FileRefused
from imports.files import cell_messages, messages
from imports.files.delimiter import Dialect
from imports.files.escaping import ESCAPED_TEXT
from imports.files.quoting import Padding
from imports.files.source import CellNotice, CellProblem, Limits, RowBlock
from imports.files.suspects import is_suspect
from imports.files.text import split_lines

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

    def syntax_refusal(self, error: csv.Error, row: int, line: int) -> FileRefused:
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
        self._texts = texts
        self._supplied_lines = 0
        self._finished_lines = 0  # the lines of rows that are complete
        self._open_chars = 0  # of the row that continues in the current block
        self._escaped = False
        self._suspect = False
        self._problems: list[CellProblem] = []
        self._notices: list[CellNotice] = []
        self._use_block(text)

    def blocks(self) -> Iterator[RowBlock]:
        """The rows. Those that begin in one text block make one RowBlock."""
        rows: list[list[str]] = []
        started, supplied = 0, self._supplied_lines
        for cells in self._rows():
            rows.append(cells)
            self.row += 1
            at_block_end = self._finished_lines == self._supplied_lines
            if at_block_end or supplied != self._supplied_lines:
                yield self._row_block(rows, self._finished_lines - started)
                rows, started, supplied = [], self._finished_lines, self._supplied_lines
            if at_block_end:
                break
        self.line += self._finished_lines

    def _rows(self) -> Iterator[list[str]]:
        """The rows as csv.reader gives them. It begins anew behind a row with a stray quote."""
        lines = self._supply()
        while True:
            reader, first_line = self._source.dialect.rows(lines), self._finished_lines
            try:
                for cells in reader:
                    self._finished_lines = first_line + reader.line_num
                    yield cells
                return
            except csv.Error as error:
                yield self._row_with_stray_quote(error)

    def _row_with_stray_quote(self, error: csv.Error) -> list[str]:
        """The cells of a row with text after a closing quote, which becomes an error of that row.

        Only where the row is one line, has as many cells as the header, and ends outside of quotes:
        then what follows can be read rightly. Else the file is refused.
        """
        cells: list[str] = []
        line = self._lines[len(self._lines) - length_hint(self._line_iterator) - 1]
        if "expected after" in str(error) and self._given_lines == self._finished_lines + 1:
            line = self._unpadded(line, is_open=False)
            cells = next(csv.reader([line], delimiter=self._source.dialect.delimiter), [])
        self._source.stray_rows += 1
        if (
            len(cells) != self._source.width
            or any("\n" in cell or "\r" in cell for cell in cells)
            or self._source.stray_rows > MAX_STRAY_ROWS
        ):
            line_number = self.line + self._finished_lines
            raise self._source.syntax_refusal(error, self.row, line_number) from None
        self._problems.append(cell_messages.stray_quote(self.row, line))
        self._finished_lines += 1
        return cells

    def _row_block(self, rows: list[list[str]], lines: int) -> RowBlock:
        first_row = self.row - len(rows)
        if lines != len(rows) or self._longest_line > self._source.limits.max_cell_chars:
            check_lengths(rows, first_row, self._source.limits)
        problems, self._problems = self._problems, []
        notices, self._notices = self._notices, []
        return RowBlock(
            first_row,
            len(rows),
            rows,
            escaped=self._escaped,
            suspect=self._suspect,
            problems=problems,
            notices=notices,
        )

    def _supply(self) -> Iterator[str]:
        """Lines for csv.reader, which asks for a further block only in the middle of a row."""
        yield from self._lines_of_block()
        for text in self._texts:
            self._check_open_row()
            self._use_block(text)
            yield from self._lines_of_block()

    @property
    def _given_lines(self) -> int:
        """How many lines csv.reader has taken."""
        return self._supplied_lines - length_hint(self._line_iterator)

    def _lines_of_block(self) -> Iterator[str]:
        if not self._is_padded:
            yield from self._line_iterator
        for line in self._line_iterator:
            yield self._unpadded(line, is_open=self._given_lines - 1 != self._finished_lines)

    def _unpadded(self, line: str, *, is_open: bool) -> str:
        shorter = self._source.padding.remove(line, is_open=is_open) if self._is_padded else line
        if shorter != line:
            self._notices.append(cell_messages.blanks_around_quotes(self.row))
        return shorter

    def _use_block(self, text: str) -> None:
        """Makes the lines of a text block those that `_supply` gives next."""
        self._lines = split_lines(text)
        self._line_iterator = iter(self._lines)
        self._is_padded = self._source.padding.may_occur(text)
        self._supplied_lines += len(self._lines)
        self._longest_line = max(self._open_chars, *map(len, self._lines))
        self._escaped = self._escaped or ESCAPED_TEXT.search(text) is not None
        self._suspect = self._suspect or is_suspect(text, self._source.dialect.delimiter)

    def _check_open_row(self) -> None:
        """Raises RecordTooLong if the row that continues in the next block is already too long."""
        open_lines = self._supplied_lines - self._finished_lines
        if open_lines <= len(self._lines):
            self._open_chars = 0
        self._open_chars += sum(map(len, self._lines[-open_lines:]))
        if self._open_chars > self._source.limits.max_record_bytes:
            raise messages.record_too_long(self.row, self._source.limits)
