"""Stages a file: reads it once to its end, and stores its rows in the chunks that workers import.

    bytes -> files.read -> records -> chunks -> import_upload_chunks
                                  `-> hashes of e-mail addresses -> duplicates of each chunk

One transaction does all of it, so that a refused file leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import BinaryIO, NotRequired, TypedDict, Unpack
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, transaction

from imports import files
from imports.engine.chunks import Chunk
from imports.engine.options import ReadingOptions
from imports.models import Upload, UploadChunk
from imports.schema.columns import Columns
from imports.validation.rows import RowChecker

Record = tuple[int, list[str]]

# A chunk ends at IMPORT_CHUNK_SIZE rows, or after the piece that makes it larger than CHUNK_BYTES.
# The memory of a worker does not depend on how wide a file is.
CHUNK_BYTES = 1024 * 1024
PIECE_ROWS = 500


class Given(TypedDict):
    """What the callers of `stage_for_import` and `stage_for_preview` give beside the file."""

    filename: str
    organisation_id: UUID
    staged_by: UUID | None  # a user; None: an operator
    options: NotRequired[ReadingOptions | None]  # without: everything is detected


def stage_for_import(file: BinaryIO, **given: Unpack[Given]) -> Upload:
    """Reads a file to its end and stores it; gives the upload, with its number of rows.

    `file` is seekable and binary. Raises `FileRefused` where the whole file can't be imported, also
    where its encoding would have to be guessed."""
    return _stage(files.read, file, **given)


def stage_for_preview(file: BinaryIO, **given: Unpack[Given]) -> Upload:
    """The same, but guesses an unknown encoding, with a warning: a person looks at a preview."""
    return _stage(files.read_for_preview, file, **given)


@transaction.atomic
def _stage(read: Callable[..., files.Reading], file: BinaryIO, **given: Unpack[Given]) -> Upload:
    size_bytes, sha256 = file.seek(0, 2), _sha256(file)
    file.seek(0)
    reading = _start_reading(read, file, given)
    upload = Upload.objects.create(
        id=uuid4(),
        organisation_id=given["organisation_id"],
        staged_by_id=given["staged_by"],
        filename=display_name(given["filename"]),
        size_bytes=size_bytes,
        sha256=sha256,
        kind=reading.kind,
        encoding=reading.encoding,
        delimiter=reading.delimiter or "",
        sheet=reading.sheet or "",
        header_row=reading.header_row,
        columns=reading.columns.as_json(),
        total_rows=0,
    )
    _store_rows(upload, reading)
    upload.warnings = [list(notice) for notice in reading.warnings]
    upload.save(update_fields=["total_rows", "warnings"])
    return upload


def _start_reading(
    read: Callable[..., files.Reading], file: BinaryIO, given: Given
) -> files.Reading:
    limits = files.Limits(max_rows=settings.MAX_ROWS_PER_IMPORT, max_bytes=settings.MAX_FILE_SIZE)
    options = given.get("options") or ReadingOptions()
    return read(
        file,
        filename=given["filename"],
        limits=limits,
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        mapping=options.mapping,
    )


def _store_rows(upload: Upload, reading: files.Reading) -> None:
    """Stores all rows in chunks, counts them, and marks those that repeat an e-mail address."""
    repeated = _RepeatedEmails(RowChecker(reading.columns))
    chunk_count = 0
    for chunk in _chunks(repeated.watch(reading.records())):
        _store(upload.id, chunk)
        upload.total_rows += chunk.row_count
        chunk_count += 1
    _mark_duplicates(upload, chunk_count, repeated)


_DUPLICATE_UPLOAD = """
    INSERT INTO import_uploads (id, staged_by, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows)
    SELECT gen_random_uuid(), %s, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows
    FROM import_uploads WHERE import_batch_id = %s RETURNING id
"""
_DUPLICATE_CHUNKS = """
    INSERT INTO import_upload_chunks (upload_id, number, first_row, row_count, content, duplicates)
    SELECT %s, number, first_row, row_count, content, duplicates FROM import_upload_chunks
    WHERE upload_id = (SELECT id FROM import_uploads WHERE import_batch_id = %s)
