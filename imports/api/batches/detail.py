"""A batch as JSON, and the call that clients poll for its progress."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from imports import progress
from imports.api.base import OrganisationView
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    BATCH,
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    header,
    refused,
)
from imports.engine import undo
from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from imports.models.statuses import LIVE, Status
from imports.schema.warnings import FileWarning as WarningData
from users.models import User

POLL_SECONDS = 2  # Retry-After while a batch is pending or processing
# Part of the ETag. To be raised when the same row gives another answer than before.
ANSWER_VERSION = 3
STATUSES = [(status.value, status.label) for status in Status]

# --- a batch as JSON --------------------------------------------------------------------------


class WarningExample(serializers.Serializer[Any]):
    """One occurrence of a warning. `before` and `after` are null where values are not shown."""

    row = serializers.IntegerField(allow_null=True)
    cell = serializers.CharField(allow_null=True)
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class FileWarning(serializers.Serializer[Any]):
    """Something unusual about the file or some of its rows that is not an error, and what was done
    with it. There is one for each code and column."""

    row = serializers.IntegerField(allow_null=True, help_text="The first row that it concerns.")
    code = serializers.CharField()
    message = serializers.CharField()
    column = serializers.CharField(allow_null=True, help_text="The header, as in the file.")
    cell = serializers.CharField(allow_null=True, help_text="The first cell, such as D7.")
    count = serializers.IntegerField(help_text="How often it occurred.")
    examples = WarningExample(many=True, help_text="At most three occurrences.")


class ProgressSerializer(serializers.Serializer[progress.Progress]):
    """How much of a batch is done."""

    percent = serializers.IntegerField(min_value=0, max_value=100)
    rows_per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)


class BatchOptions(serializers.Serializer[Any]):
    """The options that a batch runs with."""

    def get_fields(self) -> dict[str, Any]:
        """A field for each member of ImportOptions."""
        return {
            name: serializers.BooleanField()
            if isinstance(default, bool)
            else serializers.CharField()
            for name, default in asdict(ImportOptions()).items()
        }


class BatchSerializer(serializers.ModelSerializer[ImportBatch]):
    """A batch. `filename` and the counters are the columns of its row."""

    # The fields describe the answer in the OpenAPI document. `to_representation` does not use
    # them: DRF's own takes three times as long, and 200 clients may poll every two seconds.
    organization_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    uploaded_by = serializers.UUIDField(allow_null=True)
    retry_of = serializers.UUIDField(allow_null=True)
    unprocessed_rows = serializers.IntegerField(
        help_text="Rows that a cancelled or failed batch did not process."
    )
    options = BatchOptions()
    progress = ProgressSerializer()
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the import can be undone. null while it runs."
    )
    warnings = FileWarning(many=True)

    class Meta:
        model = ImportBatch
        fields = [
            "id",
            "organization_id",
            "filename",
            "status",
            "total_rows",
            "processed_rows",
            "successful_rows",
            "skipped_rows",
            "failed_rows",
            "unprocessed_rows",
            "created_at",
            "started_at",
            "completed_at",
            "error_message",
            "progress",
            "options",
            "warnings",
            "uploaded_by",
            "retry_of",
            "undo_until",
            "undone_at",
            "undone_rows",
        ]
        read_only_fields = fields

    def to_representation(self, batch: ImportBatch) -> dict[str, Any]:
        """The answer. `batch.file_warnings` are the warnings of its file, as
        `OrganisationView.batches` and `read_batch` add them."""
        warnings = getattr(batch, "file_warnings", None) or []
        computed = {
            "organization_id": batch.organisation_id,
            "unprocessed_rows": batch.total_rows - batch.processed_rows,
            "progress": asdict(progress.of(batch)),
            "warnings": [WarningData.from_json(warning).as_json() for warning in warnings],
            "uploaded_by": batch.uploaded_by_id,
            "retry_of": batch.retry_of_id,
            "undo_until": undo.possible_until(batch),
        }
        return {
            name: computed[name] if name in computed else getattr(batch, name)
            for name in self.Meta.fields
        }


ACCEPTED_HEADERS = [
    header("Location", "The URL of the batch, to be polled.", [202], OpenApiTypes.URI_REF),
    header("Retry-After", "Seconds until the first poll.", [202]),
]


def accepted(batch: ImportBatch, *, is_replay: bool = False) -> Response:
    """202 with the batch, and with its URL as Location. `is_replay`: it was accepted before, under
    the same Idempotency-Key."""
    ids = {"org_id": batch.organisation_id, "batch_id": batch.id}
    headers = {"Location": reverse("import-batch", kwargs=ids), "Retry-After": str(POLL_SECONDS)}
    if is_replay:
        headers["Idempotency-Replayed"] = "true"
    return Response(BatchSerializer(batch).data, status=202, headers=headers)


# --- one batch --------------------------------------------------------------------------------


class BatchView(OrganisationView):
    """One import. Clients poll it every two seconds, 200 of them at once.

    A request takes one query beside the one for the user, whether there is news or not."""

    def load(self, org_id: UUID, batch_id: UUID | None = None) -> None:
        """Reads the batch along with its organisation. If that finds nothing, makes the checks one
        by one, so that the first that fails gives the answer."""
        batch = batch_id and read_batch(self.user, org_id, batch_id)
        if batch:
            self.requested_batch = batch
        else:
            super().load(org_id, batch_id)

    @extend_schema(
        operation_id="batch",
        tags=["import"],
        summary="An import and its progress",
        description="While `status` is pending or processing, ask every two seconds (Retry-After)"
        " and send the last ETag as If-None-Match. The answer is 304 while nothing has changed.",
        parameters=[
            ORGANISATION,
            BATCH,
            OpenApiParameter("If-None-Match", str, "header", description="The last ETag."),
            header("ETag", "For If-None-Match.", [200, 304], str),
            header("Retry-After", "Seconds until the next poll, until it ends.", [200, 304]),
        ],
        responses={
            200: answer(BatchSerializer, "The batch.", examples.COMPLETED),
            304: OpenApiResponse(description="Nothing has changed."),
            **refused(*COMMON_REFUSALS),
        },
    )
    def get(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Answers 304 if the client has this version already."""
        batch = self.requested_batch
        headers = poll_headers(batch.updated_at, batch.status)
        if is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return Response(status=304, headers=headers)
        return Response(BatchSerializer(batch).data, headers=headers)


