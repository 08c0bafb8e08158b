"""Recognises rows that hold no user: comments, repeated headers, and rows with only a tick box."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imports.files.source import CellNotice
from imports.schema.error_values import is_error_value

_COMMENT = ("comment_skipped", "Rows that begin with # were taken for comments and left out.")
_REPEATED = ("header_repeated", "The header row occurs again below; these rows were left out.")
# A running number or an empty tick box, which a template holds in rows that nobody filled in.
_TICK = re.compile(r"[0-9]{1,6}[.)]?|false|falsch|faux|falso|no|n|☐|□|\[ ?\]|-", re.IGNORECASE)


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
    """Whether a row repeats the header. A header of a single column would be too little to tell."""
    found = [cell.strip().casefold() for cell in cells]
    wanted = [cell.strip().casefold() for cell in header]
    while found and not found[-1]:
        found.pop()
    while wanted and not wanted[-1]:
        wanted.pop()
    return found == wanted


def holds_only_ticks(cells: Sequence[str]) -> bool:
    """Whether a row has nothing but a running number or empty tick boxes. It counts as blank."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return all(_TICK.fullmatch(cell) for cell in filled)
