"""Importing and exporting users in the admin: django-import-export's buttons and addresses, and
our own engine behind them.

    import/          choose file and organisation  ->  the file is staged, a preview is shown
    process_import/  confirm                       ->  the batch is queued, on to its page

Between the steps the file lies in the database (`import_uploads`), not in a folder of one machine.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from import_export.admin import ExportMixin, ImportMixin
from import_export.formats.base_formats import CSV
from import_export.resources import ModelResource

from core.client_ip import client_ip
from core.errors import Refusal
from imports import actions, files, quotas, uploads
from imports.admin.forms import ConfirmForm, OptionsForm, UploadForm
from imports.admin.presentation import how_it_was_read
from imports.admin.reset_limits import reset_upload_limits
from imports.engine import staging
from imports.engine.preview import Preview, preview
from imports.errors import FeatureDisabled, FileRefused
from imports.models import Upload
from imports.schema.fields import FIELDS
from users.admin.base import current_user
from users.admin.users import ACCESS, DETAILS, UserAdmin
from users.models import User
from users.roles import USER_MANAGERS

YES_NO: dict[object, str] = {True: "yes", False: "no"}
EXPORTED = ("email", "first_name", "last_name", "role", *DETAILS, *ACCESS)


class UserResource(ModelResource):  # type: ignore[misc]
    """What an export of users holds: what an import of it would take, and the organisation."""

    class Meta:
        model = User
        fields = (*EXPORTED, "organisation__name", "is_active", "created_at")
        export_order = fields

    def export_field(self, field: Any, instance: User, **kwargs: Any) -> Any:
        """No cell is run as a formula by a spreadsheet; the importer takes the apostrophe away
        again. (The library's own setting would delete `=`, and leave the other signs.)"""
        value = super().export_field(field, instance, **kwargs)
        return files.escape_cell(value) if isinstance(value, str) else value


@admin.register(User)
class UserImportAdmin(ImportMixin, ExportMixin, UserAdmin):  # type: ignore[misc]
    """The users' page, with the two buttons."""

    import_template_name = "admin/users/user/import.html"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    resource_classes = [UserResource]
    actions = [reset_upload_limits]
    export_formats = [CSV]
    to_encoding = "utf-8-sig"  # by which Excel knows UTF-8

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether the button is there."""
        return bool(settings.FEATURE_USER_MANAGEMENT) and current_user(request).manages_users

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whoever may see users may take them along."""
        return bool(self.has_view_permission(request))

    def get_urls(self) -> list[Any]:
        """The library's two addresses lead to the steps below. The first one checks the CSRF
        token itself, after it has limited how much of the body is read."""
        steps = {"import": csrf_exempt(self.import_action), "process_import": self.process_import}
        ours = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"users_user_{name}")
            for name, view in steps.items()
        ]
        return ours + list(super().get_urls())

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first step: the form, and the preview of what was sent with it."""
        if refused := self._closed(request):
            return refused
        if request.method != "POST":
            return self._page(request, UploadForm(user=current_user(request)))
        uploads.prepare(request)
        try:
            request.FILES  # noqa: B018 - reads the body
        except Refusal as refusal:
            return self._refused(request, UploadForm(user=current_user(request)), refusal)
        return csrf_protect(self._upload)(request)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = UploadForm(request.POST, request.FILES, user=user)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            with self._charged(request, form, "file_upload") as charge:
                upload = actions.stage_for_preview(
                    uploads.content_of(form.file),
                    filename=form.file.name or "",
                    user=user,
                    organisation_id=form.into.id,
                    options=form.reading,
                )
        except Refusal as refusal:
            return self._refused(request, form, refusal)
        confirm = ConfirmForm.after(form, upload.id, user)
        return _with(_usage_headers(charge), self._preview(request, confirm, form, upload))

    @staticmethod
    def _charged(
        request: HttpRequest, form: OptionsForm, limit_type: str
    ) -> AbstractContextManager[quotas.Charge]:
        """Counts an upload, and takes the count back where the block raises (`quotas.charged`)."""
        return quotas.charged(
            user=current_user(request),
            organisation_id=form.into.id,
            limit_type=limit_type,
            ip=client_ip(request),
        )

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The second step: queues what was previewed, and goes on to the page of the batch."""
        return require_POST(self._confirm)(request)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        if refused := self._closed(request):
            return refused
        user = current_user(request)
        form = ConfirmForm(request.POST, user=user)
        if not form.is_valid():
            first = UploadForm(user=user)
            return self._page(request, first, "This form is out of date: begin anew.", status=400)
        upload: Upload | None = None
        try:
            upload = actions.staged(
                form.cleaned_data["upload_id"], user=user, organisation_id=form.into.id
            )
            batch_id = upload.import_batch_id or self._submit(request, form, upload)
        except Refusal as refusal:
            if upload is None:
                return self._refused(request, UploadForm(user=user), refusal)
            return self._preview(request, form, form, upload, refusal)
        return redirect(reverse("admin:imports_importbatch_change", args=[batch_id]))

    def _submit(self, request: HttpRequest, form: ConfirmForm, upload: Upload) -> Any:
        with self._charged(request, form, "csv_import"):
            return actions.submit(
                upload, user=current_user(request), options=form.options, source="admin"
            ).id

    def _closed(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to whoever may not import at all, or not at the moment."""
        if current_user(request).role not in USER_MANAGERS:
            raise PermissionDenied
        if self.has_import_permission(request):
            return None
        return self._page(request, None, FeatureDisabled().detail, status=FeatureDisabled.status)

    # --- pages --------------------------------------------------------------------------------

    def _page(
        self,
        request: HttpRequest,
        form: OptionsForm | None,
        problem: str = "",
        *,
        status: int = 200,
        **more: Any,
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": "Import users",
            "opts": self.model._meta,
            "form": form,
            "problem": problem,
            "labels": [(name, field.label.capitalize()) for name, field in FIELDS.items()],
            **more,
        }
        return TemplateResponse(request, self.import_template_name, context, status=status)

    def _refused(self, request: HttpRequest, form: OptionsForm, refusal: Refusal) -> HttpResponse:
        """The form again, with the sentence at the field that it is about."""
        problem = refusal.detail
        if form.is_bound and isinstance(refusal, FileRefused):
            form.add_error("import_file", problem)
            problem = ""
        return _with(_headers(refusal), self._page(request, form, problem, status=refusal.status))

    def _preview(
        self,
        request: HttpRequest,
        confirm: ConfirmForm,
        chosen: OptionsForm,
        upload: Upload,
        refusal: Refusal | None = None,
    ) -> HttpResponse:
        found = preview(upload, chosen.options)
        columns = staging.columns_of(upload)
        page = self._page(
            request,
            None,
            refusal.detail if refusal else "",
            status=refusal.status if refusal else 200,
            title="Preview of the import",
            confirm_form=confirm,
            preview=found,
            organisation=chosen.into,
            options=chosen.options,
            how_it_was_read=how_it_was_read(upload),
            mapping=[
                (FIELDS[name].label if name in FIELDS else name, header)
                for name, header in columns.mapping.items()
            ],
            ignored=columns.ignored,
            errors=[
                {**error, "column": columns.mapping.get(error["field"], error["field"])}
                for error in found.errors
            ],
            row_labels=[FIELDS[name].label for name in found.rows[0]] if found.rows else [],
            rows=[[YES_NO.get(value, value) for value in row.values()] for row in found.rows],
            counts=_counts(found),
        )
        return _with(_headers(refusal), page)


def _counts(found: Preview) -> dict[str, str]:
    """The numbers of a preview, as people read them."""
    numbers = {
        "total": found.upload.total_rows,
        "successful": found.successful_rows,
        "skipped": found.skipped_rows,
        "failed": found.failed_rows,
        "errors": found.error_count,
        "warnings": found.warning_count,
    }
    return {name: f"{number:,}" for name, number in numbers.items()}


def _headers(refusal: Refusal | None) -> dict[str, str]:
    """Quota and when to come back, where the refusal knows."""
    found = getattr(refusal, "headers", dict)
    return dict(found())


def _usage_headers(charge: quotas.Charge) -> dict[str, str]:
    return charge.usage.headers() if charge.usage else {}


def _with(headers: dict[str, str], response: HttpResponse) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