# Raw SQL: for Django's ORM, building the query takes longer than running it.
_BATCH = """
    SELECT batch.*, upload.warnings AS file_warnings
    FROM import_batches batch
    JOIN organisations ON organisations.id = batch.organisation_id AND organisations.is_active
    LEFT JOIN import_uploads upload ON upload.import_batch_id = batch.id
    WHERE batch.id = %s AND batch.organisation_id = %s
"""


def read_batch(user: User, organisation_id: UUID, batch_id: UUID) -> ImportBatch | None:
    """The batch with its `file_warnings`. None if it does not exist or the user may not see it at
    the moment; the caller finds out which."""
    if not settings.FEATURE_USER_MANAGEMENT or not user.may_manage_users_of(organisation_id):
        return None
    for batch in ImportBatch.objects.everywhere().raw(_BATCH, [batch_id, organisation_id]):
        found: Any = batch
        found.file_warnings = json.loads(found.file_warnings or "[]")
        return batch
    return None


def poll_headers(updated_at: datetime, status: str) -> dict[str, str]:
    """ETag, Cache-Control, and Retry-After until the batch ends.

    The ETag is made of `updated_at`, which a trigger sets at every UPDATE of the row. The answer
    depends on nothing but the row. Clients keep it themselves: the browser's cache may not, because
    people can share a machine."""
    microseconds = int(updated_at.timestamp() * 1_000_000)
    headers = {"ETag": f'"{ANSWER_VERSION}-{microseconds:x}"', "Cache-Control": "no-store"}
    if status in LIVE:
        headers["Retry-After"] = str(POLL_SECONDS)
    return headers


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header matches the ETag, by the weak comparison of RFC 9110."""
    given = parse_etags(if_none_match)
    return given == ["*"] or etag in [tag.removeprefix("W/") for tag in given]
