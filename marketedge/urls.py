"""The URLs of the service."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from marketedge.health import healthz, readyz
from users.invitations import bounces

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", include("imports.metrics")),
    path("api/v1/", include("imports.api.urls")),
    path("", include("users.pages.urls")),
]
handler400 = "core.error_handlers.handler400"
handler403 = "core.error_handlers.handler403"
handler404 = "core.error_handlers.handler404"
handler500 = "core.error_handlers.handler500"

if settings.ANYMAIL_WEBHOOK_SECRET:
    urlpatterns.append(bounces.webhook())
if settings.FEATURE_ADMIN_PANEL:
    urlpatterns.append(path("admin/", admin.site.urls))
