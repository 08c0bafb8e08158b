"""The CSV template that users fill in."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from imports import reports
from imports.api.base import OrganisationView
from imports.api.openapi.parts import COMMON_REFUSALS, ORGANISATION, csv_file, refused
from imports.api.renderers import CsvRenderer, csv_headers

FILENAME = "user_import_template.csv"
_SCHEMA: dict[str, Any] = {
    "tags": ["import"],
    "summary": "A CSV file with every column and one example row",
    "parameters": [ORGANISATION],
    "request": None,
    "responses": {(200, "text/csv"): csv_file(FILENAME), **refused(*COMMON_REFUSALS, 415)},
}


class TemplateView(OrganisationView):
    """The template, by GET, and by POST for clients that can only post."""

    # JSON is listed so that clients that accept only JSON get the file and not a 406.
    renderer_classes = [CsvRenderer, JSONRenderer]
    query_names: ClassVar = {"GET": ["format"], "POST": ["format"]}  # drf-spectacular documents it

    @extend_schema(operation_id="template", **_SCHEMA)
    def get(self, request: Request, org_id: UUID) -> HttpResponse:
        """The example row imports without error."""
        return HttpResponse(reports.template(), headers=csv_headers(FILENAME), charset="utf-8")

    @extend_schema(operation_id="template_by_post", **_SCHEMA)
    def post(self, request: Request, org_id: UUID) -> HttpResponse:
        """Answers as GET does."""
        return self.get(request, org_id)
