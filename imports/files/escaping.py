"""Cells that a spreadsheet would run as a formula, escaped and unescaped."""

from __future__ import annotations

import re

# U+FF0B and its like: the full-width forms, which Excel treats as = + - @ in East Asian locales.
_RISKY = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"


_ESCAPABLE = re.compile(f"'*[{_RISKY}]")


ESCAPED = re.compile(f"'[{_RISKY}]")


def escape_cell(cell: str) -> str:
    """`cell` as it may stand in a file for a spreadsheet: nothing in it is run as a formula.

    A cell that is risky, or would be taken for one that was escaped, gets an apostrophe in front;
    `unescape_cell` takes it away again, so that what goes out and comes back is the same.
    """
    return f"'{cell}" if _ESCAPABLE.match(cell) else cell


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`."""
    return cell[1:] if is_escaped(cell) else cell


def is_escaped(cell: str) -> bool:
    """Whether `unescape_cell` would change a cell."""
    return cell.startswith("'") and _ESCAPABLE.match(cell) is not None


def without_apostrophe(cell: str) -> str:
    """A cell of a file in which every cell was given an apostrophe, whatever it holds."""
    return cell.removeprefix("'")
