"""Parts of sentences: excerpts, lists, numbers with a noun, times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

_MAX_NAMES = 20
# Chinese characters, hiragana or Hangul. Katakana alone may be a foreign name in its own order.
_FAMILY_NAME_FIRST = re.compile(
    "[\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]"
)


def excerpt(text: str, max_chars: int = 60) -> str:
    """`text` on one line: unprintable characters and runs of white space become one space each.

    It has at most `max_chars` characters. A longer one ends with an ellipsis."""
    line = "".join(c if c.isprintable() else " " for c in text[: max_chars * 4])
    line = " ".join(line.split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def join_names(names: Sequence[str]) -> str:
    """The names, separated by commas. After the first 20 it says how many more there are."""
    joined = ", ".join(names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"{joined} and {more} more" if more > 0 else joined


def has_family_name_first(name: str) -> bool:
    """Whether a full name without a comma is written in a script whose names begin with the family
    name: "山田 太郎", "김 민수"."""
    return _FAMILY_NAME_FIRST.search(name) is not None


def count_of(number: int, noun: str) -> str:
    """A number with its noun: `1 row`, `2,000 rows`. The noun's plural ends in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def utc(moment: datetime, *, seconds: bool = False) -> str:
    """An aware datetime as text in UTC: `2026-11-26 10:30 UTC`; `seconds` adds `:05`."""
    pattern = "%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC"
    return moment.astimezone(UTC).strftime(pattern)
