"""How answers that are not JSON are asked for."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer


class CsvRenderer(BaseRenderer):
    """`Accept: text/csv` and `?format=csv`. Views that name it stream the file themselves."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Never called: such an answer is no DRF response."""
        return data
