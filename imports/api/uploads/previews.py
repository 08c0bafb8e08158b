"""Previews: what an import of a file would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests.parsers import MultiPartParser
from imports import actions, uploads
from imports.api.base import UploadView, validated
from imports.api.batches.representation import FileWarning
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    limit_headers,
    refused,
)
from imports.api.uploads.options import OPTION_NAMES, OptionsSerializer, given_options
from imports.engine.options import ImportOptions, ReadingOptions, refuse_unknown
from imports.engine.review import preview as previews
from imports.engine.review.preview import Preview
from imports.engine.staged import staging
from imports.models import LimitType, Upload
from imports.schema.columns import Columns

# --- request ----------------------------------------------------------------------------------


class PreviewForm(OptionsSerializer):
    """The form of a preview."""

    file = serializers.FileField(help_text="CSV, or an .xlsx workbook.")


# --- answer -----------------------------------------------------------------------------------


class PreviewError(serializers.Serializer[Any]):
    """An error of a row."""

    row = serializers.IntegerField()
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class PreviewDuplicate(serializers.Serializer[Any]):
    """A row that would be skipped, because its user already exists."""

    row = serializers.IntegerField()
    email = serializers.CharField()
    message = serializers.CharField()


class PreviewColumn(serializers.Serializer[Any]):
    """A column of the file and some of its values."""

    header = serializers.CharField()
    field = serializers.CharField(allow_null=True, help_text="null: the column is ignored.")
    examples = serializers.ListField(child=serializers.CharField())


class PreviewSheet(serializers.Serializer[Any]):
    """A sheet of a workbook."""

    name = serializers.CharField()
    is_read = serializers.BooleanField(help_text="Whether the preview is of this sheet.")
    rows = serializers.IntegerField(
        allow_null=True, help_text="Rows below the header; null: the sheet can't be read."
    )
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(),
        help_text="The fields that have a column. Empty: the sheet could not be imported.",
    )


class PreviewReading(serializers.Serializer[Any]):
    """How a file reads in an encoding."""

    encoding = serializers.CharField()
    is_read = serializers.BooleanField(help_text="Whether the preview is in this encoding.")
    examples = serializers.ListField(
        child=serializers.CharField(),
        help_text="Up to three cells. Those of the two encodings are in the same order.",
    )


class PreviewFile(serializers.Serializer[Any]):
    """How the file was read."""

    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["csv", "xlsx"])
    encoding = serializers.CharField()
    encoding_readings = PreviewReading(
        many=True,
        help_text="If the encoding is a guess: the two likeliest encodings, that of the preview"
        " first, and cells that they read differently. Otherwise empty.",
    )
    delimiter = serializers.CharField(allow_null=True)
    sheet = serializers.CharField(allow_null=True)
    sheets = PreviewSheet(
        many=True, help_text="The visible sheets of a workbook that has more than one."
    )
    header_row = serializers.IntegerField()
    mapping = serializers.DictField(child=serializers.CharField())
    columns = PreviewColumn(many=True)


class PreviewRow(serializers.Serializer[Any]):
    """A user that an import would create."""

    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.CharField()
    department = serializers.CharField(allow_blank=True)
    location = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    market_edge_access = serializers.BooleanField()
    causal_edge_access = serializers.BooleanField()
    value_edge_access = serializers.BooleanField()
    send_invitation = serializers.BooleanField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What an import would do. Each list holds at most 100 items. The counts are of all rows."""

    upload_id = serializers.UUIDField()
    is_valid = serializers.BooleanField(  # type: ignore[assignment]
        help_text="Whether no row has an error."
    )
    total_rows = serializers.IntegerField()
    valid_rows = serializers.IntegerField(help_text="Rows that would become users.")
    failed_rows = serializers.IntegerField(help_text="Rows with at least one error.")
    error_count = serializers.IntegerField(help_text="All errors. A row may have several.")
    duplicate_count = serializers.IntegerField(help_text="Rows whose user already exists.")
    warning_count = serializers.IntegerField()
    error_codes = serializers.DictField(child=serializers.IntegerField())
    errors = PreviewError(many=True)  # type: ignore[assignment]
    duplicates = PreviewDuplicate(many=True)
    warnings = FileWarning(many=True)
    preview_data = PreviewRow(many=True)
    file = PreviewFile()


