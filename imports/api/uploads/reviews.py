"""The review of a staged file: look at its rows, and change them before the import."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests.parsers import JSONParser
from imports import actions
from imports.api.base import METHODS, OrganisationView, validated
from imports.api.openapi import reviews as examples
from imports.api.openapi.parts import COMMON_REFUSALS, ORGANISATION, answer, refused
from imports.api.uploads.previews import file_json
from imports.api.uploads.review_representation import (
    MAX_PAGE_ROWS,
    ChangedReviewSerializer,
    ReviewChangeSerializer,
    ReviewRowsSerializer,
    ReviewSerializer,
    RowFilter,
)
from imports.engine.options import refuse_unknown
from imports.engine.review.changes import Change
from imports.engine.review.queries import Wanted
from imports.engine.review.summary import Summary
from imports.models import Upload

UPLOAD = OpenApiParameter(
    "upload_id", OpenApiTypes.UUID, "path", description="The `upload_id` of a preview."
)
CHANGE_NAMES = tuple(ReviewChangeSerializer().fields)
FILTER_NAMES = tuple(RowFilter().fields)


def review_json(summary: Summary) -> dict[str, Any]:
    """The answer, with the members of ReviewSerializer."""
    review, upload = summary.review, summary.review.upload
    editor = review.edited_by
    return {
        "upload_id": upload.id,
        "revision": review.revision,
        "can_undo": summary.can_undo,
        "expires_at": summary.expires_at,
        "edited_at": review.edited_at,
        "edited_by": {"id": editor.id, "email": editor.email} if editor else None,
        "options": review.options,
        "file": file_json(
            upload,
            summary.columns,
            examples=review.shown["examples"],
            encoding_readings=review.shown["encoding_readings"],
        ),
        "counts": summary.counts,
        "problems": summary.problems,
        "warnings": summary.warnings,
    }


class _ReviewView(OrganisationView):
    """A call about one staged file. It is found before the request is looked at."""

    upload: Upload

    def load(self, org_id: UUID, batch_id: UUID | None = None, upload_id: Any = None) -> None:
        """Reads the organisation and the upload. Raises NotFound, also where it has expired."""
        super().load(org_id)
        self.upload = actions.reviewable(upload_id, user=self.user, organisation_id=org_id)


class ReviewView(_ReviewView):
    """What a staged file holds, and what an import of it would do."""

    http_method_names = [*METHODS, "patch"]
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="review",
        tags=["import"],
        summary="The review of a staged file",
        description="The counts and problems of all rows as they stand, by the rules and the users"
        " of this moment. Every administrator of the organisation may look and change.",
        parameters=[ORGANISATION, UPLOAD],
        responses={
            200: answer(ReviewSerializer, "The review.", examples.REVIEW),
            **refused(*COMMON_REFUSALS, 409),
        },
    )
    def get(self, request: Request, org_id: UUID, upload_id: UUID) -> Response:
        """Begins the review where this is the first look."""
        return Response(review_json(actions.review(self.upload, user=self.user)))

    @extend_schema(
        operation_id="change_review",
        tags=["import"],
        summary="Change the rows of a staged file",
        description="Cells, rows that are left out, the mapping of columns, and options. All of it"
        " is applied, or nothing. Rows are checked at once by the rules of the import. A change of"
        " another revision than the newest is 409 `upload_changed`. How the file was read can't be"
        " changed without the file: that is 409 `file_needed`.",
        parameters=[ORGANISATION, UPLOAD],
        request={"application/json": ReviewChangeSerializer},
        examples=[OpenApiExample("example", examples.CHANGE, request_only=True)],
        responses={
            200: answer(ChangedReviewSerializer, "The review after it.", examples.CHANGED),
            **refused(*COMMON_REFUSALS, 409, 413, 415),
        },
    )
    def patch(self, request: Request, org_id: UUID, upload_id: UUID) -> Response:
        """Changes the review, and answers with it."""
        _read_body(request)
        change = _change_of(request.data)
        summary, rows = actions.change_review(
            self.upload, change, user=self.user, max_rows=MAX_PAGE_ROWS
        )
        return Response({**review_json(summary), "rows": rows})


def _read_body(request: Request) -> None:
    """Reads a body of up to MAX_BODY_BYTES, which `BodyLimit` has checked. A change of 5,000 cells
    is larger than the form fields (DATA_UPLOAD_MAX_MEMORY_SIZE) that Django would allow."""
    django_request: Any = request._request
    if not hasattr(django_request, "_body"):
        django_request._body = django_request.read()


def _change_of(data: Any) -> Change:
    if not isinstance(data, dict):
        raise ValidationError("Send a JSON object.")
    refuse_unknown(data, CHANGE_NAMES)
    values = validated(ReviewChangeSerializer(data=data))
    return Change.from_json(values)


class ReviewRowsView(_ReviewView):
    """The rows of a staged file."""

    query_names: ClassVar = {"GET": FILTER_NAMES}

    @extend_schema(
        operation_id="review_rows",
        tags=["import"],
        summary="The rows of a staged file",
        description="In the order of the file. `field`, `code` and `value` narrow the list down to"
        " the rows of a group of problems.",
        parameters=[ORGANISATION, UPLOAD, RowFilter],
        responses={
            200: answer(ReviewRowsSerializer, "A page of rows.", examples.ROWS),
            **refused(*COMMON_REFUSALS, 409),
        },
    )
    def get(self, request: Request, org_id: UUID, upload_id: UUID) -> Response:
        """Begins the review where this is the first look."""
        values = validated(RowFilter(data=request.query_params.dict()))
        if "value" in values and not values.get("field"):
            raise ValidationError({"value": "Send the field of the value, too."})
        page = actions.review_rows(self.upload, Wanted(**values), user=self.user)
        return Response({"revision": page.revision, "total": page.total, "rows": page.rows})
