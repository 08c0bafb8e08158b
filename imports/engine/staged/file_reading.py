"""Reads a file to its end, before a transaction begins, so that a slow file holds no lock.

    bytes -> files.read -> records -> chunks -> a temporary file
                                  `-> hashes of e-mail addresses -> duplicates of each chunk

Nothing here uses the database.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings

from imports import files
from imports.engine.options import ReadingOptions
from imports.engine.staged.chunks import Chunk
from imports.schema.columns import Columns
from imports.validation.problems import Problem, new_problem
from imports.validation.rows import RowChecker

Record = tuple[int, list[str]]

# A chunk ends at IMPORT_CHUNK_SIZE rows, or after the block of rows that makes it larger than
# CHUNK_BYTES. The memory of a worker does not depend on how wide a file is.
CHUNK_BYTES = 1024 * 1024
IN_MEMORY_BYTES = 8 * 1024 * 1024  # more chunks are written to disk


class _Place(NamedTuple):
    """Where a chunk lies in the temporary file."""

    first_row: int
    row_count: int
    offset: int
    length: int


class ReadFile:
    """A file that was read to its end: what was detected, and its rows in chunks.

    The chunks are in a temporary file. Close it, or use this object in a `with` statement.
    """

    def __init__(self, reading: files.Reading, *, filename: str, size_bytes: int, sha256: str):
        """Use `read_for_import` or `read_for_preview` instead. Raises FileRefused."""
        self.filename = filename
        self.size_bytes = size_bytes
        self.sha256 = sha256
        self.kind = reading.kind
        self.encoding = reading.encoding
        self.encoding_guesses = list(reading.encoding_guesses)
        self.delimiter = reading.delimiter or ""
        self.sheet = reading.sheet or ""
        self.header_row = reading.header_row
        self.columns: Columns = reading.columns
        self.total_rows = 0
        self._places: list[_Place] = []
        self._duplicates: dict[int, dict[str, int]] = {}
        self._problems: dict[int, list[Problem]] = {}  # row number -> what was found while reading
        self._content = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - see close
        try:
            self._read(reading)
        except BaseException:
            self.close()
            raise
        self.warnings = reading.warnings
        self.sheets = _sheets(reading, self.total_rows)

    def __enter__(self) -> ReadFile:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Deletes the temporary file."""
        self._content.close()

    @property
    def staged_bytes(self) -> int:
        """The size of the chunks."""
        return sum(place.length for place in self._places)

    def chunks(self) -> Iterator[Chunk]:
        """Gives the chunks in their order, from the start at each call."""
        for number, place in enumerate(self._places):
            self._content.seek(place.offset)
            yield Chunk(
                number=number,
                first_row=place.first_row,
                row_count=place.row_count,
                content=self._content.read(place.length),
                duplicates=self._duplicates.get(number, {}),
                problems=self._problems_from(place.first_row, number),
            )

    def _problems_from(self, first_row: int, number: int) -> dict[str, list[Problem]]:
        """The problems of the rows of a chunk, which end where the next chunk begins."""
        end = self._places[number + 1].first_row if number + 1 < len(self._places) else None
        return {
            str(row): found
            for row, found in self._problems.items()
            if row >= first_row and (end is None or row < end)
        }

    def _read(self, reading: files.Reading) -> None:
        repeated = _RepeatedEmails(RowChecker(reading.columns))
        for chunk in in_chunks(repeated.watch(reading.blocks()), settings.IMPORT_CHUNK_SIZE):
            first_row, row_count, content = chunk
            offset = self._content.tell()
            self._content.write(content)
            self._places.append(_Place(first_row, row_count, offset, len(content)))
            self.total_rows += row_count
        self._problems = {
            row: [
                new_problem(reading.field_of(one.column), one.code, one.message, one.value)
                for one in found
            ]
            for row, found in sorted(reading.problems.items())
        }
        self._duplicates = dict(repeated.find(self.chunks()))


def read_for_import(
    file: BinaryIO, *, filename: str, options: ReadingOptions | None = None
) -> ReadFile:
    """Reads a file to its end. `file` is seekable and binary. Without `options` everything is
    detected.

    Raises `FileRefused` if the file can't be imported as a whole, or its encoding would have to be
    guessed."""
    return _read(files.read, file, filename, options)


