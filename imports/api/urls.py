"""The paths of the API, below /api/v1/. No trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from core.error_handlers import UnknownUrlView
from imports.api import auth, views
from imports.api.documents import DocsView, SchemaView

_BATCH: list[URLPattern | URLResolver] = [
    path("", views.BatchView.as_view(), name="import-batch"),
    path("/errors", views.ErrorsView.as_view(), name="import-errors"),
    path("/cancel", views.CancelView.as_view(), name="import-cancel"),
    path("/undo", views.UndoView.as_view(), name="import-undo"),
    path("/retry", views.RetryView.as_view(), name="import-retry"),
]
_IMPORT: list[URLPattern | URLResolver] = [
    path("", views.ImportView.as_view(), name="import"),
    path("/template", views.TemplateView.as_view(), name="import-template"),
    path("/preview", views.PreviewView.as_view(), name="import-preview"),
    path("/<uuid:batch_id>", include(_BATCH)),
]

urlpatterns = [
    path("auth/token", auth.TokenView.as_view(), name="token"),
    path("auth/refresh", auth.RefreshView.as_view(), name="refresh"),
    path("me", auth.MeView.as_view(), name="me"),
    path("organizations/<uuid:org_id>/users/import", include(_IMPORT)),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    re_path(r"", UnknownUrlView.as_view(), name="nowhere"),
]
