"""Builds the refusals of text files. Each sentence says what was found, what is allowed and what to
do. Refusals that need no preparation are built where they are raised.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import BinaryIO

from core.text import excerpt
from imports.errors import (
    BinaryContent,
    CellTooLong,
    CsvSyntax,
    EncodingUnknown,
    FileRefused,
    HeaderTooLarge,
    RecordTooLong,
    TooManyColumns,
    Undecodable,
)
from imports.files.delimiters import DELIMITERS
from imports.files.source import Limits
from imports.files.text import DecodeError, Encoding, count_lines
from imports.schema.warnings import cell_name

_READ_BYTES = 1_048_576
_EXCERPT_CHARS = 30


# --- bytes ------------------------------------------------------------------------------------


def _line_at(file: BinaryIO, offset: int) -> int:
    """The number (from 1) of the physical line that contains the byte at `offset`."""
    file.seek(0)
    line, left = 1, offset
    while left > 0 and (raw := file.read(min(left, _READ_BYTES))):
        line += count_lines(raw.decode("latin-1"))
        left -= len(raw)
    return line


def _byte_at(file: BinaryIO, offset: int) -> str:
    """The byte at `offset` for a sentence: 0xE4."""
    file.seek(offset)
    raw = file.read(1)
    return f"0x{raw[0]:02X}" if raw else "the end of the file"


def undecodable(
    file: BinaryIO, encoding: Encoding, error: DecodeError, guess: str | None
) -> FileRefused:
    """The refusal for a byte that can't be decoded. `guess`: the likeliest encoding, if known."""
    line = _line_at(file, error.offset)
    where = f"at byte {error.offset:,} (line {line:,})"
    if error.is_nul:
        return BinaryContent(
            f"The file holds a NUL character {where}, so it is not a text file. "
            "Export it again as CSV, or as an .xlsx workbook.",
            offset=error.offset,
            line=line,
        )
    byte = _byte_at(file, error.offset)
    if encoding.is_declared:
        by_mark = "as its byte-order mark says, " if encoding.mark_bytes else ""
        return Undecodable(
            f"The file can't be read as {encoding.name}, {by_mark}because {byte} {where} is not "
            "valid in it. Save it again as UTF-8, or name the encoding it was saved in.",
            encoding=encoding.name,
            offset=error.offset,
            line=line,
        )
    return _not_utf8(byte, where, guess, offset=error.offset, line=line)


def _not_utf8(
    byte: str, where: str, guess: str | None, *, offset: int, line: int
) -> EncodingUnknown:
    likely = f"It is probably {guess}. " if guess else ""
    option = f'"encoding={guess}"' if guess else 'its encoding (such as "encoding=windows-1252")'
    return EncodingUnknown(
        f"The file is not UTF-8: {byte} {where} can't be read. {likely}"
        f'Save it as "CSV UTF-8", or look at the preview and send {option}.',
        guess=guess,
        offset=offset,
        line=line,
    )


# --- rows -------------------------------------------------------------------------------------


def cell_too_long(row: int, cells: Sequence[str], max_chars: int) -> CellTooLong:
    """The refusal for the first cell of a row that is longer than allowed."""
    index = next(i for i, cell in enumerate(cells) if len(cell) > max_chars)
    return CellTooLong(
        f"The cell {cell_name(row, index)} holds {len(cells[index]):,} characters; "
        f"at most {max_chars:,} are allowed. Shorten it.",
        row=row,
        column=index + 1,
        limit=max_chars,
    )


def nul_in_a_cell(row: int, cells: Sequence[str]) -> BinaryContent:
    """The refusal for a workbook's cell with a NUL character, which is written as `_x0000_` there.

    No text file can hold one, so the error report could not give the row back.
    """
    index = next(i for i, cell in enumerate(cells) if "\0" in cell)
    return BinaryContent(
        f"The cell {cell_name(row, index)} holds a NUL character (U+0000), which is not allowed"
        " in any column. Type the cell again.",
        row=row,
        column=index + 1,
    )


def too_many_columns(row: int, found: int | None, limit: int) -> TooManyColumns:
    """The refusal for a row with too many cells. `found`: None if they were not all counted."""
    count = f"{found:,}" if found else f"more than {limit:,}"
    return TooManyColumns(
        f"Row {row:,} has {count} columns; at most {limit:,} are allowed. "
        "Remove the columns that are not needed, and check the delimiter.",
        row=row,
        limit=limit,
    )


def header_too_large(limit_bytes: int) -> HeaderTooLarge:
    """The refusal for a header row that is larger than allowed."""
    return HeaderTooLarge(
        f"The header row is larger than {limit_bytes // 1024:,} KiB, which is the most that is "
        "allowed. The first row must hold the names of the columns.",
        limit=limit_bytes,
    )


def header_cell_too_long(row: int, cells: Sequence[str], max_chars: int) -> HeaderTooLarge:
    """The refusal for the first header that is longer than allowed."""
    index = next(i for i, cell in enumerate(cells) if len(cell) > max_chars)
    return HeaderTooLarge(
        f"The header {cell_name(row, index)} has {len(cells[index]):,} characters; at most "
        f"{max_chars:,} are allowed. It must be the name of a column.",
        row=row,
        column=index + 1,
        limit=max_chars,
    )


