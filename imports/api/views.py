"""The calls of the import: fetch, call one function, answer."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.client_ip import client_ip
from imports import actions, idempotency, reports, uploads
from imports.api import forms, polling
from imports.api.answers import BatchSerializer, RowErrorSerializer
from imports.api.base import OrganisationView, UploadView
from imports.api.openapi import calls
from imports.api.pagination import ErrorPages, HistoryPages
from imports.api.polling import POLL_SECONDS
from imports.api.renderers import CsvRenderer
from imports.engine import preview
from imports.models import ImportBatch, ImportError


@calls.template
class TemplateView(OrganisationView):
    """The template, by GET and, for forms that can't, by POST."""

    renderer_classes = [CsvRenderer, JSONRenderer]  # JSON: so that clients that ask for it get CSV

    def get(self, request: Request, org_id: UUID) -> HttpResponse:
        """A CSV file with every column and one example row."""
        return HttpResponse(
            reports.template(), headers=csv_headers("user_import_template.csv"), charset="utf-8"
        )

    def post(self, request: Request, org_id: UUID) -> HttpResponse:
        """The same."""
        return self.get(request, org_id)


@calls.preview
class PreviewView(UploadView):
    """What an import would do; nothing is written to users."""

    parser_classes = [MultiPartParser]
    limit_type = "file_upload"

    def post(self, request: Request, org_id: UUID) -> Response:
        """Stages the file for an hour and tells what is in it."""
        form = forms.preview_form(request)
        with self.charged():
            upload = actions.stage_for_preview(
                uploads.content_of(form.file),
                filename=form.file.name or "",
                user=self.user,
                organisation_id=org_id,
                options=form.reading,
            )
        found = preview.preview(upload, form.options)
        return Response(forms.preview_json(found))


class ImportView(UploadView):
    """All imports of an organisation, and a new one."""

    parser_classes = [MultiPartParser, FormParser, JSONParser]
    limit_type = "csv_import"

    @calls.history
    def get(self, request: Request, org_id: UUID) -> Response:
        """History, newest first."""
        found = forms.filtered(self.batches(), request)
        pages = HistoryPages()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(BatchSerializer(page, many=True).data)

    @calls.submit
    def post(self, request: Request, org_id: UUID) -> Response:
        """Takes a file in, checks it as a whole, and queues it."""
        form = forms.import_form(request)
        key = forms.idempotency_key(request)
        if key is None:
            return accepted(self._new(form, None))
        batch, is_replay = idempotency.once(
            key,
            user=self.user,
            organisation_id=org_id,
            sha256=form.sha256(self.user, org_id),
            make=lambda: self._new(form, key),
        )
        return accepted(self.batch(batch.id), is_replay=is_replay)

    def _new(self, form: forms.ImportForm, key: str | None) -> ImportBatch:
        user, org_id = self.user, self.organisation.id
        staged = form.upload_id and actions.staged(
            form.upload_id, user=user, organisation_id=org_id
        )
        if staged and staged.import_batch_id:  # a second click: nothing new, so nothing to pay
            return self.batch(staged.import_batch_id)
        with self.charged(), transaction.atomic():
            upload = staged or actions.stage_for_import(
                uploads.content_of(form.file),
                filename=form.file.name or "",
                user=user,
                organisation_id=org_id,
                options=form.reading,
            )
            batch = actions.submit(upload, user=user, options=form.options, idempotency_key=key)
        return self.batch(batch.id)


@calls.batch
class BatchView(OrganisationView):
    """One import. Made to be asked every two seconds."""

    found: ImportBatch | None = None

    def admit(self, org_id: UUID, **more: UUID) -> None:
        """Reads all at once; only where that finds nothing, it is looked for why."""
        self.found = polling.read(self.user, org_id, more["batch_id"])
        if self.found is None:
            super().admit(org_id)

    def get(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """How far it is."""
        batch = self.found or self.batch(batch_id)
        headers = polling.headers_for(batch.updated_at, batch.status)
        if polling.is_known(request, headers["ETag"]):
            return Response(status=304, headers=headers)
        return Response(BatchSerializer(batch).data, headers=headers)


@calls.errors
class ErrorsView(OrganisationView):
    """What was wrong with the rows of an import."""

    renderer_classes = [JSONRenderer, CsvRenderer]

    def get(self, request: Request, org_id: UUID, batch_id: UUID) -> HttpResponseBase:
        """As JSON, a page at a time; or all failing rows as a CSV file to mend and send again."""
        batch = self.batch(batch_id)
        if isinstance(request.accepted_renderer, CsvRenderer):
            name = f"import-{batch.id}-errors.csv"
            lines = actions.error_report(batch, user=self.user)
            return StreamingHttpResponse(
                (line.encode() for line in lines), headers=csv_headers(name)
            )
        pages = ErrorPages(batch)
        errors = ImportError.objects.filter(import_batch=batch).order_by(
            "row_number", "field_name", "error_code"
        )
        page = pages.paginate_queryset(errors, request, view=self)
        return pages.get_paginated_response(RowErrorSerializer(page, many=True).data)


@calls.cancel
class CancelView(OrganisationView):
    """Stopping an import."""

    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Stops it after the rows that are being written at this moment, which stay."""
        actions.cancel(self.batch(batch_id), user=self.user)
        return Response(BatchSerializer(self.batch(batch_id)).data)


@calls.retry
class RetryView(OrganisationView):
    """Running an import again."""

    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Makes a new import of the same file; rows that are there already count as skipped."""
        batch = self.batch(batch_id)
        again = actions.retry(batch, user=self.user, ip=client_ip(request))
        return accepted(self.batch(again.id))


@calls.undo
class UndoView(OrganisationView):
    """Taking an import back."""

    def post(self, request: Request, org_id: UUID, batch_id: UUID) -> Response:
        """Removes the users that it created and nobody has touched since. 202: still at it; ask
        again."""
        undone = actions.undo(self.batch(batch_id), user=self.user)
        waits = {} if undone.is_finished else {"Retry-After": str(POLL_SECONDS)}
        body = {"batch_id": batch_id, **asdict(undone)}
        return Response(body, status=200 if undone.is_finished else 202, headers=waits)


def accepted(batch: ImportBatch, *, is_replay: bool = False) -> Response:
    """202, with the address to ask at how far it is."""
    ids = {"org_id": batch.organisation_id, "batch_id": batch.id}
    headers = {"Location": reverse("import-batch", kwargs=ids), "Retry-After": str(POLL_SECONDS)}
    if is_replay:
        headers["Idempotency-Replayed"] = "true"
    return Response(BatchSerializer(batch).data, status=202, headers=headers)


def csv_headers(filename: str) -> dict[str, str]:
    """Of a file that is downloaded, and kept by nobody on the way."""
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
