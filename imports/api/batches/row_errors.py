"""The errors of an import's rows, as JSON or as a CSV file of the failed rows."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from imports import actions
from imports.api.base import OrganisationView
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    BATCH,
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    csv_file,
    names_of,
    page_parameters,
    refused,
)
from imports.api.renderers import CsvRenderer, csv_headers
from imports.models import ImportBatch, ImportError


class RowErrorSerializer(serializers.Serializer[Any]):
    """An error of a row."""

    row_number = serializers.IntegerField(
        help_text="The row as a spreadsheet shows it: the header is row 1."
    )
    field_name = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    row_data = serializers.DictField(child=serializers.CharField())


class ErrorList(serializers.Serializer[Any]):
    """A page of a batch's errors."""

    batch_id = serializers.UUIDField()
    total_errors = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ErrorPages(PageNumberPagination):
    """Pages with the members of ErrorList."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch

    def get_paginated_response(self, data: Any) -> Response:
        """The answer with one page."""
        page = cast(Any, self.page)
        return Response(
            {
                "batch_id": self.batch.id,
                "total_errors": page.paginator.count,
                "errors": data,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
            }
        )


PARAMETERS = [
    OpenApiParameter("format", str, "query", enum=["json", "csv"]),
    *page_parameters(page_size=ErrorPages.page_size, max_page_size=ErrorPages.max_page_size),
]


class ErrorsView(OrganisationView):
    """The errors of an import's rows."""

    renderer_classes = [JSONRenderer, CsvRenderer]
    query_names: ClassVar = {"GET": names_of(PARAMETERS)}

    @extend_schema(
        operation_id="errors",
        tags=["import"],
        summary="The errors of each row",
        description="JSON comes in pages. With `?format=csv` or `Accept: text/csv` the answer is a"
        " CSV file of the failed rows as they were, in the columns of the original file, and with"
        " the reasons in an additional column. Correct the rows and upload that file.",
        parameters=[ORGANISATION, BATCH, *PARAMETERS],
        responses={
            (200, "application/json"): answer(ErrorList, "A page.", examples.ERRORS),
            (200, "text/csv"): csv_file("The failed rows."),
            **refused(*COMMON_REFUSALS),
        },
    )
    def get(self, request: Request, org_id: UUID, batch_id: UUID) -> HttpResponseBase:
        """Errors are in the order of the file."""
        batch = self.requested_batch
        if isinstance(request.accepted_renderer, CsvRenderer):
            return self._csv(batch)
        pages = ErrorPages(batch)
        errors = batch.errors.order_by("row_number", "field_name", "error_code")
        page = pages.paginate_queryset(errors, request, view=self) or []
        rows = ImportError.objects.rows(batch, [error.row_number for error in page])
        for error in page:  # the row is stored in one of its errors
            error.row_data = error.row_data or rows.get(error.row_number, {})
        return pages.get_paginated_response(RowErrorSerializer(page, many=True).data)

    def _csv(self, batch: ImportBatch) -> StreamingHttpResponse:
        lines = actions.error_report(batch, user=self.user)
        return StreamingHttpResponse(
            (line.encode() for line in lines), headers=csv_headers(f"import-{batch.id}-errors.csv")
        )
