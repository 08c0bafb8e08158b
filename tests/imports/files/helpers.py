"""What the tests of the reader share."""

from __future__ import annotations

import io
from typing import Any

from imports import files
from imports.errors import FileRefused

HEADER = "email,first_name,last_name\n"
WIDE = files.Limits(max_rows=10_000_000, max_bytes=100_000_000)


def open_file(content: bytes | str, filename: str = "users.csv", **options: Any) -> files.Reading:
    """`reader.read` of something in memory."""
    data = content.encode() if isinstance(content, str) else content
    limits = options.pop("limits", WIDE)
    return files.read(io.BytesIO(data), filename=filename, limits=limits, **options)


def rows_of(content: bytes | str, **options: Any) -> list[tuple[int, list[str]]]:
    """Every record of something in memory."""
    return list(open_file(content, **options).records())


def refusal_of(content: bytes | str, **options: Any) -> FileRefused:
    """The refusal that reading something ends in. Fails where it is read after all."""
    try:
        count = len(rows_of(content, **options))
    except FileRefused as refusal:
        return refusal
    raise AssertionError(f"was read: {count} rows")
