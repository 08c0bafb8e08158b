"""Escapes and unescapes cells that a spreadsheet would run as a formula."""

from __future__ import annotations

import re

# U+FF1D, U+FF0B, U+FF0D and U+FF20 are the full-width forms of = + - @. In East Asian locales, they
# start a formula in Excel as well.
_FORMULA_STARTS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"

# Matches the cells that `escape_cell` changes. They start a formula after any number of
# apostrophes.
_ESCAPABLE_CELL = re.compile(f"'*[{_FORMULA_STARTS}]")

# Occurs in every text that contains an escaped cell. A text without it needs no further check.
ESCAPED_TEXT = re.compile(f"'[{_FORMULA_STARTS}]")


def escape_cell(cell: str) -> str:
    """The cell in a form that no spreadsheet runs as a formula.

    Adds an apostrophe to a cell that starts like a formula or like an escaped cell. `unescape_cell`
    removes it again, so a cell that is exported and imported is unchanged.
    """
    return f"'{cell}" if _ESCAPABLE_CELL.match(cell) else cell


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`."""
    return cell[1:] if is_escaped(cell) else cell


def is_escaped(cell: str) -> bool:
    """Whether `unescape_cell` would change the cell."""
    return cell.startswith("'") and _ESCAPABLE_CELL.match(cell) is not None


def strip_apostrophe(cell: str) -> str:
    """The cell without the apostrophe that some exports put before every cell."""
    return cell.removeprefix("'")
