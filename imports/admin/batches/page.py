"""The page of an import, and the views behind its buttons.

The pages are read-only. The buttons on them call `imports.actions`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from core.errors import Refusal
from core.requests.client_ip import client_ip
from imports import actions, models
from imports.admin.batches.consequences import confirmation
from imports.admin.batches.errors import row_errors
from imports.admin.batches.listing import BatchList
from imports.admin.export import StreamedExport
from imports.admin.presentation import (
    batch_details,
    batch_state,
    moved_users,
    undo_deadline,
    undo_summary,
    uploader,
)
from imports.engine import undo
from imports.models import ImportBatch
from imports.models.statuses import Status
from imports.schema.warnings import FileWarning
from users.admin.base import current_user


@admin.register(ImportBatch)
class ImportBatchAdmin(StreamedExport, BatchList):
    """Imports: the list, the page of each, and the views behind its buttons."""

    change_form_template = "admin/imports/importbatch/change_form.html"

    class Media:
        css = {"all": ("imports/admin.css",)}

    def get_urls(self) -> list[Any]:
        """Adds the views of one import."""
        views = {
            "progress": self.progress_view,
            "errors.csv": self.report_view,
            "cancel": require_POST(self.cancel_view),
            "retry": require_POST(self.retry_view),
            "undo": require_POST(self.undo_view),
        }
        own = [
            path(
                f"<uuid:batch_id>/{name}",
                self.admin_site.admin_view(view),
                name=f"imports_importbatch_{name.partition('.')[0]}",
            )
            for name, view in views.items()
        ]
        return own + super().get_urls()

    # --- the page of one import ---------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one import: state, actions, row errors, warnings and details."""
        batch = self._batch(request, object_id)
        may_import = settings.FEATURE_USER_MANAGEMENT and current_user(request).manages_users
        undone = undo.result(batch) if batch.undo_requested_at else None
        context = {
            "title": batch.filename,
            "subtitle": None,
            "batch": batch,
            "state": batch_state(batch),
            "details": batch_details(batch, uploader(batch, is_visible=batch.is_visible_uploader)),
            "warnings": _warnings(batch),
            "errors": row_errors(batch, request.GET),
            "confirmation": confirmation(batch, request.GET.get("confirm", ""))
            if may_import
            else None,
            "may_import": may_import,
            "may_cancel": may_import and batch.is_live,
            "may_retry": may_import and batch.status in (Status.FAILED, Status.CANCELLED),
            "undo_until": undo_deadline(batch) if may_import else "",
            "undone": undone,
            "moved_users": moved_users(undone),
            "users_url": f"{reverse('admin:users_user_changelist')}?import_batch_id={batch.id}",
        }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def progress_view(self, request: HttpRequest, batch_id: UUID) -> JsonResponse:
        """The state of the batch, which the page's script requests every two seconds."""
        return JsonResponse(asdict(batch_state(self._batch(request, batch_id))))

    def report_view(self, request: HttpRequest, batch_id: UUID) -> StreamingHttpResponse:
        """A CSV file of the failed rows with the reasons, to be corrected and imported again."""
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
        """Cancels the import."""
        batch = self._batch(request, batch_id)
        try:
            actions.cancel(batch, user=current_user(request))
        except Refusal as refusal:
            return self._redirect(batch, request, refusal.detail, messages.ERROR)
        return self._redirect(
            batch, request, "The import is cancelled. Rows that it had imported are kept."
        )

    def retry_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        """Runs the file again as a new import, and redirects to the page of that."""
        batch = self._batch(request, batch_id)
        try:
            new_batch = actions.retry(
                batch, user=current_user(request), ip=client_ip(request), source="admin"
            )
        except Refusal as refusal:
            return self._redirect(batch, request, refusal.detail, messages.ERROR)
        return self._redirect(
            new_batch, request, "The file is being imported again. This is the new import."
        )

    def undo_view(self, request: HttpRequest, batch_id: UUID) -> HttpResponse:
        """Undoes the import."""
        batch = self._batch(request, batch_id)
        try:
            undone = actions.undo(batch, user=current_user(request))
        except Refusal as refusal:
            return self._redirect(batch, request, refusal.detail, messages.ERROR)
        return self._redirect(batch, request, undo_summary(undone))

    def _redirect(
        self, batch: ImportBatch, request: HttpRequest, text: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        """Redirects to the page of a batch, which shows the text as a message."""
        self.message_user(request, text, level)
        return redirect("admin:imports_importbatch_change", batch.id)

    def _batch(self, request: HttpRequest, batch_id: UUID | str) -> Any:
        """The batch, if the user may see it. Raises Http404."""
        batch: Any = self.get_object(request, str(batch_id))
        if batch is None or not self.has_view_permission(request, batch):
            raise Http404
        return batch


def _warnings(batch: ImportBatch) -> list[str]:
    upload = models.Upload.objects.of(batch.organisation_id).filter(import_batch=batch).first()
    return [FileWarning.from_json(data).text() for data in (upload.warnings if upload else ())]
