"""Delimited text: which character separates its cells, and its rows, strictly."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from operator import methodcaller
from typing import BinaryIO, NamedTuple

from imports.errors import FileEmpty, FileRefused, UnknownDelimiter
from imports.reader import refusals
from imports.reader.base import ESCAPED, Batch, Limits, Sample
from imports.reader.detect import undecodable
from imports.reader.header import find_header, is_blank
from imports.reader.text import (
    Encoding,
    Fault,
    LineTooLong,
    count_lines,
    decoded,
    split_lines,
    whole_lines,
)

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_BY_NAME = {name: char for char, name in DELIMITERS.items()} | {"\\t": "\t"}
_SEP_LINE = re.compile(r'\ufeff?"?sep=([^\w\s"]|\t)\1*"?[\r\n]*', re.IGNORECASE)
_BATCH_ROWS = 2_000


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


class _Candidate(NamedTuple):
    """The first rows of a file, as one delimiter gives them."""

    delimiter: str
    samples: list[Sample]
    error: csv.Error | None
    fields: set[str]

    def rank(self) -> tuple[bool, int, float]:
        """What speaks for this delimiter: known columns, then rows of one and the same length."""
        return "email" in self.fields, len(self.fields), self._evenness()

    def _evenness(self) -> float:
        lengths = [len(s.cells) for s in self.samples if not is_blank(s.cells)]
        usual = max(set(lengths), key=lengths.count, default=0)
        return lengths.count(usual) / len(lengths) if usual > 1 else 0.0


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
        """Look at the beginning of the file and settle on a delimiter. Raises FileRefused."""
        self._file = file
        self._encoding = encoding
        self.limits = limits
        self.delimiter = delimiter or ","
        blank_lines, head = self._head()
        sep = None if blank_lines else _SEP_LINE.fullmatch(head[0])
        self._sep_lines = 1 if sep else 0
        if sep:
            head = head[1:]
            delimiter = delimiter or sep[1]
        best = self._best_candidate(["\n"] * blank_lines + head, delimiter, mapping)
        self.delimiter = best.delimiter
        self.samples = best.samples
        self._first_row, self._skip_lines = 1, self._sep_lines
        if best.error and not best.fields:
            raise self.refuse_syntax(best.error, len(best.samples) + 1, self._sep_lines)

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
                if lines or text.strip("\ufeff \t\r\n\xa0"):
                    lines += split_lines(text)
                else:
                    blank_lines += count_lines(text)
                if sum(map(len, lines)) >= self.limits.max_header_bytes:
                    break
        except LineTooLong as long:
            if not lines:
                raise refusals.first_line_too_long(long.text, self.limits) from None
        if not lines:
            raise FileEmpty("The file is empty. Choose a file with a header row and rows below it.")
        return blank_lines, lines

    def _best_candidate(
        self, head: list[str], delimiter: str | None, mapping: Mapping[str, str] | None
    ) -> _Candidate:
        tried = [
            self._candidate(head, d, mapping) for d in ([delimiter] if delimiter else DELIMITERS)
        ]
        return max(tried, key=_Candidate.rank)

    def _candidate(
        self, head: list[str], delimiter: str, mapping: Mapping[str, str] | None
    ) -> _Candidate:
        reader = csv.reader(head, delimiter=delimiter, strict=True)
        samples: list[Sample] = []
        error = None
        filled = 0
        try:
            for row, cells in enumerate(reader, start=1):
                samples.append(Sample(row, cells, reader.line_num))
                filled += not is_blank(cells)
                if filled > 3 * self.limits.max_title_rows:
                    break
        except csv.Error as problem:
            error = problem
        found = find_header(samples, mapping, self.limits.max_title_rows)
        return _Candidate(delimiter, samples, error, found[1] if found else set())

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
            refuse_long_cells([line.split(self.delimiter) for line in lines], row, self.limits)
        cells = map(methodcaller("split", self.delimiter), lines)
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
            raise refusals.line_too_long(long.text, line, self.delimiter, self.limits) from None

    def refuse_syntax(self, error: csv.Error, row: int, line: int) -> FileRefused:
        """What csv.reader found wrong in the row that begins after `line` lines."""
        text = ""
        for block in _without_lines(self._texts(), line):
            text += block
            if len(text) > self.limits.max_record_bytes:
                break
        return refusals.csv_syntax(str(error), text, self.delimiter, row, line, self.limits)


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
            raise refusals.cell_too_long(row, cells, limits.max_cell_chars)
        if sum(map(len, cells)) + len(cells) > limits.max_record_bytes:
            raise refusals.record_too_long(row, limits)


class _Quoted:
    """Rows from a block that holds quotes up to the next end of a block that also ends a row."""

    def __init__(
        self, source: DelimitedSource, text: str, blocks: Iterator[str], row: int, line: int
    ) -> None:
        self.row = row
        self.line = line
        self._source = source
        self._blocks = blocks
        self._texts = [text]
        self._lines = split_lines(text)
        self._supplied = len(self._lines)
        self._done = 0  # lines of the rows that are complete
        self._open_chars = 0  # of the row that the last block did not complete

    def batches(self) -> Iterator[Batch]:
        reader = csv.reader(self._supply(), delimiter=self._source.delimiter, strict=True)
        rows: list[list[str]] = []
        started = 0
        try:
            for cells in reader:
                rows.append(cells)
                self.row += 1
                self._done = reader.line_num
                if self._done == self._supplied or len(rows) == _BATCH_ROWS:
                    yield self._batch(rows, self._done - started)
                    rows, started = [], self._done
                if self._done == self._supplied:
                    break
        except csv.Error as error:
            line = self.line + self._done
            raise self._source.refuse_syntax(error, self.row, line) from None
        self.line += self._done

    def _batch(self, rows: list[list[str]], lines: int) -> Batch:
        first_row = self.row - len(rows)
        longest = max(self._open_chars, *map(len, self._lines))
        if lines != len(rows) or longest > self._source.limits.max_cell_chars:
            refuse_long_cells(rows, first_row, self._source.limits)
        escaped = any(map(ESCAPED.search, self._texts))
        return Batch(first_row, len(rows), rows, escaped)

    def _supply(self) -> Iterator[str]:
        """Lines for csv.reader. It asks for more than there are only in the middle of a row."""
        yield from self._lines
        for text in self._blocks:
            self._refuse_endless_row()
            self._texts = [*self._texts[-1:], text]
            self._lines = split_lines(text)
            self._supplied += len(self._lines)
            yield from self._lines

    def _refuse_endless_row(self) -> None:
        """Count what the row has by now that goes on in the next block."""
        open_lines = self._supplied - self._done
        if open_lines <= len(self._lines):
            self._open_chars = 0
        self._open_chars += sum(map(len, self._lines[-open_lines:]))
        if self._open_chars > self._source.limits.max_record_bytes:
            raise refusals.record_too_long(self.row, self._source.limits)
