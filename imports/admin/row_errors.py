"""The admin page of row errors."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from core.text import utc
from imports import models
from imports.admin.base import ReadOnlyAdmin
from imports.admin.export import StreamedExport
from imports.admin.filters import ErrorCodeFilter, FieldFilter, field_label, words_of
from imports.engine.staged import staging
from users.admin.lists import OrganisationFilter, titled


class _OrganisationFilter(OrganisationFilter):
    parameter_name = "import_batch__organisation__id__exact"
    lookup = "import_batch__organisation_id"


@admin.register(models.ImportError)
class ImportErrorAdmin(StreamedExport, ReadOnlyAdmin):
    """Row errors of all imports."""

    organisation_lookup = "import_batch__organisation"
    list_display = ("row_number", "field", "error", "file", "organisation", "when")
    list_filter = (
        _OrganisationFilter,
        ("created_at", titled("date", admin.DateFieldListFilter)),
        *(ErrorCodeFilter, FieldFilter),
    )
    list_select_related = ("import_batch__organisation",)
    search_fields = ("error_message",)
    search_help_text = "A part of the sentence of the error"
    ordering = ("-created_at", "row_number", "field_name")
    fields = (
        "file",
        "row_number",
        "field",
        "error",
        "error_code",
        "row",
        "created_at",
    )
    readonly_fields = ("file", "field", "error", "row")

    class Media:
        css = {"all": ("imports/admin.css",)}

    @admin.display(description="import", ordering="import_batch")
    def file(self, error: models.ImportError) -> str:
        """A link to the page of the import."""
        url = reverse("admin:imports_importbatch_change", args=[error.import_batch_id])
        return format_html('<a href="{}">{}</a>', url, error.import_batch.filename)

    @admin.display(description="field", ordering="field_name")
    def field(self, error: models.ImportError) -> str:
        """The field of the wrong cell in words."""
        return field_label(error.field_name)

    @admin.display(description="error", ordering="error_code")
    def error(self, error: models.ImportError) -> str:
        """The kind of error, and the sentence about it."""
        words = words_of(error.error_code)
        return format_html("<strong>{}</strong><br>{}", words, error.error_message)

    @admin.display(description="organisation")
    def organisation(self, error: models.ImportError) -> str:
        """The organisation of the import."""
        return error.import_batch.organisation.name

    @admin.display(description="when", ordering="created_at")
    def when(self, error: models.ImportError) -> str:
        """The time in UTC."""
        return utc(error.created_at)

    @admin.display(description="the row in the file")
    def row(self, error: models.ImportError) -> str:
        """A table of the headers and cells, in the order and wording of the file."""
        cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", _cells(error))
        return format_html('<table class="batch-row">{}</table>', cells)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Also fetches the imports, for the page of one row error."""
        return super().get_queryset(request).select_related("import_batch")


def _cells(error: models.ImportError) -> list[tuple[str, str]]:
    """(header, cell) of a row in the order of the file. PostgreSQL's jsonb keeps no order."""
    batch = error.import_batch
    upload = models.Upload.objects.of(batch.organisation_id).filter(import_batch=batch).first()
    headers = staging.columns_of(upload).headers if upload else ()
    positions = {header: position for position, header in enumerate(headers)}
    number = error.row_number  # the row is stored in one of its errors
    row = error.row_data or models.ImportError.objects.rows(batch, [number]).get(number, {})
    return sorted(row.items(), key=lambda cell: positions.get(cell[0], len(positions)))
