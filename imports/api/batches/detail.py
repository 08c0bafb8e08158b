"""The call that clients poll for the progress of a batch, and the answer that accepts one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from imports import invitations
from imports.api.base import OrganisationView
from imports.api.batches.representation import BatchSerializer
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    BATCH,
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    header,
    refused,
)
from imports.models import ImportBatch
from imports.models.statuses import LIVE
from users.models import User

POLL_SECONDS = 2  # Retry-After while a batch is pending or processing
# Part of the ETag. To be raised when the same row gives another answer than before.
ANSWER_VERSION = 5

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
        headers = poll_headers(batch.updated_at, batch.status, invitations.of(batch))
        if is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return Response(status=304, headers=headers)
        return Response(BatchSerializer(batch).data, headers=headers)


# Raw SQL: for Django's ORM, building the query takes longer than running it.
_BATCH = f"""
    SELECT batch.*, upload.warnings AS file_warnings, {invitations.COUNTS} AS invitation_counts
    FROM import_batches batch
    JOIN organisations ON organisations.id = batch.organisation_id AND organisations.is_active
    LEFT JOIN import_uploads upload ON upload.import_batch_id = batch.id
    WHERE batch.id = %s AND batch.organisation_id = %s
"""  # noqa: S608 - a constant


def read_batch(user: User, organisation_id: UUID, batch_id: UUID) -> ImportBatch | None:
    """The batch with its `file_warnings` and `invitation_counts`. None if it does not exist or the
    user may not see it at the moment; the caller finds out which."""
    if not settings.FEATURE_USER_MANAGEMENT or not user.may_manage_users_of(organisation_id):
        return None
    for batch in ImportBatch.objects.everywhere().raw(_BATCH, [batch_id, organisation_id]):
        found: Any = batch
        found.file_warnings = json.loads(found.file_warnings or "[]")
        found.invitation_counts = json.loads(found.invitation_counts or "{}")
        return batch
    return None


def poll_headers(
    updated_at: datetime, status: str, invited: invitations.Invitations | None
) -> dict[str, str]:
    """ETag, Cache-Control, and Retry-After until the batch ends.

    The ETag is made of `updated_at`, which a trigger sets at every UPDATE of the row, and of the
    numbers of invitations. The answer depends on nothing else. Clients keep it themselves: the
    browser's cache may not, because people can share a machine."""
    microseconds = int(updated_at.timestamp() * 1_000_000)
    version = f"{ANSWER_VERSION}-{microseconds:x}-{invitations.tag(invited)}"
    headers = {"ETag": f'"{version}"', "Cache-Control": "no-store"}
    if status in LIVE:
        headers["Retry-After"] = str(POLL_SECONDS)
    return headers


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header matches the ETag, by the weak comparison of RFC 9110."""
    given = parse_etags(if_none_match)
    return given == ["*"] or etag in [tag.removeprefix("W/") for tag in given]
