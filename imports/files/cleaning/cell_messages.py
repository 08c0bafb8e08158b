"""What is said about single rows and cells while a file is read: problems and notices."""

from __future__ import annotations

from core.text import excerpt
from imports.files.source import CellNotice, CellProblem


def stray_quote(row: int, line: str) -> CellProblem:
    """The row has text after a closing quote."""
    backslash = ' A quote in a cell is written "", not \\".' if '\\"' in line else ""
    message = (
        "The row has text after a closing quote, so it can't be told where its cells end. "
        f'Delete the quote, or write a quote that belongs to a cell twice ("").{backslash}'
    )
    return CellProblem(row, None, "stray_quote", message, excerpt(line, 100))


def blanks_around_quotes(row: int) -> CellNotice:
    """Blanks between a delimiter and a quote were taken off."""
    message = "Blanks between a quoted cell and the delimiter were taken off."
    return CellNotice(row, None, "blanks_around_quotes", message)
