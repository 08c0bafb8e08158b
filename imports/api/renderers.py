"""Answers that are CSV files."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer


class CsvRenderer(BaseRenderer):
    """Lets clients ask for CSV, with `Accept: text/csv` or `?format=csv`.

    A view that lists this renderer makes the file itself and answers with an HttpResponse."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Not called, because DRF renders only its own responses."""
        return data


def csv_headers(filename: str) -> dict[str, str]:
    """The headers of a CSV file that browsers download and that no cache keeps."""
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
