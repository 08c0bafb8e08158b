"""Words of a file in our sentences: short, printable, not too many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_LISTED = 20


def excerpt(text: str, max_chars: int = 60) -> str:
    """`text` for a sentence: one line, printable, short."""
    line = "".join(c if c.isprintable() else " " for c in text[: max_chars * 4])
    line = " ".join(line.split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def listed(names: Sequence[str]) -> str:
    """Names for a sentence; of very many only the first."""
    shown = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def utc(moment: datetime, *, seconds: bool = False) -> str:
    """A moment for a sentence: `2026-11-26 10:30 UTC`, or with seconds."""
    return f"{moment.astimezone(UTC):{'%Y-%m-%d %H:%M:%S' if seconds else '%Y-%m-%d %H:%M'}} UTC"
