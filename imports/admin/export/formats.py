"""The formats of an export. Each makes a stream of bytes of pages of rows.

In both formats, a cell that a spreadsheet would run as a formula is escaped by the one rule of
`imports.files.escape_cell`. An import takes the escaping off again. (The library's own setting
would delete `=`, and does not know the other signs.)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

from import_export.formats.base_formats import Format

from imports import files
from imports.admin.export import workbook
from imports.admin.export.pages import Rows
from imports.reports import BYTE_ORDER_MARK


class StreamedFormat(Format):  # type: ignore[misc]
    """A format of django-import-export whose content is a stream."""

    title: ClassVar[str]
    extension: ClassVar[str]
    content_type: ClassVar[str]
    max_rows: ClassVar[int | None] = None  # below the header

    def get_title(self) -> str:
        """What the form offers."""
        return self.title

    def get_extension(self) -> str:
        """The end of the file's name."""
        return self.extension

    def get_content_type(self) -> str:
        """The media type."""
        return self.content_type

    def can_export(self) -> bool:
        """Always."""
        return True

    def stream(self, title: str, header: Sequence[str], pages: Iterable[Rows]) -> Iterator[bytes]:
        """The bytes of the file."""
        raise NotImplementedError


class Csv(StreamedFormat):
    """CSV with commas, in UTF-8 with a byte-order mark, by which Excel recognises it."""

    title = "CSV"
    extension = "csv"
    content_type = "text/csv; charset=utf-8"

    def stream(self, title: str, header: Sequence[str], pages: Iterable[Rows]) -> Iterator[bytes]:
        """One part for the header, and one for each page."""
        yield (BYTE_ORDER_MARK + _lines([header])).encode()
        for page in pages:
            yield _lines([[_text(value) for value in row] for row in page]).encode()


class Xlsx(StreamedFormat):
    """An Excel workbook of one sheet. Numbers are numbers, and times are text in UTC."""

    title = "Excel (XLSX)"
    extension = "xlsx"
    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    max_rows = workbook.MAX_ROWS - 1

    def stream(self, title: str, header: Sequence[str], pages: Iterable[Rows]) -> Iterator[bytes]:
        """A part for each page, or for several small ones."""
        return workbook.stream(title, header, ([_safe(row) for row in page] for page in pages))


def _safe(row: Sequence[Any]) -> list[Any]:
    return [files.escape_cell(value) if isinstance(value, str) else value for value in row]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return files.escape_cell(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)[:19] if isinstance(value, datetime) else str(value)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
