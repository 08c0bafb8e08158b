"""Finds the header row, which may stand below titles, dates and version lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from imports.errors import NoHeader
from imports.files.source import Limits, SampleRow
from imports.schema.columns import fields_in

_EMAIL = re.compile(r"\s*<?[^@\s<>,;|]+@[^@\s<>,;|.]+(?:\.+[^@\s<>,;|.]+)+>?\s*")
_MAX_EMAIL_CHARS = 320


def is_blank(cells: Sequence[str]) -> bool:
    """Whether all cells of a row are empty or whitespace."""
    return not "".join(cells).strip()


def find_header(
    samples: Sequence[SampleRow], mapping: Mapping[str, str] | None, limits: Limits
) -> tuple[SampleRow, set[str]] | None:
    """The header row and the fields that it names.

    It is the row with most known columns of those with an e-mail column, or else of those with two
    known columns; the first of several. A row that holds an e-mail address is data: a contact above
    the header, as in "E-mail | eva@example.com", or a user.
    """
    best: tuple[SampleRow, set[str]] | None = None
    for sample in samples[: limits.max_title_rows + 1]:
        cells = sample.cells[: limits.max_columns]
        if any(map(_is_email, cells)):
            continue
        fields = fields_in(cells, mapping)
        if "email" not in fields and len(fields) < 2:
            continue
        if best is None or _rank(fields) > _rank(best[1]):
            best = sample, fields
    return best


def header_in(samples: Sequence[SampleRow], row: int, limits: Limits) -> SampleRow:
    """The row that the caller says is the header, by its number in the file, from 1.

    Raises NoHeader where the row is blank, or stands further down than a header may."""
    candidates = samples[: limits.max_title_rows + 1]
    for sample in candidates:
        if sample.row == row:
            return sample
    first = ", ".join(str(sample.row) for sample in candidates[:10])
    raise NoHeader(
        f"Row {row} can't be the header row: it is blank, or too far down. The first rows with "
        f"cells are {first or 'missing: the file has none'}. Name one of the first "
        f"{limits.max_title_rows + 1}.",
        row=row,
    )


def _rank(fields: set[str]) -> tuple[bool, int]:
    return "email" in fields, len(fields)


def guess_header(samples: Sequence[SampleRow], limits: Limits) -> SampleRow:
    """The row to name in the error about missing columns, where `find_header` found none.

    It is the first row with a known column, or else the widest one. Raises NoHeader where it holds
    an e-mail address and so is data.
    """
    rows = samples[: limits.max_title_rows + 1]
    if not rows:
        raise NoHeader(
            "The file has no header row: its first rows are blank. Put a row with the names of the "
            "columns above the data (email, first_name, last_name, …)."
        )
    widest = max(rows, key=lambda sample: len(sample.cells))
    guess = next((s for s in rows if fields_in(s.cells[: limits.max_columns])), widest)
    is_list = _are_addresses(rows) or _are_addresses(rows[1:])
    if is_list or any(map(_is_email, rows[0].cells + guess.cells)):
        has_title = "@" not in "".join(rows[0].cells)
        found = "below its title are" if has_title else "its first row already holds"
        raise NoHeader(
            f"The file has no header row: {found} e-mail addresses. "
            + ("It is a list of addresses, but every user also needs a name. " if is_list else "")
            + "Put a row with the names of the columns above it (email, first_name, last_name, …).",
            row=rows[0].row,
        )
    return guess


def _are_addresses(rows: Sequence[SampleRow]) -> bool:
    """Whether rows hold nothing but e-mail addresses, perhaps numbered or as `Ann Lee <ann@…>`."""
    cells = [cell.strip() for row in rows for cell in row.cells if cell.strip()]
    texts = [cell for cell in cells if not cell.isdigit()]
    return bool(texts) and all("@" in t and not any(map(t.__contains__, ",;\t|")) for t in texts)


def _is_email(cell: str) -> bool:
    return "@" in cell and len(cell) <= _MAX_EMAIL_CHARS and bool(_EMAIL.fullmatch(cell))


def trimmed_header(header: SampleRow, samples: Sequence[SampleRow]) -> list[str]:
    """The header's cells without empty ones at its end, unless a column below them is filled."""
    below = (s.cells for s in samples if s.row > header.row)
    named = _filled_length(header.cells)
    used = max((_filled_length(cells) for cells in below if len(cells) > named), default=0)
    return header.cells[: max(named, used)]


def _filled_length(cells: Sequence[str]) -> int:
    """The number of cells up to the last one that is not empty."""
    count = len(cells)
    while count and not cells[count - 1].strip(" \t\xa0\ufeff"):
        count -= 1
    return count
