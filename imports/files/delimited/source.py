"""Reads the rows of a text file strictly: no row is dropped, repaired or cut short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from operator import methodcaller
from typing import BinaryIO

from imports.errors import FileEmpty, FileRefused
from imports.files import messages
from imports.files.cleaning.escaping import ESCAPED_TEXT
from imports.files.cleaning.suspects import is_suspect
from imports.files.delimited.dialect import Dialect, detect_dialect, sep_line_delimiter
from imports.files.delimited.encoding import decode_refusal
from imports.files.delimited.quoted_rows import QuotedRows, check_lengths
from imports.files.delimited.quoting import Padding, Quoting, find_quoting
from imports.files.source import Limits, RowBlock, SampleRow
from imports.files.text import (
    DecodeError,
    Encoding,
    LineTooLong,
    count_lines,
    decode_blocks,
    line_blocks,
    may_have_long_line,
    split_lines,
)


class DelimitedSource:
    """The rows of a text file: the first ones as samples, then those below the header in blocks."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: Encoding,
        limits: Limits,
        *,
        delimiter: str | None,
        mapping: Mapping[str, str] | None,
    ) -> None:
        """Reads the beginning of the file and detects its dialect. Raises FileRefused."""
        self._file = file
        self._encoding = encoding
        self.limits = limits
        self.quoting: Quoting | None = None
        blank_lines, lines = self._first_lines()
        self.quoting = find_quoting(lines)
        if self.quoting:
            lines = split_lines(self.quoting.rewrite("".join(lines)))
        # A first line such as `sep=;` names the delimiter for Excel. It is not a row.
        sep = None if blank_lines else sep_line_delimiter(lines[0], delimiter)
        self._sep_lines = 1 if sep else 0
        trial = detect_dialect(
            lines[self._sep_lines :], blank_lines, sep or delimiter, mapping, limits
        )
        self.dialect: Dialect = trial.dialect
        self.samples = trial.samples
        self._first_row, self._skipped_lines = 1, self._sep_lines
        self.padding = Padding(self.dialect.delimiter)
        self.width = 0  # cells of the header row
        self.stray_rows = 0
        if trial.error and not trial.fields:
            last = trial.samples[-1] if trial.samples else SampleRow(blank_lines, [], blank_lines)
            line = self._sep_lines + last.end_line
            raise self.syntax_refusal(str(trial.error), last.row + 1, line)

    def start_below(self, header: SampleRow) -> None:
        """Makes `blocks` begin with the row after the header."""
        self.width = len(header.cells)
        self._first_row = header.row + 1
        self._skipped_lines = self._sep_lines + header.end_line

    def close(self) -> None:
        """Does nothing, because the file belongs to the caller."""

    # --- the first rows -----------------------------------------------------------------------

    def _first_lines(self) -> tuple[int, list[str]]:
        """The number of blank lines at the top, and about `max_header_bytes` of the lines below.

        Raises FileEmpty, and FileRefused for a bad byte or a first line that is too long. A later
        line that is too long only ends these lines. It is refused when the rows are read.
        """
        blank_lines = 0
        lines: list[str] = []
        try:
            for text in self._text_blocks():
                if lines or text.removeprefix("\ufeff").strip():
                    lines += split_lines(text)
                else:
                    blank_lines += count_lines(text)
                if sum(map(len, lines)) >= self.limits.max_header_bytes:
                    break
        except LineTooLong as error:
            if not lines:
                raise messages.first_line_too_long(error.text, self.limits) from None
        if not lines:
            raise FileEmpty("The file is empty. Choose a file with a header row and rows below it.")
        return blank_lines, lines

    # --- all rows -----------------------------------------------------------------------------

    def blocks(self) -> Iterator[RowBlock]:
        """The rows below the header, from the start at each call."""
        row, line = self._first_row, self._skipped_lines
        self.stray_rows = 0
        texts = self._checked_text_blocks()
        for text in _without_lines(texts, self._skipped_lines):
            if '"' in text:
                quoted = QuotedRows(self, text, texts, row, line)
                yield from quoted.blocks()
                row, line = quoted.row, quoted.line
            else:
                block = self._unquoted_block(text, row)
                yield block
                row, line = row + block.row_count, line + block.row_count

    def _unquoted_block(self, text: str, row: int) -> RowBlock:
        """A block without quotes: every line is a row, every delimiter separates two cells."""
        if text.isspace():
            return RowBlock(row, count_lines(text), (), escaped=False)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.removesuffix("\n").split("\n")
        if may_have_long_line(text, self.limits.max_cell_chars):
            check_lengths([line.split(self.dialect.delimiter) for line in lines], row, self.limits)
        cells = map(methodcaller("split", self.dialect.delimiter), lines)
        return RowBlock(
            row,
            len(lines),
            cells,
            escaped="'" in text and ESCAPED_TEXT.search(text) is not None,
            suspect=is_suspect(text, self.dialect.delimiter),
        )

    def _text_blocks(self) -> Iterator[str]:
        """The text in blocks of whole lines. Raises LineTooLong, or FileRefused for a bad byte."""
        texts = decode_blocks(self._file, self._encoding)
        try:
            for text in line_blocks(texts, self.limits.max_record_bytes):
                yield self.quoting.rewrite(text) if self.quoting else text
        except DecodeError as error:
            raise decode_refusal(self._file, self._encoding, error) from None

    def _checked_text_blocks(self) -> Iterator[str]:
        """The text in blocks of whole lines. Raises FileRefused for a line that is too long."""
        try:
            yield from self._text_blocks()
        except LineTooLong as error:
            line = 1
            with suppress(LineTooLong):
                for text in self._text_blocks():
                    line += count_lines(text)
            raise messages.line_too_long(
                error.text, line, self.dialect.delimiter, self.limits
            ) from None

    def syntax_refusal(self, error: str, row: int, line: int) -> FileRefused:
        """The refusal for an error of csv.reader in the row that begins after `line` lines."""
        text = ""
        for block in _without_lines(self._text_blocks(), line):
            text += block
            if len(text) > self.limits.max_record_bytes:
                break
        return messages.csv_syntax(error, text, self.dialect.delimiter, row, line, self.limits)


def _without_lines(texts: Iterator[str], count: int) -> Iterator[str]:
    """The blocks of text without their first `count` lines."""
    for text in texts:
        if count:
            lines = split_lines(text)
            text = "".join(lines[count:])
            count -= min(count, len(lines))
        if text:
            yield text
