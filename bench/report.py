"""Formats results for the terminal, and as the table of docs/performance.md."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

NO_TARGET = "–"
BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of one measurement."""

    measure: str  # what was measured
    figure: str
    target: str
    detail: str  # the absolute figures behind it


def as_text(result: Result) -> str:
    """Two lines for the terminal."""
    target = f" (target {result.target})" if result.target != NO_TARGET else ""
    return f"{result.measure}: {result.figure}{target}\n    {result.detail}"


def write(results: list[Result]) -> None:
    """Replaces the table in docs/performance.md."""
    page = settings.BASE_DIR / "docs" / "performance.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    rows = [f"| {r.measure} | **{r.figure}** | {r.target} | {r.detail} |" for r in results]
    table = "\n".join(["| measurement | result | target | figures |", "|---|---|---|---|", *rows])
    page.write_text(f"{before}{BEGIN}\n{machine()}\n\n{table}\n{END}{after}")


def machine() -> str:
    """Describes the machine and the software that were measured."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()},"
        f" PostgreSQL {version} with default settings, everything on one machine."
    )
