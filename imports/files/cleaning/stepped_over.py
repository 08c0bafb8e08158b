"""Recognises rows that hold no user: comments, repeated headers, and rows with only a tick box."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from imports.files.source import CellNotice
from imports.schema.error_values import is_error_value
from imports.schema.header_names import normalise
from imports.schema.headers import recognise

_COMMENT = ("comment_skipped", "Rows that begin with # were taken for comments and left out.")
_REPEATED = ("header_repeated", "The header row occurs again below; these rows were left out.")
# A running number or an empty tick box, which a template holds in rows that nobody filled in.
_TICK = re.compile(
    r"[0-9]{1,6}[.)]?|false|falsch|faux|falso|no|n|nein|non|não|nee|nej|nei|nie|ne|hayır|onwaar"
    r"|falskt|falsk|usann|epätosi|ei|fałsz|nepravda|yanlış|ні|いいえ|否|아니요|لا|☐|□|\[ ?\]"
    r"|[-–—=_*.~]+",  # also the line that database programs draw under the header
    re.IGNORECASE,
)


def why_stepped_over(
    row: int, cells: Sequence[str], header: Sequence[str], email_index: int
) -> CellNotice | None:
    """The notice about a row that is no user's, or None. The row is not blank."""
    email = cells[email_index] if email_index < len(cells) else ""
    first = cells[0].strip()
    is_comment = first.startswith("#") and not is_error_value(first)
    if is_comment and (email_index == 0 or "@" not in email):
        return CellNotice(row, None, *_COMMENT)
    if "@" not in email and _is_header(cells, header):
        return CellNotice(row, None, *_REPEATED)
    return None


def _is_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row repeats the header, perhaps with other names for the same fields."""
    wanted = _filled(header)
    if len(cells) < len(wanted):
        return False
    found = _filled(cells)
    return len(found) == len(wanted) and all(map(_is_same_name, found, wanted))


def _is_same_name(cell: str, name: str) -> bool:
    if normalise(cell) == _normalised_name(name):
        return True
    wanted = _field_of_name(name)
    found = recognise(cell) if wanted else None
    return bool(found and wanted and found.field == wanted.field)


# The names of the header, which are compared with each row that has no address.
_normalised_name = lru_cache(maxsize=200)(normalise)
_field_of_name = lru_cache(maxsize=200)(recognise)


def _filled(cells: Sequence[str]) -> list[str]:
    """The cells without empty ones at the end."""
    filled = list(cells)
    while filled and not filled[-1].strip():
        filled.pop()
    return filled


def holds_only_ticks(cells: Sequence[str]) -> bool:
    """Whether a row has nothing but a running number or empty tick boxes. It counts as blank."""
    for cell in cells:  # all() would take twice as long
        text = cell.strip()
        if text and _TICK.fullmatch(text) is None:
            return False
    return True
