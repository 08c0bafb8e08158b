"""Lists a page at a time."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from imports.models import ImportBatch


class HistoryPages(PageNumberPagination):
    """`count, next, previous, results`."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100


class ErrorPages(PageNumberPagination):
    """`batch_id, total_errors, errors, next, previous`."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch

    def get_paginated_response(self, data: Any) -> Response:
        """One page."""
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
