"""What a request says -> values that the engine takes; and a preview -> JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from imports import actions, uploads
from imports.api import serializers
from imports.engine import preview as previews
from imports.engine import staging
from imports.engine.options import ImportOptions, ReadingOptions
from imports.engine.preview import Preview
from imports.errors import WrongOption
from imports.models import ImportBatch
from imports.models.statuses import Status
from users.models import User

KEY_CHARS = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewForm:
    """A file and how it is to be read and imported."""

    file: Any  # an UploadedFile
    reading: ReadingOptions
    options: ImportOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportForm:
    """The same, or in place of the file the `upload_id` of a preview: one of the two is None."""

    file: Any
    upload_id: UUID | None
    reading: ReadingOptions
    options: ImportOptions

    def sha256(self, user: User, organisation_id: UUID) -> str:
        """The hash of what is to be imported. Raises NotFound where the preview is gone."""
        if self.upload_id is None:
            return uploads.sha256_of(self.file)
        return actions.staged(self.upload_id, user=user, organisation_id=organisation_id).sha256


def preview_form(request: Request) -> PreviewForm:
    """Raises FileRequired, WrongOption, ValidationError."""
    file = uploads.file_of(request)
    values = _checked(serializers.OptionsSerializer(data=_values(request)))
    if file is None:
        raise uploads.no_file(request)
    return PreviewForm(
        file=file, reading=ReadingOptions.from_json(values), options=ImportOptions.from_json(values)
    )


def import_form(request: Request) -> ImportForm:
    """Raises FileRequired, WrongOption, ValidationError."""
    file = uploads.file_of(request)
    given = _values(request)
    values = _checked(serializers.ImportOptions(data=given))
    upload_id = values.get("upload_id")
    if file is None and upload_id is None:
        raise uploads.no_file(request)
    if file and upload_id:
        raise WrongOption("Send either a file, or the upload_id of a preview, and not both.")
    if upload_id and (settled := [name for name in ReadingOptions.names() if name in values]):
        raise WrongOption(
            f"{settled[0]} was settled when the file was previewed. Preview it again with another"
            f" {settled[0]}, or leave it out here."
        )
    options = ImportOptions.from_json(values)
    return ImportForm(
        file=file, upload_id=upload_id, reading=ReadingOptions.from_json(values), options=options
    )


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header; None where there is none. Raises WrongOption."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    key = key.strip()
    if not key or len(key) > KEY_CHARS or not (key.isascii() and key.isprintable()):
        raise WrongOption(
            f"The Idempotency-Key must be 1 to {KEY_CHARS} printable ASCII characters, a UUID for"
            " example."
        )
    return key


def filtered(batches: QuerySet[ImportBatch], request: Request) -> QuerySet[ImportBatch]:
    """History by `status` (several: comma), `created_after` and `created_before`."""
    wanted = request.query_params
    if statuses := wanted.get("status"):
        batches = batches.filter(status__in=_statuses(statuses))
    if after := wanted.get("created_after"):
        batches = batches.filter(created_at__gte=_moment("created_after", after))
    if before := wanted.get("created_before"):
        batches = batches.filter(created_at__lt=_moment("created_before", before))
    return batches.order_by("-created_at", "-id")


def _statuses(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name not in Status.values]
    if wrong:
        message = f"{wrong[0][:50]!r} is no status; there are {', '.join(Status.values)}."
        raise ValidationError({"status": [message]})
    return names


def _moment(name: str, text: str) -> datetime:
    """A day (its beginning, in UTC) or a moment; in UTC, as PostgreSQL takes only offsets that
    some place on earth has."""
    try:
        moment = parse_datetime(text) if len(text) > 10 else None
        day = parse_date(text) if moment is None else None
        if day is not None:
            moment = datetime.combine(day, time.min)
        if moment is not None:
            aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            return aware.astimezone(UTC)
    except (ValueError, OverflowError):  # of the first and the last day that a datetime can be
        pass
    message = "Send a day like 2026-03-31, or a moment like 2026-03-31T12:00:00Z."
    raise ValidationError({name: [message]})


def _values(request: Request) -> dict[str, Any]:
    """Query parameters, and form fields or JSON members, which win. Empty ones are not given.

    A plain dict: of a form's own class DRF takes a missing boolean for a false one."""
    data = request.data
    sent = data.dict() if isinstance(data, QueryDict) else data
    if not isinstance(sent, Mapping):
        raise ValidationError("Send a JSON object.")
    return {k: v for k, v in {**request.query_params.dict(), **sent}.items() if v not in ("", None)}


def _checked(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def preview_json(found: Preview) -> dict[str, Any]:
    """The answer to a preview."""
    return {
        "upload_id": found.upload.id,
        "is_valid": found.failed_rows == 0,
        "total_rows": found.upload.total_rows,
        "valid_rows": found.successful_rows,
        "failed_rows": found.failed_rows,
        "error_count": found.error_count,
        "duplicate_count": found.skipped_rows,
        "warning_count": found.warning_count,
        "error_codes": dict(found.codes.most_common()),
        "errors": found.errors,
        "duplicates": found.duplicates,
        "warnings": found.warnings,
        "preview_data": found.rows,
        "file": _file_json(found),
    }


def _file_json(found: Preview) -> dict[str, Any]:
    upload = found.upload
    columns = staging.columns_of(upload)
    fields = {index: field for field, index in columns.positions.items()}
    examples = previews.examples(upload)
    return {
        "filename": upload.filename,
        "size_bytes": upload.size_bytes,
        "kind": upload.kind,
        "encoding": upload.encoding,
        "delimiter": upload.delimiter or None,
        "sheet": upload.sheet or None,
        "header_row": upload.header_row,
        "mapping": columns.mapping,
        "columns": [
            {"header": header, "field": fields.get(index), "examples": examples.get(header, [])}
            for index, header in enumerate(columns.headers)
        ],
    }
