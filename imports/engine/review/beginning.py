"""Begins a review: checks every row of a staged file once, and stores the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from imports.engine.options import ImportOptions
from imports.engine.review import comparing, preview, records
from imports.engine.review.records import Record
from imports.engine.staged import staging
from imports.engine.staged.chunks import Chunk
from imports.models import Review, Upload
from imports.schema.columns import Columns
from imports.schema.warnings import FileWarning, WarningCollector
from imports.validation.rows import RowChecker


def review_of(upload: Upload) -> Review:
    """Gives the review of an upload; begins it where there is none. The caller has locked the row
    of the upload, so that two first looks begin one review."""
    if review := begun(upload):
        return review
    review = _begin(upload)
    review.upload = upload
    return review


def begun(upload: Upload) -> Review | None:
    """Gives the review of an upload, if it was begun."""
    found = Review.objects.of(upload.organisation_id).select_related("edited_by")
    review = found.filter(upload_id=upload.id).first()
    if review:
        review.upload = upload
    return review


def _begin(upload: Upload) -> Review:
    columns = staging.columns_of(upload)
    checker = RowChecker(columns)
    collector = WarningCollector(map(FileWarning.from_json, upload.warnings))
    add_warnings = preview.warnings_adder(columns, checker, collector)
    options = ImportOptions.from_json(upload.previewed or {})
    review = Review.objects.create(
        upload=upload,
        columns=upload.columns,
        options=asdict(options),
        shown={
            "examples": preview.examples(upload),
            "encoding_readings": preview.encoding_readings(upload),
        },
    )
    fields = fields_of(columns)
    number = 0
    while chunk := staging.chunk_of(upload.id, number):
        rows = []
        for row, cells in chunk.records():
            record = Record(row=row, cells=cells, found=_found(chunk, row, columns.positions))
            record.check(checker, fields)
            add_warnings(row, cells)
            rows.append(record)
        records.insert(upload.id, rows, chunk.duplicates)
        number += 1
    comparing.find_users(upload.id, upload.organisation_id)
    review.warnings = [one.as_json() for one in collector.warnings()][: preview.LISTED]
    review.save(update_fields=["warnings"])
    return Review.objects.of(upload.organisation_id).get(upload_id=upload.id)


def fields_of(columns: Columns) -> dict[int, str]:
    """Index of a column -> the field that is read from it."""
    return {index: field for field, index in columns.positions.items()}


def _found(chunk: Chunk, row: int, positions: Mapping[str, int]) -> list[list[Any]]:
    """The problems of reading, with the column in place of the field: the mapping may change."""
    problems = chunk.problems.get(str(row), ()) if chunk.problems else ()
    return [[positions.get(field) if field else None, *rest] for field, *rest in problems]
