"""The OpenAPI document, and a page to read it that needs nothing from the internet."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1, as YAML or JSON."""


class DocsView(SpectacularSwaggerView):
    """Swagger UI, whose files this service serves itself."""

    url_name = "schema"
