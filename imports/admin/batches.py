"""The admin site's pages of imports: what became of every file, and of every row that failed.

Everything is looked at here and nothing is changed by hand: counters and statuses are the engine's.
What a person may do is what `imports.actions` offers.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.core.paginator import Page, Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from core.client_ip import client_ip
from core.errors import Refusal
from core.text import utc
from imports import actions, models
from imports.admin.audit import AuditEventAdmin as AuditEventAdmin  # registers its page
from imports.admin.base import ReadOnlyAdmin
from imports.admin.presentation import facts, outcome, removed, state, undo_until
from imports.engine import undo
from imports.models import ImportBatch
from imports.models.statuses import Status
from users.admin.base import current_user

ERRORS_ON_A_PAGE = 100


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Imports: the list, the page of each, and what can be asked of it."""

    change_form_template = "admin/imports/importbatch/change_form.html"
    list_display = (
        "filename",
        "badge",
        "bar",
        "outcome",
        "organisation",
        "uploaded",
    )
    list_filter = ("status", "organisation", "created_at")
    list_select_related = ("organisation",)
    search_fields = ("filename", "id")
    search_help_text = "Name of the file, or id of the import"
    ordering = ("-created_at", "-id")

    class Media:
        css = {"all": ("imports/admin.css",)}

    def get_urls(self) -> list[Any]:
        """The pages of one import."""
        views = {
            "progress": self.progress_view,
            "errors.csv": self.report_view,
            "cancel": require_POST(self.cancel_view),
            "retry": require_POST(self.retry_view),
            "undo": require_POST(self.undo_view),
        }
        ours = [
            path(
                f"<uuid:batch_id>/{name}",
                self.admin_site.admin_view(view),
                name=f"imports_importbatch_{name.partition('.')[0]}",
            )
            for name, view in views.items()
        ]
        return ours + super().get_urls()

    # --- the list -----------------------------------------------------------------------------

    @admin.display(description="status", ordering="status")
    def badge(self, batch: ImportBatch) -> str:
        """The status, in its colour."""
        return format_html(
            '<span class="batch-badge batch-{}">{}</span>',
            batch.status,
            batch.get_status_display(),
        )

    @admin.display(description="rows")
    def bar(self, batch: ImportBatch) -> str:
        """How far it is."""
        now = state(batch)
        return format_html(
            '<progress class="batch-{}" max="100" value="{}" aria-label="Progress"></progress>'
            "<small>{} of {}</small>",
            batch.status,
            now.percent,
            now.processed_rows,
            now.total_rows,
        )

    @admin.display(description="outcome")
    def outcome(self, batch: ImportBatch) -> str:
        """What became of its rows."""
        return format_html_join("", '<span class="batch-part">{}</span>', outcome(batch))

    @admin.display(description="uploaded", ordering="created_at")
    def uploaded(self, batch: ImportBatch) -> str:
        """When it came in."""
        return utc(batch.created_at)

    # --- the page of one import ---------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Its state, what may be done, and its row errors."""
        batch = self._batch(request, object_id)
        may_import = settings.FEATURE_USER_MANAGEMENT and current_user(request).manages_users
        more = {
            "title": batch.filename,
            "subtitle": None,
            "batch": batch,
            "state": state(batch),
            "facts": facts(batch),
            "warnings": _warnings(batch),
            "errors": _errors(batch, request.GET.get("page")),
            "may_import": may_import,
            "may_cancel": may_import and batch.is_live,
            "may_retry": may_import and batch.status in (Status.FAILED, Status.CANCELLED),
            "undo_until": undo_until(batch) if may_import else "",
            "undone": undo.result(batch) if batch.undo_requested_at else None,
            "users_url": f"{reverse('admin:users_user_changelist')}?import_batch_id={batch.id}",
        }
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def progress_view(self, request: HttpRequest, batch_id: UUID) -> JsonResponse:
        """What the page's script asks for every two seconds."""
        return JsonResponse(asdict(state(self._batch(request, batch_id))))

    def report_view(self, request: HttpRequest, batch_id: UUID) -> StreamingHttpResponse:
        """The failing rows as they stood, with the reasons, to be mended and imported again."""
        lines = actions.error_report(self._batch(request, batch_id), user=current_user(request))
        return StreamingHttpResponse(
            (line.encode() for line in lines),
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="import-{batch_id}-errors.csv"',
                "Cache-Control": "no-store",
            },
        )

    def cancel_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        """Stops it."""
        batch = self._batch(request, batch_id)
        try:
            actions.cancel(batch, user=current_user(request))
        except Refusal as refusal:
            return self._back_to(batch, request, refusal.detail, messages.ERROR)
        return self._back_to(batch, request, "The import is cancelled. What it had done stays.")

    def retry_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        """Runs it again, as a new import."""
        batch = self._batch(request, batch_id)
        try:
            again = actions.retry(
                batch, user=current_user(request), ip=client_ip(request), source="admin"
            )
        except Refusal as refusal:
            return self._back_to(batch, request, refusal.detail, messages.ERROR)
        return self._back_to(again, request, "The file is imported again: this is the new import.")

    def undo_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        """Removes the users that it created and nobody has touched since."""
        batch = self._batch(request, batch_id)
        try:
            undone = actions.undo(batch, user=current_user(request))
        except Refusal as refusal:
            return self._back_to(batch, request, refusal.detail, messages.ERROR)
        return self._back_to(batch, request, removed(undone))

    def _back_to(
        self, batch: ImportBatch, request: HttpRequest, said: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        self.message_user(request, said, level)
        return redirect("admin:imports_importbatch_change", batch.id)

    def _batch(self, request: HttpRequest, batch_id: UUID | str) -> ImportBatch:
        """One that this person may see. Raises Http404."""
        batch: ImportBatch | None = self.get_object(request, str(batch_id))
        if batch is None or not self.has_view_permission(request, batch):
            raise Http404
        return batch


def _warnings(batch: ImportBatch) -> list[str]:
    upload = models.Upload.objects.filter(import_batch=batch).first()
    found = upload.warnings if upload else []
    return [f"Row {row}: {message}" if row else message for row, _, message in found]


def _errors(batch: ImportBatch, number: str | None) -> Page[Any]:
    rows = models.ImportError.objects.filter(import_batch=batch)
    ordered = rows.order_by("row_number", "field_name", "error_code")
    return Paginator(ordered, ERRORS_ON_A_PAGE).get_page(number)