def read_for_preview(
    file: BinaryIO, *, filename: str, options: ReadingOptions | None = None
) -> ReadFile:
    """Works as `read_for_import`, but guesses an unknown encoding and warns of the guess. The user
    sees in the preview whether the guess is right."""
    return _read(files.read_for_preview, file, filename, options)


def _read(
    read: Callable[..., files.Reading],
    file: BinaryIO,
    filename: str,
    options: ReadingOptions | None,
) -> ReadFile:
    size_bytes, sha256 = file.seek(0, 2), _sha256(file)
    file.seek(0)
    options = options or ReadingOptions()
    reading = read(
        file,
        filename=filename,
        limits=_limits(),
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        header_row=options.header_row,
        skip_hidden_rows=options.skip_hidden_rows,
        skip_suspended=options.skip_suspended,
        mapping=options.mapping,
    )
    with closing(reading):
        return ReadFile(reading, filename=filename, size_bytes=size_bytes, sha256=sha256)


def _sheets(reading: files.Reading, total_rows: int) -> list[dict[str, Any]]:
    """The visible sheets of a workbook of which a preview is made, the one that was read first.
    Empty where there is only this one."""
    others = [asdict(sheet) for sheet in reading.other_sheets()]
    fields = list(reading.columns.positions)
    own = {"name": reading.sheet, "is_read": True, "rows": total_rows, "fields": fields}
    return [own, *others] if others else []


def _limits() -> files.Limits:
    return files.Limits(
        max_rows=settings.MAX_ROWS_PER_IMPORT,
        max_bytes=settings.MAX_FILE_SIZE,
        workbook_memory_bytes=settings.WORKBOOK_MEMORY_BYTES,
        workbook_cpu_seconds=settings.WORKBOOK_CPU_SECONDS,
        workbook_seconds=settings.WORKBOOK_SECONDS,
    )


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1024 * 1024):
        digest.update(block)
    return digest.hexdigest()


def in_chunks(blocks: Iterator[list[Record]], size: int) -> Iterator[tuple[int, int, bytes]]:
    """Gives (first row, number of rows, content) of chunks of at most `size` rows."""
    content = bytearray()
    first_row = next_row = row_count = 0
    for block in blocks:
        while block:
            piece, block = block[: size - row_count], block[size - row_count :]
            if not row_count:
                first_row = next_row = piece[0][0]
            content += files.encode_chunk(piece, next_row)
            row_count += len(piece)
            next_row = piece[-1][0] + 1
            if row_count == size or len(content) >= CHUNK_BYTES:
                yield first_row, row_count, bytes(content)
                content.clear()
                row_count = 0
    if row_count:
        yield first_row, row_count, bytes(content)


class _RepeatedEmails:
    """Finds e-mail addresses that occur more than once, with 8 bytes of memory for each row.

    It keeps hashes. Different addresses may have equal hashes, so `find` compares the addresses
    themselves."""

    def __init__(self, checker: RowChecker) -> None:
        self._checker = checker
        self._hashes = array("q")

    def watch(self, blocks: Iterator[list[Record]]) -> Iterator[list[Record]]:
        """Gives the blocks unchanged, and remembers the hashes of their addresses."""
        email_of, remember = self._checker.email_key, self._hashes.append
        for block in blocks:
            for _, cells in block:
                if email := email_of(cells):
                    remember(hash(email))
            yield block

    def find(self, chunks: Iterator[Chunk]) -> Iterator[tuple[int, dict[str, int]]]:
        """Gives (number of the chunk, its duplicates) for each chunk with a row that repeats the
        e-mail address of an earlier valid row."""
        hashes = self._repeated_hashes()
        first: dict[str, int] = {}
        for chunk in chunks if hashes else ():
            if duplicates := dict(_repeats(chunk, self._checker, hashes, first)):
                yield chunk.number, duplicates

    def _repeated_hashes(self) -> set[int]:
        ordered = sorted(self._hashes)
        return {one for one, other in pairwise(ordered) if one == other}


def _repeats(
    chunk: Chunk, checker: RowChecker, hashes: set[int], first: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """Gives (row number, number of the earlier row) of a chunk's duplicates. `first` collects the
    first valid row of each e-mail address."""
    for row_number, cells in chunk.records():
        email = checker.email_key(cells)
        if not email or hash(email) not in hashes or str(row_number) in chunk.problems:
            continue
        if not isinstance(checker.check(cells), list):
            earlier = first.setdefault(email, row_number)
            if earlier != row_number:
                yield str(row_number), earlier
