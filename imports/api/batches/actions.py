"""What can be done with an import: cancel, retry and undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests.client_ip import client_ip
from imports import actions
from imports.api.base import OrganisationView
from imports.api.batches.detail import ACCEPTED_HEADERS, POLL_SECONDS, accepted
from imports.api.batches.representation import BatchSerializer
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    BATCH,
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    header,
    limit_headers,
    refused,
)
from imports.engine import undo


class KeptUser(serializers.Serializer[Any]):
    """A user that an undo did not remove, and the reason."""

    user_id = serializers.UUIDField()
    email = serializers.CharField()
    reason = serializers.ChoiceField(choices=list(undo.SENTENCES))
    message = serializers.CharField()


class UndoneSerializer(serializers.Serializer[Any]):
    """What an undo has done so far."""

    batch_id = serializers.UUIDField()
    is_finished = serializers.BooleanField(help_text="With false, ask again later.")
    removed_rows = serializers.IntegerField()
    kept_rows = serializers.IntegerField()
    moved_rows = serializers.IntegerField(
        help_text="Users of the import who are no longer in this organisation. They are kept."
    )
    kept = KeptUser(many=True, help_text="At most 100. Empty until the undo is finished.")


class CancelView(OrganisationView):
    """Cancels an import."""

    @extend_schema(
        operation_id="cancel",
        tags=["import"],
        summary="Stop an import",
        description="Users that were imported already stay. The other rows are counted as"
        " `unprocessed_rows`. Cancelling again changes nothing.",
        parameters=[ORGANISATION, BATCH],
        request=None,
        responses={
            200: answer(BatchSerializer, "The batch.", examples.CANCELLED),
            **refused(*COMMON_REFUSALS, 409, 415),
        },
    )
    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Cancels the batch. A worker that is writing a chunk finishes it and then stops."""
        actions.cancel(self.requested_batch, user=self.user)
        return Response(BatchSerializer(self.batch(batch_id)).data)


class RetryView(OrganisationView):
    """Runs an import again."""

    @extend_schema(
        operation_id="retry",
        tags=["import"],
        summary="Run a failed or cancelled import again",
        description="Creates a new import of the same file. Its `retry_of` is the id of the old"
        " import. Rows whose users were imported already count as skipped. Retries do not count"
        " against the quota of imports. They have one of their own.",
        parameters=[
            ORGANISATION,
            BATCH,
            *ACCEPTED_HEADERS,
            *limit_headers(429),
        ],
        request=None,
        responses={
            202: answer(BatchSerializer, "The new batch.", examples.RETRY),
            **refused(*COMMON_REFUSALS, 409, 415, 429),
        },
    )
    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Creates the new batch. If a retry of the batch is pending or running, gives that one."""
        retry = actions.retry(self.requested_batch, user=self.user, ip=client_ip(request))
        return accepted(self.batch(retry.id))


class UndoView(OrganisationView):
    """Undoes an import."""

    @extend_schema(
        operation_id="undo",
        tags=["import"],
        summary="Undo an import",
        description="Removes the users that the import created. Users who have logged in since,"
        " have accepted an invitation, were edited, or are referred to by other data are kept. The"
        " open invitations of the others are revoked. An undo is possible until `undo_until`."
        " Another call changes nothing and gives the progress.",
        parameters=[
            ORGANISATION,
            BATCH,
            header("Retry-After", "Seconds until the next call.", [202]),
        ],
        request=None,
        responses={
            200: answer(UndoneSerializer, "The undo is finished.", examples.UNDONE),
            202: answer(UndoneSerializer, "The undo goes on.", examples.UNDOING),
            **refused(*COMMON_REFUSALS, 409, 415),
        },
    )
    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Undoes the batch. A worker continues a large undo in the background."""
        result = actions.undo(self.requested_batch, user=self.user)
        headers = {} if result.is_finished else {"Retry-After": str(POLL_SECONDS)}
        body = {"batch_id": batch_id, **asdict(result)}
        return Response(body, status=200 if result.is_finished else 202, headers=headers)
