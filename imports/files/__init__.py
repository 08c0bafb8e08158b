"""Reads CSV files and workbooks: bytes go in, rows come out, in bounded memory.

Others may call what is listed in `__all__`. Pure: no database, no clock, no settings.
"""

from imports.files.canonical_csv import decode_chunk, encode_chunk
from imports.files.escaping import escape_cell, unescape_cell
from imports.files.reader import Reading, read
from imports.files.source import Limits

__all__ = [
    "Limits",
    "Reading",
    "decode_chunk",
    "encode_chunk",
    "escape_cell",
    "read",
    "unescape_cell",
]
