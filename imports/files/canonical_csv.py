"""Converts rows to canonical CSV and back. Staged files are stored in the database in this form.

Canonical CSV is UTF-8 with commas, "\\n" line ends and quotes only where they are needed. A blank
row of the file is an empty line, so the row number of a record is the first row of the chunk plus
the position of the record in the chunk.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

Record = tuple[int, list[str]]
_NEEDS_QUOTES = re.compile('[",\r\n]')


def encode_chunk(records: Sequence[Record], first_row: int) -> bytes:
    """Records (row number, cells) as canonical CSV. Row numbers ascend and start at `first_row` or
    later.

    The results of two calls may be concatenated where the second call's `first_row` is the row
    after the last row of the first call.
    """
    lines = [_format_row(cells) for _, cells in records]
    blank_rows = _blank_rows_before(records, first_row)
    if blank_rows:
        lines = ["\n" * blank_rows.get(index, 0) + line for index, line in enumerate(lines)]
    return "".join(lines).encode()


def _format_row(cells: list[str]) -> str:
    """One row. csv.writer is slower and, before Python 3.13, does not quote a lone CR."""
    line = ",".join(cells)
    if not line or '"' in line or "\n" in line or "\r" in line or line.count(",") >= len(cells):
        line = ",".join(map(_quote, cells)) or '""'
    return line + "\n"


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell


def _blank_rows_before(records: Sequence[Record], first_row: int) -> dict[int, int]:
    """The number of blank rows before a record, by the index of the record."""
    if not records or records[-1][0] - first_row == len(records) - 1:
        return {}
    numbers = [first_row - 1, *(number for number, _ in records)]
    gaps = (after - before - 1 for before, after in pairwise(numbers))
    return {index: gap for index, gap in enumerate(gaps) if gap}


def decode_chunk(content: bytes, first_row: int) -> Iterator[Record]:
    """The records that `encode_chunk` was given, with their row numbers."""
    # newline="\n": lines end at LF only, as encode_chunk writes them
    rows = csv.reader(io.StringIO(content.decode(), newline="\n"), strict=True)
    return ((row, cells) for row, cells in enumerate(rows, first_row) if cells)
