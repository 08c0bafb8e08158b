"""The rows of a text file, strictly: nothing of it is swallowed, guessed away or cut short."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from operator import methodcaller
from typing import BinaryIO

from imports.errors import FileEmpty, FileRefused
from imports.files import messages
from imports.files.delimiter import Dialect, open_rows, sep_line
from imports.files.encoding import undecodable
from imports.files.escaping import ESCAPED
from imports.files.source import Batch, Limits, Sample
from imports.files.text import (
    Encoding,
    Fault,
    LineTooLong,
    count_lines,
    decoded,
    split_lines,
    whole_lines,
)


class DelimitedSource:
    """The rows of a text file, from its first block on."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: Encoding,
        limits: Limits,
        *,
        delimiter: str | None,
        mapping: Mapping[str, str] | None,
    ) -> None:
        """Look at the beginning of the file and settle on a dialect. Raises FileRefused."""
        self._file = file
        self._encoding = encoding
        self.limits = limits
        lines_above, head = self._head()
        sep = None if lines_above else sep_line(head[0], delimiter)
        self._sep_lines = 1 if sep else 0
        opening = open_rows(head[self._sep_lines :], lines_above, sep or delimiter, mapping, limits)
        self.dialect: Dialect = opening.dialect
        self.samples = opening.samples
        self._first_row, self._skip_lines = 1, self._sep_lines
        if opening.error and not opening.fields:
            last = opening.samples[-1] if opening.samples else Sample(lines_above, [], lines_above)
            raise self.refuse_syntax(opening.error, last.row + 1, self._sep_lines + last.end_line)

    def start_below(self, header: Sample) -> None:
        """Leave out the rows up to and with the header."""
        self._first_row = header.row + 1
        self._skip_lines = self._sep_lines + header.end_line

    # --- the first rows -----------------------------------------------------------------------

    def _head(self) -> tuple[int, list[str]]:
        """The first lines, about `max_header_bytes` of them, and how many blank ones precede them.

        Raises FileEmpty, or what is wrong with the very first line. What is wrong further down will
        be met again where the rows are read.
        """
        blank_lines = 0
        lines: list[str] = []
        try:
            for text in self._texts():
                if lines or text.removeprefix("\ufeff").strip():
                    lines += split_lines(text)
                else:
                    blank_lines += count_lines(text)
                if sum(map(len, lines)) >= self.limits.max_header_bytes:
                    break
        except LineTooLong as long:
            if not lines:
                raise messages.first_line_too_long(long.text, self.limits) from None
        if not lines:
            raise FileEmpty("The file is empty. Choose a file with a header row and rows below it.")
        return blank_lines, lines

    # --- all rows -----------------------------------------------------------------------------

    def batches(self) -> Iterator[Batch]:
        """The rows below the header."""
        row, line = self._first_row, self._skip_lines
        blocks = self._blocks()
        for text in _without_lines(blocks, self._skip_lines):
            if '"' in text:
                quoted = _Quoted(self, text, blocks, row, line)
                yield from quoted.batches()
                row, line = quoted.row, quoted.line
            else:
                batch = self._plain(text, row)
                yield batch
                row, line = row + batch.row_count, line + batch.row_count

    def _plain(self, text: str, row: int) -> Batch:
        """A block without quotes: every line is a row, and every delimiter separates two cells."""
        if text.isspace():
            return Batch(row, count_lines(text), (), False)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.removesuffix("\n").split("\n")
        if max(map(len, lines)) > self.limits.max_cell_chars:
            refuse_long_cells(
                [line.split(self.dialect.delimiter) for line in lines], row, self.limits
            )
        cells = map(methodcaller("split", self.dialect.delimiter), lines)
        return Batch(row, len(lines), cells, "'" in text and ESCAPED.search(text) is not None)

    def _texts(self) -> Iterator[str]:
        """The text in blocks of whole lines. Raises LineTooLong."""
        try:
            yield from whole_lines(
                decoded(self._file, self._encoding), self.limits.max_record_bytes
            )
        except Fault as fault:
            raise undecodable(self._file, self._encoding, fault) from None

    def _blocks(self) -> Iterator[str]:
        """The same, with a line that is too long as a refusal."""
        try:
            yield from self._texts()
        except LineTooLong as long:
            line = 1
            with suppress(LineTooLong):
                for text in self._texts():
                    line += count_lines(text)
            raise messages.line_too_long(
                long.text, line, self.dialect.delimiter, self.limits
            ) from None

    def refuse_syntax(self, error: csv.Error, row: int, line: int) -> FileRefused:
        """What csv.reader found wrong in the row that begins after `line` lines."""
        text = ""
        for block in _without_lines(self._texts(), line):
            text += block
            if len(text) > self.limits.max_record_bytes:
                break
        return messages.csv_syntax(str(error), text, self.dialect.delimiter, row, line, self.limits)


