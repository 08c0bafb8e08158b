"""The OpenAPI document, and a page that shows it. The page loads nothing from other hosts."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1, as YAML or JSON."""


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. Its files and its script are served by this service."""

    url_name = "schema"
