"""Where every path leads."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from marketedge.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

if settings.FEATURE_ADMIN_PANEL:
    urlpatterns.append(path("admin/", admin.site.urls))
