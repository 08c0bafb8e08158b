"""Helpers for the tests of `imports.files`: they read files that are built in memory."""

from __future__ import annotations

import io
from typing import Any

from imports import files
from imports.errors import FileRefused

HEADER = "email,first_name,last_name\n"
ROW = "ann.lee@example.com,Ann,Lee\n"
LARGE_LIMITS = files.Limits(max_rows=10_000_000, max_bytes=100_000_000)


def open_file(
    content: bytes | str, filename: str = "users.csv", *, preview: bool = False, **options: Any
) -> files.Reading:
    """Opens content with `files.read`, or with `files.read_for_preview` if `preview` is true.

    Text is encoded as UTF-8. `options`: limits, encoding, delimiter, sheet, mapping.
    """
    data = content.encode() if isinstance(content, str) else content
    limits = options.pop("limits", LARGE_LIMITS)
    read = files.read_for_preview if preview else files.read
    return read(io.BytesIO(data), filename=filename, limits=limits, **options)


def rows_of(content: bytes | str, **options: Any) -> list[tuple[int, list[str]]]:
    """All records of content: (row number, cells)."""
    return list(open_file(content, **options).records())


def refusal_of(content: bytes | str, **options: Any) -> FileRefused:
    """The refusal that reading content ends in. Fails if it can be read."""
    try:
        count = len(rows_of(content, **options))
    except FileRefused as refusal:
        return refusal
    raise AssertionError(f"The file was read: {count} rows")
