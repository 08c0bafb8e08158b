"""Reads CSV files and workbooks: bytes go in, rows come out, in bounded memory.

Others may call what is listed in `__all__`. Pure: no database, no clock, no settings.
"""

from imports.files.canonical_csv import decode_chunk, encode_chunk
from imports.files.cleaning.escaping import escape_cell, unescape_cell
from imports.files.delimited.encoding import COMMON_ENCODINGS, named_encoding
from imports.files.delimited.encoding_guess import reread
from imports.files.delimiters import delimiter_choices, delimiter_plural, named_delimiter
from imports.files.reader import read, read_for_preview
from imports.files.reading import Reading
from imports.files.source import Limits

__all__ = [
    "COMMON_ENCODINGS",
    "Limits",
    "Reading",
    "decode_chunk",
    "delimiter_choices",
    "delimiter_plural",
    "encode_chunk",
    "escape_cell",
    "named_delimiter",
    "named_encoding",
    "read",
    "read_for_preview",
    "reread",
    "unescape_cell",
]
