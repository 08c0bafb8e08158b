"""The URLs of the API, below /api/v1/. They have no trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from core.error_handlers import UnknownUrlView
from imports.api.auth.me import MeView
from imports.api.batches.actions import CancelView, RetryView, UndoView
from imports.api.batches.detail import BatchView
from imports.api.batches.row_errors import ErrorsView
from imports.api.openapi.views import DocsView, SchemaView
from imports.api.people.listing import PeopleView
from imports.api.people.person import (
    ActivateView,
    DeactivateView,
    InviteView,
    PersonView,
    RevokeInvitationView,
)
from imports.api.uploads.previews import PreviewView
from imports.api.uploads.reviews import ReviewRowsView, ReviewView
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
    path("/uploads/<uuid:upload_id>", ReviewView.as_view(), name="import-review"),
    path("/uploads/<uuid:upload_id>/rows", ReviewRowsView.as_view(), name="import-review-rows"),
    path("/<uuid:batch_id>", include(batch_urls)),
]
person_urls: list[URLPattern | URLResolver] = [
    path("", PersonView.as_view(), name="person"),
    path("/deactivate", DeactivateView.as_view(), name="person-deactivate"),
    path("/activate", ActivateView.as_view(), name="person-activate"),
    path("/invite", InviteView.as_view(), name="person-invite"),
    path("/revoke-invitation", RevokeInvitationView.as_view(), name="person-revoke-invitation"),
]
people_urls: list[URLPattern | URLResolver] = [
    path("", PeopleView.as_view(), name="people"),
    path("/import", include(import_urls)),
    path("/<uuid:user_id>", include(person_urls)),
]
urlpatterns = [
    path("auth/", include("imports.api.auth.urls")),
    path("me", MeView.as_view(), name="me"),
    path("organizations/<uuid:org_id>/users", include(people_urls)),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
    re_path(r"", UnknownUrlView.as_view(), name="unknown-url"),
]