"""


@transaction.atomic
def copy_upload(batch_id: UUID, *, staged_by: UUID | None) -> Upload | None:
    """Copies the upload of a batch inside the database, without the batch. Gives None if the batch
    has no upload any more."""
    with connection.cursor() as cursor:
        cursor.execute(_DUPLICATE_UPLOAD, [staged_by, batch_id])
        made = cursor.fetchone()
        if made is None:
            return None
        cursor.execute(_DUPLICATE_CHUNKS, [made[0], batch_id])
    return Upload.objects.get(id=made[0])


def display_name(filename: str) -> str:
    """Gives a file's name as it may be shown and stored: without folders and invisible characters,
    at most 255 characters."""
    name = re.split(r"[/\\]", filename)[-1]
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[-255:] or "unnamed"


def chunk_of(upload_id: UUID, number: int) -> Chunk | None:
    """Gives a chunk of a staged file; None after the last one."""
    fields = ("number", "first_row", "row_count", "content", "duplicates")
    found = UploadChunk.objects.filter(upload_id=upload_id, number=number).values(*fields).first()
    return Chunk(**found | {"content": bytes(found["content"])}) if found else None


def columns_of(upload: Upload) -> Columns:
    """Gives the columns of a staged file."""
    return Columns.from_json(upload.columns)


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1024 * 1024):
        digest.update(block)
    return digest.hexdigest()


def _chunks(records: Iterator[Record]) -> Iterator[Chunk]:
    number = 0
    while chunk := _next_chunk(records, number, settings.IMPORT_CHUNK_SIZE):
        yield chunk
        number += 1


def _next_chunk(records: Iterator[Record], number: int, size: int) -> Chunk | None:
    """Gives the next chunk, at most `size` rows or CHUNK_BYTES and a piece; None at the end."""
    content = bytearray()
    first_row = next_row = row_count = 0
    while row_count < size and len(content) < CHUNK_BYTES:
        piece = list(islice(records, min(PIECE_ROWS, size - row_count)))
        if not piece:
            break
        if not row_count:
            first_row = next_row = piece[0][0]
        content += files.encode_chunk(piece, next_row)
        row_count += len(piece)
        next_row = piece[-1][0] + 1
    if not row_count:
        return None
    return Chunk(
        number=number,
        first_row=first_row,
        row_count=row_count,
        content=bytes(content),
        duplicates={},
    )


def _store(upload_id: UUID, chunk: Chunk) -> None:
    """Inserts a chunk with psycopg's own cursor, which sends binary parameters. Django's cursor
    writes them in hex into the statement, which takes seven times as long."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO import_upload_chunks"
            " (upload_id, number, first_row, row_count, content, duplicates)"
            " VALUES (%s, %s, %s, %s, %b, '{}')",
            (upload_id, chunk.number, chunk.first_row, chunk.row_count, chunk.content),
        )


class _RepeatedEmails:
    """Finds e-mail addresses that occur more than once, with 8 bytes of memory for each row.

    It keeps hashes. Different addresses may have equal hashes, so `_repeats` compares the addresses
    themselves."""

    def __init__(self, checker: RowChecker) -> None:
        self.checker = checker
        self._hashes = array("q")

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """Gives the records unchanged, and remembers the hashes of their addresses."""
        email_of, remember = self.checker.email_key, self._hashes.append
        for record in records:
            if email := email_of(record[1]):
                remember(hash(email))
            yield record

    def hashes(self) -> set[int]:
        """Gives the hashes that occur more than once."""
        ordered = sorted(self._hashes)
        return {one for one, other in pairwise(ordered) if one == other}


def _mark_duplicates(upload: Upload, chunk_count: int, repeated: _RepeatedEmails) -> None:
    """Stores with each chunk which rows repeat the e-mail address of an earlier valid row."""
    hashes = repeated.hashes()
    first: dict[str, int] = {}
    for number in range(chunk_count if hashes else 0):
        chunk = chunk_of(upload.id, number)
        duplicates = dict(_repeats(chunk, repeated.checker, hashes, first)) if chunk else {}
        if duplicates:
            UploadChunk.objects.filter(upload=upload, number=number).update(duplicates=duplicates)


def _repeats(
    chunk: Chunk, checker: RowChecker, hashes: set[int], first: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """Gives (row number, number of the earlier row) of a chunk's duplicates. `first` collects the
    first valid row of each e-mail address."""
    for row_number, cells in chunk.records():
        email = checker.email_key(cells)
        if email and hash(email) in hashes and not isinstance(checker.check(cells), list):
            earlier = first.setdefault(email, row_number)
            if earlier != row_number:
                yield str(row_number), earlier
