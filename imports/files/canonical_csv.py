"""Rows <-> canonical CSV, the form in which a staged file lies in the database.

UTF-8, comma, "\\n", quotes only where they are needed; a blank row of the file is an empty line, so
that the row number of a record is the chunk's first row plus its place in the chunk.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

Record = tuple[int, list[str]]
_SPECIAL = re.compile('[",\r\n]')


def encode_chunk(records: Sequence[Record], first_row: int) -> bytes:
    """Records as canonical CSV; their row numbers rise and begin at `first_row` or later.

    What two calls give may be put one after the other, where the second call's `first_row` is the
    row after the last one of the first.
    """
    lines = [_line(cells) for _, cells in records]
    gaps = _gaps(records, first_row)
    if gaps:
        lines = ["\n" * gaps.get(place, 0) + line for place, line in enumerate(lines)]
    return "".join(lines).encode()


def _line(cells: list[str]) -> str:
    """One row. By hand: csv.writer is slower and, before Python 3.13, does not quote a lone CR."""
    line = ",".join(cells)
    if not line or '"' in line or "\n" in line or "\r" in line or line.count(",") >= len(cells):
        line = ",".join(map(_quoted, cells)) or '""'
    return line + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell


def _gaps(records: Sequence[Record], first_row: int) -> dict[int, int]:
    """How many blank rows stand before a record: its place -> their number."""
    if not records or records[-1][0] - first_row == len(records) - 1:
        return {}
    numbers = [first_row - 1, *(number for number, _ in records)]
    steps = (after - before - 1 for before, after in pairwise(numbers))
    return {place: step for place, step in enumerate(steps) if step}


def decode_chunk(content: bytes, first_row: int) -> Iterator[Record]:
    """The records of `encode_chunk`, with their row numbers."""
    # newline: a line ends at LF and at nothing else, as encode_chunk has it
    rows = csv.reader(io.StringIO(content.decode(), newline="\n"), strict=True)
    return ((row, cells) for row, cells in enumerate(rows, first_row) if cells)
