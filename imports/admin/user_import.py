"""Importing and exporting users in the admin. The buttons and URLs are those of
django-import-export; files are read and imported by `imports.engine`.

    import/          choose a file and an organisation: stages the file and shows a preview
    process_import/  confirm: enqueues the batch and redirects to its page

Between the two steps the file is in the database (`import_uploads`), so that any web server can
answer the second one.
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
from import_export.admin import ImportMixin

from core.errors import Refusal
from core.requests.client_ip import client_ip
from imports import actions, invitations, quotas, uploads
from imports.admin.base import LockedDeletion
from imports.admin.export import StreamedExport
from imports.admin.forms import ConfirmForm, OptionsForm, UploadForm
from imports.admin.people import CheckedUserForm, WithOrigin
from imports.admin.presentation import describe_upload
from imports.admin.quotas import reset_upload_limits
from imports.engine.review.preview import Preview, preview
from imports.engine.staged import staging
from imports.errors import FeatureDisabled, FileRefused
from imports.models import Upload
from imports.schema.fields import FIELDS
from users.admin.base import current_user
from users.admin.users import UserAdmin
from users.models import User
from users.rights.roles import USER_MANAGERS

YES_NO: dict[object, str] = {True: "yes", False: "no"}


@admin.register(User)
class UserImportAdmin(WithOrigin, ImportMixin, StreamedExport, LockedDeletion, UserAdmin):  # type: ignore[misc]
    """The admin pages of users, with the buttons to import and export."""

    import_template_name = "admin/users/user/import.html"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    form = CheckedUserForm
    actions = [*UserAdmin.actions, reset_upload_limits]
    list_display = (*UserAdmin.list_display, "origin")

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether the user may import now. The library asks it before it shows the button."""
        return bool(settings.FEATURE_USER_MANAGEMENT) and current_user(request).manages_users

    def get_urls(self) -> list[Any]:
        """Replaces the library's views of the two steps.

        The first step is exempt from the CSRF middleware, which would read the whole body. It
        limits the size of the body first, and then checks the token itself."""
        steps = {"import": csrf_exempt(self.import_action), "process_import": self.process_import}
        own = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"users_user_{name}")
            for name, view in steps.items()
        ]
        return own + list(super().get_urls())

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The first step: GET shows the form, POST stages the file and shows the preview."""
        if answer := self._refuse_if_closed(request):
            return answer
        if request.method != "POST":
            initial = {"encoding": request.GET.get("encoding", "")}
            return self._page(request, UploadForm(user=current_user(request), initial=initial))
        uploads.prepare(request)
        try:
            request.FILES  # noqa: B018 - parses the body
        except Refusal as refusal:
            return self._refused(request, UploadForm(user=current_user(request)), refusal)
        return csrf_protect(self._upload)(request)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        form = UploadForm(request.POST, request.FILES, user=user)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            quotas.refuse_after_refusals(user=user, organisation_id=form.chosen_organisation.id)
            with self._charged(request, form, "file_upload") as charge:
                upload = actions.stage_for_preview(
                    uploads.content_of(form.file),
                    filename=form.file.name or "",
                    user=user,
                    organisation_id=form.chosen_organisation.id,
                    options=form.reading_options,
                )
        except Refusal as refusal:
            return self._refused(request, form, refusal)
        confirm = ConfirmForm.after(form, upload.id, user)
        return _with_headers(_usage_headers(charge), self._preview(request, confirm, form, upload))

    @staticmethod
    def _charged(
        request: HttpRequest, form: OptionsForm, limit_type: str
    ) -> AbstractContextManager[quotas.Charge]:
        """Counts an upload, and takes the count back where the block raises (`quotas.charged`)."""
        return quotas.charged(
            user=current_user(request),
            organisation_id=form.chosen_organisation.id,
            limit_type=limit_type,
            ip=client_ip(request),
        )

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The second step: enqueues the batch and redirects to its page."""
        return require_POST(self._confirm)(request)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        if answer := self._refuse_if_closed(request):
            return answer
        user = current_user(request)
        form = ConfirmForm(request.POST, user=user)
        if not form.is_valid():
            text = "This preview is out of date. Choose the file again."
            return self._page(request, UploadForm(user=user), text, status=400)
        upload: Upload | None = None
        try:
            upload = actions.staged(
                form.cleaned_data["upload_id"],
                user=user,
                organisation_id=form.chosen_organisation.id,
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
                upload, user=current_user(request), options=form.import_options, source="admin"
            ).id

    def _refuse_if_closed(self, request: HttpRequest) -> HttpResponse | None:
        """Gives the answer to a user while imports are switched off, otherwise None. Raises
        PermissionDenied for users who may never import."""
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
        **context: Any,
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        all_context = {
            **self.admin_site.each_context(request),
            "title": "Import users",
            "opts": self.opts,
            "form": form,
            "problem": problem,
            "labels": [(name, field.label) for name, field in FIELDS.items()],
            **context,
        }
        return TemplateResponse(request, self.import_template_name, all_context, status=status)

    def _refused(self, request: HttpRequest, form: OptionsForm, refusal: Refusal) -> HttpResponse:
        """The form again. The sentence of a refused file stands at the field of the file."""
        user, ip = current_user(request), client_ip(request)
        refusal = quotas.count_refusal(
            refusal, user=user, organisation_id=user.organisation_id, ip=ip
        )
        problem = refusal.detail
        if form.is_bound and isinstance(refusal, FileRefused):
            form.add_error("import_file", problem)
            problem = ""
        return _with_headers(
            _headers_of(refusal), self._page(request, form, problem, status=refusal.status)
        )

    def _preview(
        self,
        request: HttpRequest,
        confirm: ConfirmForm,
        chosen: OptionsForm,
        upload: Upload,
        refusal: Refusal | None = None,
    ) -> HttpResponse:
        result = preview(upload, chosen.import_options)
        columns = staging.columns_of(upload)
        page = self._page(
            request,
            None,
            refusal.detail if refusal else "",
            status=refusal.status if refusal else 200,
            title="Preview of the import",
            confirm_form=confirm,
            preview=result,
            organisation=chosen.chosen_organisation,
            options=chosen.import_options,
            announcement=invitations.announcement(chosen.import_options),
            upload_description=describe_upload(upload),
            mapping=[
                (FIELDS[name].label if name in FIELDS else name, header)
                for name, header in columns.mapping.items()
            ],
            ignored=columns.ignored,
            errors=[
                {**error, "column": columns.mapping.get(error["field"], error["field"])}
                for error in result.errors
            ],
            row_labels=[FIELDS[name].label for name in result.rows[0]] if result.rows else [],
            rows=[[YES_NO.get(value, value) for value in row.values()] for row in result.rows],
            counts=_counts(result),
        )
        return _with_headers(_headers_of(refusal), page)


def _counts(result: Preview) -> dict[str, str]:
    """The numbers of a preview with thousands separators."""
    numbers = {
        "total": result.upload.total_rows,
        "successful": result.successful_rows,
        "skipped": result.skipped_rows,
        "failed": result.failed_rows,
        "errors": result.error_count,
        "warnings": result.warning_count,
    }
    return {name: f"{number:,}" for name, number in numbers.items()}


def _headers_of(refusal: Refusal | None) -> dict[str, str]:
    return refusal.headers() if refusal else {}


def _usage_headers(charge: quotas.Charge) -> dict[str, str]:
    return charge.usage.headers() if charge.usage else {}


def _with_headers(headers: dict[str, str], response: HttpResponse) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