def preview_json(preview: Preview) -> dict[str, Any]:
    """The answer, with the members of PreviewSerializer."""
    return {
        "upload_id": preview.upload.id,
        "is_valid": preview.failed_rows == 0,
        "total_rows": preview.upload.total_rows,
        "valid_rows": preview.successful_rows,
        "failed_rows": preview.failed_rows,
        "error_count": preview.error_count,
        "duplicate_count": preview.skipped_rows,
        "warning_count": preview.warning_count,
        "error_codes": dict(preview.codes.most_common()),
        "errors": preview.errors,
        "duplicates": preview.duplicates,
        "warnings": [warning.as_json() for warning in preview.warnings],
        "preview_data": preview.rows,
        "file": file_json(
            preview.upload,
            staging.columns_of(preview.upload),
            examples=previews.examples(preview.upload),
            encoding_readings=preview.encoding_readings,
        ),
    }


def file_json(
    upload: Upload,
    columns: Columns,
    *,
    examples: Sequence[Sequence[str]],
    encoding_readings: list[dict[str, Any]],
) -> dict[str, Any]:
    """How a file was read, with the members of PreviewFile. `examples`: some values of each
    column."""
    fields = {index: field for field, index in columns.positions.items()}
    return {
        "filename": upload.filename,
        "size_bytes": upload.size_bytes,
        "kind": upload.kind,
        "encoding": upload.encoding,
        "encoding_readings": encoding_readings,
        "delimiter": upload.delimiter or None,
        "sheet": upload.sheet or None,
        "sheets": upload.sheets,
        "header_row": upload.header_row,
        "mapping": columns.mapping,
        "columns": [
            {"header": header, "field": fields.get(index), "examples": found}
            for index, (header, found) in enumerate(zip(columns.headers, examples, strict=True))
        ],
    }


# --- the call ---------------------------------------------------------------------------------


class PreviewView(UploadView):
    """A preview of an import."""

    parser_classes = [MultiPartParser]
    limit_type = LimitType.FILE_UPLOAD
    query_names: ClassVar = {"POST": OPTION_NAMES}

    @extend_schema(
        operation_id="preview",
        tags=["import"],
        summary="What an import of a file would do",
        description="No user is created or changed. The file is kept for an hour and can be"
        " imported by its `upload_id`. Counts are of all rows; each list names at most 100.",
        parameters=[ORGANISATION, OptionsSerializer, *limit_headers(200, 400, 413, 429, 507)],
        request={"multipart/form-data": PreviewForm},
        responses={
            200: answer(PreviewSerializer, "What the file holds.", examples.PREVIEW),
            **refused(*COMMON_REFUSALS, 413, 415, 429, 507),
        },
    )
    def post(self, request: Request, org_id: UUID) -> Response:
        """Stages the file and checks every row."""
        file = uploads.file_of(request)
        given = given_options(request, (*OPTION_NAMES, uploads.FILE_FIELD))
        values = validated(OptionsSerializer(data=given))
        if file is None:
            raise uploads.no_file(request)
        refuse_unknown(request.FILES, [uploads.FILE_FIELD])
        self.refuse_after_refusals()
        with self.charged():
            upload = actions.stage_for_preview(
                uploads.content_of(file),
                filename=file.name or "",
                user=self.user,
                organisation_id=org_id,
                options=ReadingOptions.from_json(values),
            )
        preview = previews.preview(upload, ImportOptions.from_json(values))
        return Response(preview_json(preview))
