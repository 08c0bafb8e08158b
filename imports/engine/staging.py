"""A file into the database: read once, strictly, and cut into the chunks that a worker takes.

    bytes -> reader.read -> pieces -> chunks -> import_upload_chunks
                                 `-> keys of addresses -> duplicates of each chunk

All of it is one transaction: a file that is refused leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import BinaryIO
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, transaction

from imports import files
from imports.engine.chunks import Chunk
from imports.models import Upload, UploadChunk
from imports.schema.columns import Columns
from imports.validation.rows import RowChecker

Record = tuple[int, list[str]]

# A chunk ends at IMPORT_CHUNK_SIZE rows or at the piece that takes it over this, whichever is
# first: what a worker holds in memory does not depend on how wide a file is.
CHUNK_BYTES = 1024 * 1024
PIECE_ROWS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingOptions:
    """What a person may say about a file; None: found out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    mapping: Mapping[str, str] | None = None


@transaction.atomic
def stage(
    file: BinaryIO,
    *,
    filename: str,
    organisation_id: UUID,
    staged_by: UUID | None,
    options: ReadingOptions | None = None,
    guess_encoding: bool = False,
) -> Upload:
    """Reads a file through and stores it; gives the upload, whose `total_rows` is known then.

    file: seekable, binary. Raises `FileRefused` where the file as a whole can't be imported."""
    options = options or ReadingOptions()
    size_bytes, sha256 = file.seek(0, 2), _sha256(file)
    file.seek(0)
    read = files.read_for_preview if guess_encoding else files.read
    reading = read(
        file,
        filename=filename,
        limits=files.Limits(
            max_rows=settings.MAX_ROWS_PER_IMPORT, max_bytes=settings.MAX_FILE_SIZE
        ),
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        mapping=options.mapping,
    )
    upload = Upload.objects.create(
        id=uuid4(),
        organisation_id=organisation_id,
        staged_by_id=staged_by,
        filename=display_name(filename),
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
    keys = _AddressKeys(RowChecker(reading.columns))
    chunk_count = 0
    for chunk in _chunks(keys.watch(reading.records())):
        _store(upload.id, chunk)
        upload.total_rows += chunk.row_count
        chunk_count += 1
    _mark_duplicates(upload, chunk_count, keys)
    upload.warnings = [list(notice) for notice in reading.warnings]
    upload.save(update_fields=["total_rows", "warnings"])
    return upload


_COPY_UPLOAD = """
    INSERT INTO import_uploads (id, staged_by, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows)
    SELECT gen_random_uuid(), %s, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows
    FROM import_uploads WHERE import_batch_id = %s RETURNING id
"""
_COPY_CHUNKS = """
    INSERT INTO import_upload_chunks (upload_id, number, first_row, row_count, content, duplicates)
    SELECT %s, number, first_row, row_count, content, duplicates FROM import_upload_chunks
    WHERE upload_id = (SELECT id FROM import_uploads WHERE import_batch_id = %s)
"""


@transaction.atomic
def copy(batch_id: UUID, *, staged_by: UUID | None) -> Upload | None:
    """A second upload like that of a batch, made inside the database; None where it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(_COPY_UPLOAD, [staged_by, batch_id])
        made = cursor.fetchone()
        if made is None:
            return None
        cursor.execute(_COPY_CHUNKS, [made[0], batch_id])
    return Upload.objects.get(id=made[0])


def display_name(filename: str) -> str:
    """A file's name as it may be shown and stored: no folder, nothing invisible, 255 characters."""
    name = re.split(r"[/\\]", filename)[-1]
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[-255:] or "unnamed"


def chunk_of(upload_id: UUID, number: int) -> Chunk | None:
    """A chunk of a staged file; None past its end."""
    fields = ("number", "first_row", "row_count", "content", "duplicates")
    found = UploadChunk.objects.filter(upload_id=upload_id, number=number).values(*fields).first()
    return Chunk(**found | {"content": bytes(found["content"])}) if found else None


def columns_of(upload: Upload) -> Columns:
    """The columns of a staged file."""
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
    """The next rows, up to `size` of them or the piece that makes them CHUNK_BYTES."""
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
    """By psycopg's own cursor, which sends the bytes as they are; Django's writes them out in hex
    into the text of the statement, which takes seven times as long."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO import_upload_chunks"
            " (upload_id, number, first_row, row_count, content, duplicates)"
            " VALUES (%s, %s, %s, %s, %b, '{}')",
            (upload_id, chunk.number, chunk.first_row, chunk.row_count, chunk.content),
        )


class _AddressKeys:
    """Finds the addresses that occur more than once, in 8 bytes a row.

    Equal hashes only raise a suspicion, which the second look settles by the addresses."""

    def __init__(self, checker: RowChecker) -> None:
        self.checker = checker
        self._hashes = array("q")

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """Passes the records on."""
        key, note = self.checker.email_key, self._hashes.append
        for record in records:
            if address := key(record[1]):
                note(hash(address))
            yield record

    def suspects(self) -> set[int]:
        """The hashes that occur more than once."""
        ordered = sorted(self._hashes)
        return {one for one, other in pairwise(ordered) if one == other}


def _mark_duplicates(upload: Upload, chunk_count: int, keys: _AddressKeys) -> None:
    """Notes in each chunk which rows repeat the address of an earlier valid row."""
    suspects = keys.suspects()
    first: dict[str, int] = {}
    for number in range(chunk_count if suspects else 0):
        chunk = chunk_of(upload.id, number)
        duplicates = dict(_repeats(chunk, keys.checker, suspects, first)) if chunk else {}
        if duplicates:
            UploadChunk.objects.filter(upload=upload, number=number).update(duplicates=duplicates)


def _repeats(
    chunk: Chunk, checker: RowChecker, suspects: set[int], first: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """(row, earlier row) of a chunk; `first` remembers the first valid row of each address."""
    for row_number, cells in chunk.records():
        address = checker.email_key(cells)
        if address and hash(address) in suspects and not isinstance(checker.check(cells), list):
            earlier = first.setdefault(address, row_number)
            if earlier != row_number:
                yield str(row_number), earlier
