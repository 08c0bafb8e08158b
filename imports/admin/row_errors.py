"""The admin page of row errors."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
)
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from imports import models
from imports.admin.audit import AuditEventAdmin as AuditEventAdmin  # registers its page
from imports.admin.base import ReadOnlyAdmin
from imports.engine import staging


@admin.register(models.ImportError)
class ImportErrorAdmin(ReadOnlyAdmin):
    """Row errors of all imports."""

    organisation_lookup = "import_batch__organisation"
    list_display = ("row_number", "field_name", "error_message", "file")
    list_filter = (
        ("error_code", admin.AllValuesFieldListFilter),
        ("field_name", admin.AllValuesFieldListFilter),
        "import_batch__organisation",
        "created_at",
    )
    list_select_related = ("import_batch",)
    search_fields = ("error_message",)
    ordering = ("-created_at", "row_number", "field_name")
    fields = (
        "file",
        "row_number",
        "field_name",
        "error_code",
        "error_message",
        "row",
        "created_at",
    )
    readonly_fields = ("file", "row")

    class Media:
        css = {"all": ("imports/admin.css",)}

    @admin.display(description="import", ordering="import_batch")
    def file(self, error: models.ImportError) -> str:
        """The import's page."""
        address = reverse("admin:imports_importbatch_change", args=[error.import_batch_id])
        return format_html('<a href="{}">{}</a>', address, error.import_batch.filename)

    @admin.display(description="the row in the file")
    def row(self, error: models.ImportError) -> str:
        """Header and cell of each column, as they stood."""
        cells = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", _in_order(error))
        return format_html('<table class="batch-row">{}</table>', cells)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With their imports."""
        return super().get_queryset(request).select_related("import_batch")


def _in_order(error: models.ImportError) -> list[tuple[str, str]]:
    """The cells of a row as they stood in the file: JSON in PostgreSQL has no order."""
    upload = models.Upload.objects.filter(import_batch=error.import_batch_id).first()
    headers = staging.columns_of(upload).headers if upload else ()
    places = {header: place for place, header in enumerate(headers)}
    return sorted(error.row_data.items(), key=lambda cell: places.get(cell[0], len(places)))
