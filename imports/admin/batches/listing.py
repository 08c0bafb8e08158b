"""The list of imports: its columns, filters and search."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from core.text import utc
from imports import progress
from imports.admin.base import ReadOnlyAdmin
from imports.admin.filters import OutcomeFilter
from imports.admin.presentation import duration, outcome_parts, uploader
from imports.models import ImportBatch
from users.admin.base import current_user, is_platform_staff
from users.admin.lists import OrganisationFilter, titled
from users.models import User


class BatchList(ReadOnlyAdmin):
    """The list of imports, the newest first."""

    list_display = (
        *("filename", "status_badge", "outcome", "organisation", "uploaded_by_whom"),
        *("uploaded", "took"),
    )
    list_filter = (
        *(OrganisationFilter, OutcomeFilter),
        ("created_at", titled("upload date", admin.DateFieldListFilter)),
    )
    extra_lookups = ("status__exact",)  # of links, and of bookmarks of before
    list_select_related = ("organisation", "uploaded_by")
    search_fields = ("filename",)
    search_help_text = "File name, e-mail address of who uploaded it, or id of the import"
    ordering = ("-created_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds whether the list may name who uploaded a file."""
        batches: QuerySet[Any] = super().get_queryset(request)
        own = Q(uploaded_by__organisation=current_user(request).organisation_id)
        is_visible = Value(True) if is_platform_staff(request) else own
        with_flag: QuerySet[Any] = batches.annotate(is_visible_uploader=is_visible)
        return with_flag

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds imports by a part of the file name, by the beginning of the address of the uploader
        (with its @), or by the id."""
        term = search_term.strip()
        try:
            return queryset.filter(id=UUID(term)), False
        except ValueError:
            found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if "@" not in term:
            return found, has_duplicates
        users = User.objects.everywhere().filter(email__startswith=term.lower())
        if not is_platform_staff(request):  # who searches must not find whom the list hides
            users = users.filter(organisation=current_user(request).organisation_id)
        return found | queryset.filter(uploaded_by__in=users), has_duplicates

    @admin.display(description="status", ordering="status")
    def status_badge(self, batch: ImportBatch) -> str:
        """The status in its colour, and the progress."""
        rows = f"{batch.total_rows:,}"
        if batch.processed_rows != batch.total_rows:
            rows = f"{batch.processed_rows:,} of {rows}"
        return format_html(
            '<span class="batch-badge batch-{0}">{1}</span>'
            '<progress class="batch-{0}" max="100" value="{2}" aria-label="Progress"></progress>'
            '<small class="batch-part">{3} {4}</small>',
            batch.status,
            batch.get_status_display(),
            progress.of(batch).percent,
            rows,
            "row" if batch.total_rows == 1 else "rows",
        )

    @admin.display(description="rows")
    def outcome(self, batch: ImportBatch) -> str:
        """How many rows were imported, skipped and failed."""
        parts = ((part,) for part in outcome_parts(batch))
        return format_html_join("", '<span class="batch-part">{}</span>', parts)

    @admin.display(description="uploaded by")
    def uploaded_by_whom(self, batch: Any) -> str:
        """The e-mail address of the uploader, where the list may give it."""
        return uploader(batch, is_visible=batch.is_visible_uploader)

    @admin.display(description="uploaded", ordering="created_at")
    def uploaded(self, batch: ImportBatch) -> str:
        """The time of the upload in UTC."""
        return utc(batch.created_at)

    @admin.display(description="duration")
    def took(self, batch: ImportBatch) -> str:
        """The time from the start to the end, or until now, and the speed."""
        seconds, speed = progress.seconds_taken(batch), progress.of(batch).rows_per_second
        if seconds is None:
            return "–"
        time_taken = duration(seconds) if seconds >= 1 else f"{seconds:.1f} s"
        rows = f"{speed:,.0f} rows/s" if speed else ""
        return format_html(
            '<span class="batch-part">{}</span><small class="batch-part">{}</small>',
            time_taken,
            rows,
        )
