"""The file that people really have, read right or refused in words they understand.

Bytes go in, records come out: `read` finds out what a file is (encoding, delimiter, header row,
columns) and `Reading.records` streams its rows. Pure: no database, no clock, bounded memory.
"""

from __future__ import annotations

from imports.columns import Notice
from imports.reader.base import Limits, escape_cell, unescape_cell
from imports.reader.chunks import decode_chunk, encode_chunk
from imports.reader.reading import Reading, read

__all__ = [
    "Limits",
    "Notice",
    "Reading",
    "decode_chunk",
    "encode_chunk",
    "escape_cell",
    "read",
    "unescape_cell",
]
