"""Writes the rows of a review into the chunks that are imported, and ends the review."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from imports import files
from imports.engine.review import comparing, queries, records
from imports.engine.review.beginning import fields_of
from imports.engine.review.refusals import NothingToImport
from imports.engine.staged import staging
from imports.engine.staged.chunks import Chunk
from imports.engine.staged.file_reading import Record as FileRow
from imports.engine.staged.file_reading import in_chunks
from imports.models import Review, Upload, UploadChunk
from imports.schema.columns import Columns


class Changes(NamedTuple):
    """What a batch tells of the review of its file."""

    edited_rows: int = 0
    dropped_rows: int = 0
    edited_by_id: UUID | None = None


def finish(upload: Upload, review: Review) -> Changes:
    """Makes the chunks of an upload hold the rows as they stand in its review, and deletes the
    review. Changes `upload` and saves it. Gives what the batch tells of the changes.

    The caller has locked the row of the upload. Raises `NothingToImport` where all rows are left
    out."""
    comparing.find_users(upload.id, upload.organisation_id)
    counts = queries.counts(review)
    if counts["all"] == counts["dropped"]:
        raise NothingToImport
    if counts["edited"] or counts["dropped"] or review.columns != upload.columns:
        _write_chunks(upload, review)
    upload.columns, upload.warnings = review.columns, _file_warnings(upload, review)
    upload.total_rows = counts["all"] - counts["dropped"]
    upload.previewed = {
        "successful_rows": counts["ready"],
        "skipped_rows": counts["existing"],
        "failed_rows": counts["invalid"],
        **review.options,
    }
    fields = ["columns", "warnings", "total_rows", "previewed", "content_id"]
    upload.save(update_fields=fields)
    changed = Changes(counts["edited"], counts["dropped"], review.edited_by_id)
    Review.objects.of(upload.organisation_id).filter(upload_id=upload.id).delete()
    return changed


def _file_warnings(upload: Upload, review: Review) -> list[dict[str, Any]]:
    """The warnings of the file; if another mapping was chosen, those of the review, which also
    tell of single rows."""
    return list(upload.warnings if review.columns == upload.columns else review.warnings)


def _write_chunks(upload: Upload, review: Review) -> None:
    if upload.content_id:
        _leave_content(upload)
    UploadChunk.objects.everywhere().filter(upload_id=upload.id).delete()
    fields = fields_of(Columns.from_json(review.columns))
    duplicates = _duplicates(upload.id)
    problems: dict[int, list[Any]] = {}
    blocks = _blocks(upload.id, fields, problems)
    for number, (first_row, row_count, content) in enumerate(
        in_chunks(blocks, settings.IMPORT_CHUNK_SIZE)
    ):
        rows = [row for row, _ in files.decode_chunk(content, first_row)]
        chunk = Chunk(
            number=number,
            first_row=first_row,
            row_count=row_count,
            content=content,
            duplicates={str(row): duplicates[row] for row in rows if row in duplicates},
            problems={str(row): problems[row] for row in rows if row in problems},
        )
        staging.store_chunk(upload.id, chunk)


def _blocks(
    upload_id: UUID, fields: dict[int, str], problems: dict[int, list[Any]]
) -> Iterator[list[FileRow]]:
    """The rows that are not left out. `problems` collects what was found while they were read."""
    for block in records.read_all(upload_id):
        kept = [one for one in block if not one.dropped]
        for one in kept:
            if found := one.found_problems(fields):
                problems[one.row] = found
        if kept:
            yield [(one.row, one.cells) for one in kept]


def _duplicates(upload_id: UUID) -> dict[int, int]:
    with records.cursor() as db:
        db.execute(
            "SELECT row_number, first_row FROM import_review_rows"
            " WHERE upload_id = %s AND first_row IS NOT NULL AND NOT dropped",
            [upload_id],
        )
        return dict(db.fetchall())


_HAND_OVER = """
    UPDATE import_upload_chunks SET upload_id = heir.id
    FROM (SELECT id FROM import_uploads WHERE content_id = %s AND id <> %s
          ORDER BY created_at DESC, id LIMIT 1 FOR KEY SHARE) heir
    WHERE upload_id = %s
"""


def _leave_content(upload: Upload) -> None:
    """Gives the chunks to another upload of the same content, as the trigger does that is called
    before an upload is deleted (migration 0010)."""
    with connection.cursor() as db:
        db.execute(staging.LOCK_CONTENT, [upload.content_id])
        db.execute(_HAND_OVER, [upload.content_id, upload.id, upload.id])
    upload.content_id = None
