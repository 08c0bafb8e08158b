"""What the tests of the commands share."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command

from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows

__all__ = ["INVALID_ROW", "csv_bytes", "output_of", "valid_rows"]  # the files of the API's tests


def output_of(command: str, *arguments: Any, **options: Any) -> str:
    """Runs a `manage.py` command. Gives its standard output."""
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()