def _without_lines(blocks: Iterator[str], count: int) -> Iterator[str]:
    """The blocks without their first `count` lines."""
    for text in blocks:
        if count:
            lines = split_lines(text)
            text = "".join(lines[count:])
            count -= min(count, len(lines))
        if text:
            yield text


def refuse_long_cells(rows: list[list[str]], first_row: int, limits: Limits) -> None:
    """Raises CellTooLong or RecordTooLong."""
    longest = max(map(len, chain.from_iterable(rows)), default=0)
    whole = sum(map(len, chain.from_iterable(rows)))
    if longest <= limits.max_cell_chars and whole <= limits.max_record_bytes:
        return
    for row, cells in enumerate(rows, first_row):
        if max(map(len, cells), default=0) > limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, limits.max_cell_chars)
        if sum(map(len, cells)) + len(cells) > limits.max_record_bytes:
            raise messages.record_too_long(row, limits)


class _Quoted:
    """Rows from a block that holds quotes up to the next end of a block that also ends a row."""

    def __init__(
        self, source: DelimitedSource, text: str, blocks: Iterator[str], row: int, line: int
    ) -> None:
        self.row = row
        self.line = line
        self._source = source
        self._blocks = blocks
        self._supplied = 0
        self._done = 0  # lines of the rows that are complete
        self._open_chars = 0  # of the row that the last block did not complete
        self._escaped = False
        self._take(text)

    def batches(self) -> Iterator[Batch]:
        reader = self._source.dialect.rows(self._supply())
        rows: list[list[str]] = []
        started, supplied = 0, self._supplied
        try:
            for cells in reader:
                rows.append(cells)
                self.row += 1
                self._done = reader.line_num
                if self._done == self._supplied or supplied != self._supplied:
                    yield self._batch(rows, self._done - started)
                    rows, started, supplied = [], self._done, self._supplied
                if self._done == self._supplied:
                    break
        except csv.Error as error:
            line = self.line + self._done
            raise self._source.refuse_syntax(error, self.row, line) from None
        self.line += self._done

    def _batch(self, rows: list[list[str]], lines: int) -> Batch:
        first_row = self.row - len(rows)
        if lines != len(rows) or self._longest > self._source.limits.max_cell_chars:
            refuse_long_cells(rows, first_row, self._source.limits)
        return Batch(first_row, len(rows), rows, self._escaped)

    def _supply(self) -> Iterator[str]:
        """Lines for csv.reader. It asks for more than there are only in the middle of a row."""
        yield from self._lines
        for text in self._blocks:
            self._refuse_endless_row()
            self._take(text)
            yield from self._lines

    def _take(self, text: str) -> None:
        self._lines = split_lines(text)
        self._supplied += len(self._lines)
        self._longest = max(self._open_chars, *map(len, self._lines))
        self._escaped = self._escaped or ESCAPED.search(text) is not None

    def _refuse_endless_row(self) -> None:
        """Count what the row has by now that goes on in the next block."""
        open_lines = self._supplied - self._done
        if open_lines <= len(self._lines):
            self._open_chars = 0
        self._open_chars += sum(map(len, self._lines[-open_lines:]))
        if self._open_chars > self._source.limits.max_record_bytes:
            raise messages.record_too_long(self.row, self._source.limits)
