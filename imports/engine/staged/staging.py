"""Stores a file in the database, in the chunks that workers import.

`file_reading` has read the file to its end before. A file that is refused is never stored, and the
transaction is short.
"""

from __future__ import annotations

import json
import re
from uuid import UUID, uuid4

import psycopg
from django.db import connection, transaction

from imports.engine.staged.chunks import Chunk
from imports.engine.staged.file_reading import ReadFile
from imports.models import Upload, UploadChunk
from imports.schema.columns import Columns


@transaction.atomic
def store(file: ReadFile, *, organisation_id: UUID, staged_by: UUID | None) -> Upload:
    """Stores a file that was read. Gives the upload. `staged_by` is the id of a user, or None for
    an operator."""
    upload = Upload.objects.create(
        id=uuid4(),
        organisation_id=organisation_id,
        staged_by_id=staged_by,
        filename=display_name(file.filename),
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        kind=file.kind,
        encoding=file.encoding,
        encoding_guesses=file.encoding_guesses,
        delimiter=file.delimiter,
        sheet=file.sheet,
        header_row=file.header_row,
        columns=file.columns.as_json(),
        total_rows=file.total_rows,
        warnings=[warning.as_json() for warning in file.warnings],
        sheets=file.sheets,
    )
    for chunk in file.chunks():
        store_chunk(upload.id, chunk)
    return upload


_DUPLICATE_UPLOAD = """
    INSERT INTO import_uploads (id, staged_by, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows, content_id)
    SELECT gen_random_uuid(), %s, organisation_id, filename, size_bytes, sha256, kind,
        encoding, delimiter, sheet, header_row, columns, warnings, total_rows, content_id
    FROM import_uploads WHERE import_batch_id = %s RETURNING id
"""
_NAME_CONTENT = """
    UPDATE import_uploads SET content_id = coalesce(content_id, id) WHERE import_batch_id = %s
    RETURNING content_id
"""
# The trigger that hands over the chunks of an upload takes the same lock (migration 0010).
LOCK_CONTENT = "SELECT pg_advisory_xact_lock(hashtextextended('content:' || %s::uuid, 0))"
_MOVE_CHUNKS = """
    UPDATE import_upload_chunks SET upload_id = %s
    WHERE upload_id IN (SELECT id FROM import_uploads WHERE content_id = %s)
"""


@transaction.atomic
def share_upload(batch_id: UUID, *, staged_by: UUID | None) -> Upload:
    """Makes an upload for a new batch, with the content of this batch's upload. Gives it. The
    caller has locked the row of the batch.

    The chunks are not copied. They move to the new upload, where code that knows nothing of shared
    content looks for them. Raises `Upload.DoesNotExist` if the upload of the batch was deleted."""
    with connection.cursor() as cursor:
        cursor.execute(_NAME_CONTENT, [batch_id])
        content = cursor.fetchone()
        if content is None:
            raise Upload.DoesNotExist
        cursor.execute(LOCK_CONTENT, content)
        cursor.execute(_DUPLICATE_UPLOAD, [staged_by, batch_id])
        upload_id = cursor.fetchone()[0]
        cursor.execute(_MOVE_CHUNKS, [upload_id, *content])
    return Upload.objects.everywhere().get(id=upload_id)


def display_name(filename: str) -> str:
    """Gives a file's name as it may be shown and stored: without folders and invisible characters,
    at most 255 characters."""
    name = re.split(r"[/\\]", filename)[-1]
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[-255:] or "unnamed"


def chunk_of(upload_id: UUID, number: int) -> Chunk | None:
    """Gives a chunk of a staged file, or None after the last chunk."""
    fields = ("number", "first_row", "row_count", "content", "duplicates", "problems")
    found = UploadChunk.objects.of_upload(upload_id).filter(number=number).values(*fields).first()
    return Chunk(**found | {"content": bytes(found["content"])}) if found else None


def columns_of(upload: Upload) -> Columns:
    """Gives the columns of a staged file."""
    return Columns.from_json(upload.columns)


def store_chunk(upload_id: UUID, chunk: Chunk) -> None:
    """Inserts a chunk with psycopg's own cursor, which sends binary parameters. Django's cursor
    writes them in hex into the statement, which takes seven times as long."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO import_upload_chunks"
            " (upload_id, number, first_row, row_count, content, duplicates, problems)"
            " VALUES (%s, %s, %s, %s, %b, %s, %s)",
            (
                upload_id,
                chunk.number,
                chunk.first_row,
                chunk.row_count,
                chunk.content,
                json.dumps(dict(chunk.duplicates)),
                json.dumps(dict(chunk.problems)),
            ),
        )
