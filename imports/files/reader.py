"""`read`: from a file to its columns; `Reading.records`: its rows, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, Literal

from imports.errors import FileEmpty, FileRefused, FileTooLarge, NoRows, TooManyRows
from imports.files import messages
from imports.files.csv_source import DelimitedSource
from imports.files.delimiter import named_delimiter
from imports.files.encoding import find_encoding
from imports.files.escaping import is_escaped, unescape_cell, without_apostrophe
from imports.files.filetype import refuse_other_types
from imports.files.header_row import find_header, is_blank, likeliest_header, trimmed_header
from imports.files.source import MEBIBYTE, Limits, Sample, Source
from imports.files.xlsx.workbook import WorkbookSource, is_zip
from imports.schema.columns import Columns, Match, Notice, match_headers
from imports.schema.fields import FULL_NAME, NAME_FIELDS

Record = tuple[int, list[str]]
_HEAD_BYTES = 8_192
_APOSTROPHES = Notice(
    None,
    "apostrophes_removed",
    "Every address and name begins with an apostrophe, as in exports that protect each cell (Auth0)"
    ". One apostrophe was removed from every cell that begins with one.",
)


class Reading:
    """A file whose columns are known: what was detected, and its rows."""

    def __init__(
        self,
        source: Source,
        match: Match,
        limits: Limits,
        *,
        kind: Literal["csv", "xlsx"],
        header: Sample,
        width: int,
        encoding: str = "utf-8",
        encoding_guessed: bool = False,
        delimiter: str | None = None,
        sheet: str | None = None,
        warnings: Sequence[Notice] = (),
    ) -> None:
        """Made by `read` only."""
        self.kind = kind
        self.encoding = encoding
        self.encoding_guessed = encoding_guessed
        self.delimiter = delimiter
        self.sheet = sheet
        self.header_row = header.row
        self.columns: Columns = match.columns
        self.warnings = [*warnings, *match.warnings]
        self._source = source
        self._limits = limits
        self._width = width
        self._dropped = match.dropped
        self._unescape: Callable[[str], str] | None = None
        if _every_cell_escaped(source.samples, header, match, width):
            self._unescape = without_apostrophe
            self.warnings.append(_APOSTROPHES)

    def records(self) -> Iterator[Record]:
        """The rows below the header that are not blank: (row number, cells).

        Streams, from the start at each call. Cells stand as in the file, without the columns that
        hold passwords and without the apostrophes of `escape_cell`; empty cells beyond the header
        are cut off. Raises FileRefused where the file turns out to be at fault further down.
        """
        count = 0
        width, most = self._width, self._limits.max_rows
        for batch in self._source.batches():
            unescape = self._unescape or (unescape_cell if batch.escaped else None)
            plain = not (unescape or self._dropped)
            for row, cells in enumerate(batch.rows, batch.first_row):
                if not (plain and len(cells) == width and cells[0].strip()):
                    cells = self._tidied(row, cells, unescape)
                    if not cells:
                        continue
                count += 1
                if count > most:
                    raise self._too_many_rows()
                yield row, cells
        if not count:
            raise NoRows(
                "The file has a header row but no rows below it. Add at least one row.",
                header_row=self.header_row,
            )

    def _tidied(
        self, row: int, cells: list[str], unescape: Callable[[str], str] | None
    ) -> list[str]:
        """A row as it leaves the reader; [] for one that is blank."""
        if not (cells and cells[0].strip()) and is_blank(cells):
            return []
        while len(cells) > self._width and not cells[-1].strip():
            cells.pop()
        if len(cells) > self._limits.max_columns:
            raise messages.too_many_columns(row, len(cells), self._limits.max_columns)
        if self._dropped:
            cells = self._without_passwords(cells)
        if unescape:
            return [unescape(cell) if cell[:1] == "'" else cell for cell in cells]
        return cells

    def _without_passwords(self, cells: list[str]) -> list[str]:
        """A row without its passwords.

        In a row with too few or too many cells nobody knows where the password stands: every cell
        that it may have slipped to is emptied.
        """
        slip = abs(len(cells) - self._width)
        if slip:
            hidden = {i + step for i in self._dropped for step in range(-slip, slip + 1)}
            cells = ["" if i in hidden else cell for i, cell in enumerate(cells)]
        for i in reversed(self._dropped):
            del cells[i : i + 1]
        return cells

    def _too_many_rows(self) -> FileRefused:
        count, exactly = 0, True
        try:
            for batch in self._source.batches():
                count += sum(not is_blank(cells) for cells in batch.rows)
        except FileRefused:
            exactly = False
        limit = self._limits.max_rows
        count = max(count, limit + 1)
        return TooManyRows(
            f"The file has {'' if exactly else 'at least '}{count:,} rows; at most {limit:,} are "
            "allowed. Split it into several files.",
            rows=count,
            limit=limit,
        )


def read(
    file: BinaryIO,
    *,
    filename: str,
    limits: Limits,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    guess_encoding: bool = False,
) -> Reading:
    """Find out what a file is and where its columns stand; reads only its beginning.

    `file` is seekable and must stay open while records are read. `encoding`, `delimiter` and
    `sheet` overrule what would be detected, `mapping` (field -> header) what the headers say.
    `guess_encoding`: for a preview; a file that is not UTF-8 is read in the likeliest encoding and
    says so in its warnings, instead of being refused. Raises FileRefused.
    """
    head = _head(file, limits)
    if is_zip(head):
        return _workbook(file, limits, sheet, mapping)
    refuse_other_types(head, filename)
    found, warnings = find_encoding(file, head, encoding, guess=guess_encoding)
    source = DelimitedSource(
        file, found, limits, delimiter=named_delimiter(delimiter), mapping=mapping
    )
    header, match, width = _header(source.samples, limits, mapping)
    source.start_below(header)
    return Reading(
        source,
        match,
        limits,
        kind="csv",
        header=header,
        width=width,
        encoding=found.name,
        encoding_guessed=found.guessed,
        delimiter=source.dialect.delimiter,
        warnings=warnings,
    )


def _workbook(
    file: BinaryIO, limits: Limits, sheet: str | None, mapping: Mapping[str, str] | None
) -> Reading:
    source = WorkbookSource(file, limits, sheet)
    header, match, width = _header(source.samples, limits, mapping)
    source.start_below(header)
    return Reading(
        source, match, limits, kind="xlsx", header=header, width=width, sheet=source.sheet
    )


def _every_cell_escaped(
    samples: Sequence[Sample], header: Sample, match: Match, width: int
) -> bool:
    """Whether all addresses and names that are seen begin with an apostrophe.

    Those that our own reports escaped don't tell: there, other cells are as they were.
    """
    kept = [i for i in range(width) if i not in match.dropped]
    positions = match.columns.positions
    looked_at = [kept[positions[f]] for f in ("email", *NAME_FIELDS, FULL_NAME) if f in positions]
    below = [s.cells for s in samples if s.row > header.row]
    cells = [row[i] for row in below for i in looked_at if len(row) > i and row[i]]
    return all(cell.startswith("'") for cell in cells) and not all(map(is_escaped, cells))


def _head(file: BinaryIO, limits: Limits) -> bytes:
    size = file.seek(0, 2)
    if size > limits.max_bytes:
        raise FileTooLarge(
            f"The file has {size / MEBIBYTE:.1f} MB; at most {limits.max_bytes / MEBIBYTE:g} MB "
            "are allowed. Split it into several files.",
            size=size,
            limit=limits.max_bytes,
        )
    if size == 0:
        raise FileEmpty("The file is empty (0 bytes). Choose a file with a header row and rows.")
    file.seek(0)
    return file.read(_HEAD_BYTES)


def _header(
    samples: Sequence[Sample], limits: Limits, mapping: Mapping[str, str] | None
) -> tuple[Sample, Match, int]:
    """The header row, its columns, and how many cells it has."""
    found = find_header(samples, mapping, limits)
    header = found[0] if found else likeliest_header(samples, limits)
    cells = trimmed_header(header, samples)
    if len(cells) > limits.max_columns:
        raise messages.too_many_columns(header.row, len(cells), limits.max_columns)
    if sum(map(len, cells)) > limits.max_header_bytes:
        raise messages.header_too_large(limits.max_header_bytes)
    return header, match_headers(cells, mapping), len(cells)
