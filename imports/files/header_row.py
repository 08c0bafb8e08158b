"""Where the header row stands: titles, dates and version marks may stand above it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from imports.errors import NoHeader
from imports.files.source import Limits, Sample
from imports.schema.columns import fields_in

_ADDRESS = re.compile(r"\s*<?[^@\s<>,;|]+@[^@\s<>,;|]+\.[^@\s<>,;|]+>?\s*")
_LONGEST_ADDRESS = 320


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row holds nothing that a person can see."""
    return not "".join(cells).strip()


def find_header(
    samples: Sequence[Sample], mapping: Mapping[str, str] | None, limits: Limits
) -> tuple[Sample, set[str]] | None:
    """The first row that holds an e-mail column, or else the first with two known columns."""
    second_best = None
    for sample in samples[: limits.max_title_rows + 1]:
        fields = fields_in(sample.cells[: limits.max_columns], mapping)
        if "email" in fields:
            return sample, fields
        if len(fields) > 1 and not second_best:
            second_best = sample, fields
    return second_best


def likeliest_header(samples: Sequence[Sample], limits: Limits) -> Sample:
    """The row that will be told to lack columns, where no row is a header beyond doubt.

    Raises NoHeader where that row is data: it holds an e-mail address.
    """
    rows = samples[: limits.max_title_rows + 1]
    if not rows:
        raise NoHeader(
            "The file has no header row: its first rows are blank. Put a row with the names of the "
            "columns above the data (email, first_name, last_name, …)."
        )
    widest = max(rows, key=lambda sample: len(sample.cells))
    likeliest = next((s for s in rows if fields_in(s.cells[: limits.max_columns])), widest)
    if any(map(_is_address, rows[0].cells + likeliest.cells)):
        raise NoHeader(
            "The file has no header row: its first row already holds an e-mail address. Put a row "
            "with the names of the columns above it (email, first_name, last_name, …).",
            row=rows[0].row,
        )
    return likeliest


def _is_address(cell: str) -> bool:
    return "@" in cell and len(cell) <= _LONGEST_ADDRESS and bool(_ADDRESS.fullmatch(cell))


def trimmed_header(header: Sample, samples: Sequence[Sample]) -> list[str]:
    """The header's cells without the empty ones at its end, unless a column under them is used."""
    below = (s.cells for s in samples if s.row > header.row)
    named = _filled(header.cells)
    used = max((_filled(cells) for cells in below if len(cells) > named), default=0)
    return header.cells[: max(named, used)]


def _filled(cells: Sequence[str]) -> int:
    """The number of cells up to the last one that holds something."""
    count = len(cells)
    while count and not cells[count - 1].strip(" \t\xa0\ufeff"):
        count -= 1
    return count
