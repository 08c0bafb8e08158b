"""The history: all imports of an organisation, in pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from imports.api.base import OrganisationView
from imports.api.batches.representation import ListedBatchSerializer
from imports.api.openapi import examples
from imports.api.openapi.parts import (
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    names_of,
    page_parameters,
    refused,
)
from imports.models import ImportBatch
from imports.models.statuses import Status

_MOMENT = {"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}
_ANY_STATUS = "|".join(Status.values)
_STATUS_LIST = {"type": "string", "pattern": f"^({_ANY_STATUS})(,({_ANY_STATUS}))*$"}


class HistoryPages(PageNumberPagination):
    """Pages with `count`, `next`, `previous` and `results`."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100


class BatchList(serializers.Serializer[Any]):
    """A page of the history."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ListedBatchSerializer(many=True)


FILTERS = [
    *page_parameters(page_size=HistoryPages.page_size, max_page_size=HistoryPages.max_page_size),
    OpenApiParameter(
        "status",
        _STATUS_LIST,
        "query",
        description=f"One of {', '.join(Status.values)}, or several with commas between them.",
    ),
    OpenApiParameter(
        "created_after", _MOMENT, "query", description="A date or a date and time, in ISO 8601."
    ),
    OpenApiParameter(
        "created_before", str, "query", description="A date or a date and time, in ISO 8601."
    ),
]


class HistoryView(OrganisationView):
    """The imports of an organisation."""

    query_names: ClassVar = {"GET": names_of(FILTERS)}

    @extend_schema(
        operation_id="history",
        tags=["import"],
        summary="All imports of the organisation, newest first",
        parameters=[ORGANISATION, *FILTERS],
        responses={
            200: answer(BatchList, "A page.", examples.HISTORY),
            **refused(*COMMON_REFUSALS),
        },
    )
    def get(self, request: Request, org_id: UUID) -> Response:
        """Imports of all users of the organisation are listed."""
        batches = filtered(self.batches(), request.query_params)
        pages = HistoryPages()
        page = pages.paginate_queryset(batches, request, view=self)
        return pages.get_paginated_response(ListedBatchSerializer(page, many=True).data)


def filtered(batches: QuerySet[ImportBatch], query: Mapping[str, str]) -> QuerySet[ImportBatch]:
    """The batches that match `status`, `created_after` and `created_before`, newest first. Raises
    ValidationError."""
    if statuses := query.get("status"):
        batches = batches.filter(status__in=_statuses(statuses))
    if after := query.get("created_after"):
        batches = batches.filter(created_at__gte=_moment("created_after", after))
    if before := query.get("created_before"):
        batches = batches.filter(created_at__lt=_moment("created_before", before))
    return batches.order_by("-created_at", "-id")


def _statuses(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name not in Status.values]
    if wrong:
        message = f"{wrong[0][:50]!r} is not a status; allowed are {', '.join(Status.values)}."
        raise ValidationError({"status": [message]})
    return names


def _moment(name: str, text: str) -> datetime:
    """A date (its beginning in UTC) or a date and time, converted to UTC: PostgreSQL refuses
    offsets of more than 16 hours, which Python accepts."""
    try:
        moment = parse_datetime(text) if len(text) > 10 else None
        day = parse_date(text) if moment is None else None
        if day is not None:
            moment = datetime.combine(day, time.min)
        if moment is not None:
            aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            return aware.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: near the years 1 and 9999
        pass
    message = "Send a date like 2026-03-31, or a date and time like 2026-03-31T12:00:00Z."
    raise ValidationError({name: [message]})
