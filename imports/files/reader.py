"""`read` finds the columns of a file; `Reading.records` then streams its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, TypedDict, Unpack

from imports.errors import FileEmpty, FileTooLarge
from imports.files import messages
from imports.files.delimited.encoding import find_encoding
from imports.files.delimited.source import DelimitedSource
from imports.files.delimiters import named_delimiter
from imports.files.filetype import is_zip, refuse_other_types
from imports.files.header.full_names import match_or_split
from imports.files.header.header_row import find_header, guess_header, header_in, trimmed_header
from imports.files.reading import Reading
from imports.files.source import MEBIBYTE, Limits, SampleRow
from imports.files.xlsx.reading import read_workbook
from imports.schema.columns import HeaderMatch
from imports.schema.header_names import MAX_HEADER_CHARS
from imports.schema.passwords import holds_secrets
from imports.schema.warnings import FileWarning

_HEAD_BYTES = 8_192


class Overrides(TypedDict, total=False):
    """What a caller says about a file; everything else is detected.

    `encoding`, `delimiter` and `sheet` by name; `header_row` by its number from 1; `mapping`:
    field -> header; `skip_hidden_rows`: rows that are hidden in a workbook are left out;
    `skip_suspended`: those of suspended people.
    """

    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int | None
    mapping: Mapping[str, str] | None
    skip_hidden_rows: bool | None
    skip_suspended: bool | None


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
    # guess_encoding: for a preview, which also tells what other sheets hold
    head = _check_size_and_read_head(file, limits)
    mapping, header_row = overrides.get("mapping"), overrides.get("header_row")
    if is_zip(head):
        return read_workbook(
            file,
            limits,
            lambda samples: _find_columns(samples, limits, mapping, header_row),
            sheet=overrides.get("sheet"),
            skip_hidden_rows=bool(overrides.get("skip_hidden_rows")),
            skip_suspended=bool(overrides.get("skip_suspended")),
            with_sheets=guess_encoding,
        )
    refuse_other_types(head, filename)
    encoding, warnings, guesses = find_encoding(
        file, head, overrides.get("encoding"), guess=guess_encoding
    )
    delimiter = named_delimiter(overrides.get("delimiter"))
    source = DelimitedSource(file, encoding, limits, delimiter=delimiter, mapping=mapping)
    header, match, width = _find_columns(source.samples, limits, mapping, header_row)
    source.start_below(header)
    if quoting := source.quoting:
        warnings = [*warnings, FileWarning(code=quoting.code, message=quoting.message)]
    return Reading(
        source,
        match,
        limits,
        kind="csv",
        header=header,
        width=width,
        encoding=encoding.name,
        encoding_guesses=guesses,
        delimiter=source.dialect.delimiter,
        warnings=warnings,
        skip_suspended=bool(overrides.get("skip_suspended")),
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
    samples: Sequence[SampleRow],
    limits: Limits,
    mapping: Mapping[str, str] | None,
    header_row: int | None,
) -> tuple[SampleRow, HeaderMatch, int]:
    """The header row, its columns, and the number of its cells."""
    if header_row is not None:
        header = header_in(samples, header_row, limits)
    else:
        found = find_header(samples, mapping, limits)
        header = found[0] if found else guess_header(samples, limits)
    cells = trimmed_header(header, samples)
    if len(cells) > limits.max_columns:
        raise messages.too_many_columns(header.row, len(cells), limits.max_columns)
    if sum(map(len, cells)) > limits.max_header_bytes:
        raise messages.header_too_large(limits.max_header_bytes)
    if max(map(len, cells), default=0) > MAX_HEADER_CHARS:
        raise messages.header_cell_too_long(header.row, cells, MAX_HEADER_CHARS)
    secret = _columns_with_secrets(header, samples, len(cells))
    below = [s.cells for s in samples if s.row > header.row]
    return header, match_or_split(cells, below, mapping, secret), len(cells)


def _columns_with_secrets(header: SampleRow, samples: Sequence[SampleRow], width: int) -> list[int]:
    """The columns whose values in the sample rows look like hashes of passwords."""
    below = [s.cells for s in samples if s.row > header.row]
    return [i for i in range(width) if holds_secrets(row[i] for row in below if i < len(row))]
