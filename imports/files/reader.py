"""`read` finds the columns of a file; `Reading.records` then streams its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import BinaryIO, Literal, TypedDict, Unpack

from imports.errors import FileEmpty, FileRefused, FileTooLarge, NoRows, TooManyRows
from imports.files import messages
from imports.files.csv_source import DelimitedSource
from imports.files.delimiter import named_delimiter
from imports.files.encoding import find_encoding
from imports.files.escaping import is_escaped, strip_apostrophe, unescape_cell
from imports.files.filetype import is_zip, refuse_other_types
from imports.files.header_row import find_header, guess_header, is_blank, trimmed_header
from imports.files.source import MEBIBYTE, Limits, RowBlock, SampleRow, Source
from imports.files.xlsx.client import RemoteWorkbookSource
from imports.schema.columns import Columns, HeaderMatch, Notice, match_headers
from imports.schema.fields import FULL_NAME, NAME_FIELDS
from imports.schema.headers import MAX_HEADER_CHARS

Record = tuple[int, list[str]]
_HEAD_BYTES = 8_192
_APOSTROPHES_REMOVED = Notice(
    None,
    "apostrophes_removed",
    "Every e-mail address and name begins with an apostrophe, as in exports that protect each cell "
    "(Auth0). One apostrophe was removed from every cell that begins with one.",
)


class Overrides(TypedDict, total=False):
    """What a caller says about a file; everything else is detected.

    `encoding`, `delimiter` and `sheet` by name; `mapping`: field -> header.
    """

    encoding: str | None
    delimiter: str | None
    sheet: str | None
    mapping: Mapping[str, str] | None


class Reading:
    """A file whose columns are known: what was detected, and its rows."""

    def __init__(
        self,
        source: Source,
        match: HeaderMatch,
        limits: Limits,
        *,
        kind: Literal["csv", "xlsx"],
        header: SampleRow,
        width: int,
        encoding: str = "utf-8",
        delimiter: str | None = None,
        sheet: str | None = None,
        warnings: Sequence[Notice] = (),
    ) -> None:
        """Use `read` instead. `width`: the number of cells of the header row."""
        self.kind = kind
        self.encoding = encoding
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
        if _has_apostrophe_in_every_cell(source.samples, header, match, width):
            self._unescape = strip_apostrophe
            self.warnings.append(_APOSTROPHES_REMOVED)

    def records(self) -> Iterator[Record]:
        """(row number, cells) of the rows below the header that are not blank.

        Streams, from the start at each call. The cells are as in the file, but without the columns
        that hold passwords, without the apostrophes of `escape_cell` and without empty cells beyond
        the header. Raises FileRefused for an error further down in the file.
        """
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Record]]:
        """The rows of `records` in lists, each of which takes little memory for any file."""
        count = 0
        for block in self._source.blocks():
            records = self._records_of(block)
            count += len(records)
            if count > self._limits.max_rows:
                raise self._too_many_rows()
            if records:
                yield records
        if not count:
            raise NoRows(
                "The file has a header row but no rows below it. Add at least one row.",
                header_row=self.header_row,
            )

    def _records_of(self, block: RowBlock) -> list[Record]:
        unescape = self._unescape or (unescape_cell if block.escaped else None)
        unchanged = not (unescape or self._dropped)
        width = self._width
        records = []
        for row, cells in enumerate(block.rows, block.first_row):
            if not (unchanged and len(cells) == width and cells[0].strip()):
                cells = self._clean(row, cells, unescape)
                if not cells:
                    continue
            records.append((row, cells))
        return records

    def close(self) -> None:
        """Ends the process that reads a workbook. Records can't be read any more."""
        self._source.close()

    def _clean(
        self, row: int, cells: list[str], unescape: Callable[[str], str] | None
    ) -> list[str]:
        """A row as `records` gives it; [] for a blank row. Raises TooManyColumns."""
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

        In a row with too few or too many cells the password may have shifted by as many columns.
        Every cell that it may have shifted to is emptied as well.
        """
        shift = abs(len(cells) - self._width)
        if shift:
            hidden = {i + step for i in self._dropped for step in range(-shift, shift + 1)}
            cells = ["" if i in hidden else cell for i, cell in enumerate(cells)]
        for i in reversed(self._dropped):
            del cells[i : i + 1]
        return cells

    def _too_many_rows(self) -> FileRefused:
        """The refusal of a file with too many rows. It gives the number of rows in the whole file,
        or the number up to an error in the file."""
        count, is_exact = 0, True
        try:
            for block in self._source.blocks():
                count += sum(not is_blank(cells) for cells in block.rows)
        except FileRefused:
            is_exact = False
        limit = self._limits.max_rows
        count = max(count, limit + 1)
        return TooManyRows(
            f"The file has {'' if is_exact else 'at least '}{count:,} rows; at most {limit:,} are "
            "allowed. Split it into several files.",
            rows=count,
            limit=limit,
        )


# --- opening a file ---------------------------------------------------------------------------


def read(
    file: BinaryIO, *, filename: str, limits: Limits, **overrides: Unpack[Overrides]
) -> Reading:
    """Detects what a file is and finds its columns; reads only its beginning.

    `file` is seekable and must stay open while records are read. A text file whose encoding is
    neither UTF-8, nor marked, nor given in `overrides` is refused. Raises FileRefused.
    """
    return _read(file, filename, limits, overrides, guess_encoding=False)


def read_for_preview(
    file: BinaryIO, *, filename: str, limits: Limits, **overrides: Unpack[Overrides]
) -> Reading:
    """Works as `read`, but guesses the encoding of a text file that is refused there.

    A warning tells the guess. The file must not be imported with it, because it may be wrong.
    """
    return _read(file, filename, limits, overrides, guess_encoding=True)


def _read(
    file: BinaryIO, filename: str, limits: Limits, overrides: Overrides, *, guess_encoding: bool
) -> Reading:
    head = _check_size_and_read_head(file, limits)
    mapping = overrides.get("mapping")
    if is_zip(head):
        return _read_workbook(file, limits, overrides.get("sheet"), mapping)
    refuse_other_types(head, filename)
    encoding, warnings = find_encoding(file, head, overrides.get("encoding"), guess=guess_encoding)
    delimiter = named_delimiter(overrides.get("delimiter"))
    source = DelimitedSource(file, encoding, limits, delimiter=delimiter, mapping=mapping)
    header, match, width = _find_columns(source.samples, limits, mapping)
    source.start_below(header)
    return Reading(
        source,
        match,
        limits,
        kind="csv",
        header=header,
        width=width,
        encoding=encoding.name,
        delimiter=source.dialect.delimiter,
        warnings=warnings,
    )


def _read_workbook(
    file: BinaryIO, limits: Limits, sheet: str | None, mapping: Mapping[str, str] | None
) -> Reading:
    source = RemoteWorkbookSource(file, limits, sheet)
    try:
        header, match, width = _find_columns(source.samples, limits, mapping)
    except BaseException:
        source.close()
        raise
    source.start_below(header)
    return Reading(
        source, match, limits, kind="xlsx", header=header, width=width, sheet=source.sheet
    )


def _check_size_and_read_head(file: BinaryIO, limits: Limits) -> bytes:
    """Gives the first bytes of a file. Raises FileTooLarge or FileEmpty."""
    size = file.seek(0, 2)
    if size > limits.max_bytes:
        raise FileTooLarge(
            f"The file has {size / MEBIBYTE:.1f} MiB; at most {limits.max_bytes / MEBIBYTE:g} MiB "
            "are allowed. Split it into several files.",
            size=size,
            limit=limits.max_bytes,
        )
    if size == 0:
        raise FileEmpty("The file is empty (0 bytes). Choose a file with a header row and rows.")
    file.seek(0)
    return file.read(_HEAD_BYTES)


def _find_columns(
    samples: Sequence[SampleRow], limits: Limits, mapping: Mapping[str, str] | None
) -> tuple[SampleRow, HeaderMatch, int]:
    """The header row, its columns, and the number of its cells."""
    found = find_header(samples, mapping, limits)
    header = found[0] if found else guess_header(samples, limits)
    cells = trimmed_header(header, samples)
    if len(cells) > limits.max_columns:
        raise messages.too_many_columns(header.row, len(cells), limits.max_columns)
    if sum(map(len, cells)) > limits.max_header_bytes:
        raise messages.header_too_large(limits.max_header_bytes)
    if max(map(len, cells), default=0) > MAX_HEADER_CHARS:
        raise messages.header_cell_too_long(header.row, cells, MAX_HEADER_CHARS)
    return header, match_headers(cells, mapping), len(cells)


def _has_apostrophe_in_every_cell(
    samples: Sequence[SampleRow], header: SampleRow, match: HeaderMatch, width: int
) -> bool:
    """Whether all addresses and names of the sample rows begin with an apostrophe.

    False if all of them may be cells that `escape_cell` has escaped. An error report of this
    service has such cells, and its other cells must stay unchanged.
    """
    kept = [i for i in range(width) if i not in match.dropped]
    positions = match.columns.positions
    indexes = [kept[positions[f]] for f in ("email", *NAME_FIELDS, FULL_NAME) if f in positions]
    below = [s.cells for s in samples if s.row > header.row]
    cells = [row[i] for row in below for i in indexes if len(row) > i and row[i]]
    return all(cell.startswith("'") for cell in cells) and not all(map(is_escaped, cells))
