"""The URLs of the API, below /api/v1/. They have no trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from core.error_handlers import UnknownUrlView
from imports.api.auth.me import MeView
from imports.api.batches.actions import CancelView, RetryView, UndoView
from imports.api.batches.detail import BatchView
from imports.api.batches.row_errors import ErrorsView
from imports.api.openapi.views import DocsView, SchemaView
from imports.api.uploads.previews import PreviewView
from imports.api.uploads.submission import ImportsView
from imports.api.uploads.template import TemplateView

batch_urls: list[URLPattern | URLResolver] = [
    path("", BatchView.as_view(), name="import-batch"),
    path("/errors", ErrorsView.as_view(), name="import-errors"),
    path("/cancel", CancelView.as_view(), name="import-cancel"),
    path("/undo", UndoView.as_view(), name="import-undo"),
    path("/retry", RetryView.as_view(), name="import-retry"),
]
import_urls: list[URLPattern | URLResolver] = [
    path("", ImportsView.as_view(), name="import"),
    path("/template", TemplateView.as_view(), name="import-template"),
    path("/preview", PreviewView.as_view(), name="import-preview"),
    path("/<uuid:batch_id>", include(batch_urls)),
]
urlpatterns = [
    path("auth/", include("imports.api.auth.urls")),
    path("me", MeView.as_view(), name="me"),
    path("organizations/<uuid:org_id>/users/import", include(import_urls)),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    re_path(r"", UnknownUrlView.as_view(), name="unknown-url"),
]