def first_line_too_long(text: str, limits: Limits) -> FileRefused:
    """The refusal for a file whose first line is too long. `text`: its beginning."""
    delimiter = max(DELIMITERS, key=text.count)
    if len(_cells_of(text, delimiter)) > limits.max_columns:
        return too_many_columns(1, None, limits.max_columns)
    return header_too_large(limits.max_header_bytes)


def line_too_long(text: str, line: int, delimiter: str, limits: Limits) -> FileRefused:
    """The refusal for a physical line that is too long, by what makes it long."""
    cells = _cells_of(text, delimiter)
    if len(cells) > limits.max_columns:
        return too_many_columns(line, None, limits.max_columns)
    return _too_long(f"Line {line:,} of the file", line, cells, limits)


def record_too_long(row: int, limits: Limits) -> RecordTooLong:
    """The refusal for a row that is too long, usually one of very many lines."""
    return _record_too_long(f"Row {row:,}", row, limits)


def _cells_of(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return [text]


def _too_long(what: str, line: int, cells: Sequence[str], limits: Limits) -> FileRefused:
    """The refusal for `what` (a row or a line): one of its cells is too long, or all together."""
    if max(map(len, cells), default=0) > limits.max_cell_chars:
        return CellTooLong(
            f"{what} holds a cell of more than {limits.max_cell_chars:,} characters, which is the "
            "most that is allowed. Shorten it, and check for a quote that is never closed.",
            line=line,
            limit=limits.max_cell_chars,
        )
    return _record_too_long(what, line, limits)


def _record_too_long(what: str, line: int, limits: Limits) -> RecordTooLong:
    return RecordTooLong(
        f"{what} is longer than {limits.max_record_bytes // 1024:,} KiB, which is the most that is "
        "allowed. Check its line ends and its quotes.",
        line=line,
        limit=limits.max_record_bytes,
    )


# --- quotes -----------------------------------------------------------------------------------


def csv_syntax(
    error: str, text: str, delimiter: str, row: int, line: int, limits: Limits
) -> FileRefused:
    """The refusal for broken quoting in the row that begins after `line` lines.

    `error` is the message of csv.reader, `text` the file from the beginning of that row on.
    """
    is_long = "field larger" in error
    opened, after = _open_quote(text, delimiter, limits.max_cell_chars if is_long else None)
    row += count_lines(text[: len(text) - len(text.lstrip("\r\n"))])  # blank rows before it
    open_line = line + 1 + count_lines(text[:opened])
    if "expected after" in error:
        after_line = line + 1 + count_lines(text[:after])
        if after_line > open_line:
            return _never_closed(text[opened:], row, open_line, f" before line {after_line:,}")
        return _text_after_quote(text[max(after - 20, 0) : after + 10], row, open_line)
    if is_long and not count_lines(text[opened : opened + limits.max_cell_chars]):
        return _too_long(f"Row {row:,}", open_line, [text], limits)
    within = f" within {limits.max_cell_chars:,} characters, the most that a cell may have"
    return _never_closed(text[opened:], row, open_line, within if is_long else "")


def _never_closed(text: str, row: int, line: int, until: str) -> CsvSyntax:
    return CsvSyntax(
        f"The quote opened in row {row:,} (line {line:,} of the file) is not closed{until}: "
        f'"{excerpt(text[:_EXCERPT_CHARS])}". Close it, or remove it.',
        row=row,
        line=line,
    )


def _text_after_quote(text: str, row: int, line: int) -> CsvSyntax:
    return CsvSyntax(
        f"Row {row:,} (line {line:,} of the file) has text after a closing quote: "
        f'"{excerpt(text)}". '
        'A quote inside a quoted cell is written twice ("").',
        row=row,
        line=line,
    )


def _open_quote(text: str, delimiter: str, max_chars: int | None) -> tuple[int, int]:
    """(where a quoted cell begins, where text follows its closing quote).

    The cell is the last quoted one of the first row; with `max_chars`, the first that is longer.
    """
    at = 0
    while True:
        opened = _next_quoted_cell(text, delimiter, at)
        closed = _closing_quote(text, opened + 1)
        if closed < 0 or closed + 1 >= len(text) or (max_chars and closed - opened > max_chars):
            return opened, max(closed, opened)
        if text[closed + 1] not in (delimiter, "\r", "\n"):
            return opened, closed + 1
        at = closed + 1


def _next_quoted_cell(text: str, delimiter: str, at: int) -> int:
    """The next quote at the beginning of a cell, or else the last quote of the text."""
    if at == 0 and text.startswith('"'):
        return 0
    found = cell_start_pattern(delimiter).search(text, at)
    return found.start() + 1 if found else max(text.rfind('"'), 0)


def cell_start_pattern(delimiter: str) -> re.Pattern[str]:
    """A quote at the beginning of a cell, with the character before it."""
    return re.compile(f'[{re.escape(delimiter)}\r\n]"')


def _closing_quote(text: str, at: int) -> int:
    """The next quote that is not doubled; -1 if there is none."""
    while (at := text.find('"', at)) >= 0:
        if text[at + 1 : at + 2] != '"':
            return at
        at += 2
    return -1
