"""Where the header row stands: titles, dates and version marks may stand above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from imports.columns import excerpt, fields_in
from imports.errors import NoHeader
from imports.reader.base import Sample

_ADDRESS = re.compile(r"\s*<?[^@\s<>,;|]+@[^@\s<>,;|]+\.[^@\s<>,;|]+>?\s*")


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row holds nothing that a person can see."""
    return not "".join(cells).strip()


def first_rows(samples: Sequence[Sample], count: int) -> Iterator[Sample]:
    """The first `count` rows that are not blank."""
    filled = (sample for sample in samples if not is_blank(sample.cells))
    for _, sample in zip(range(count), filled, strict=False):
        yield sample


def find_header(
    samples: Sequence[Sample], mapping: Mapping[str, str] | None, title_rows: int
) -> tuple[Sample, set[str]] | None:
    """The first row that holds an e-mail column, or else the first with two known columns."""
    second_best = None
    for sample in first_rows(samples, title_rows + 1):
        fields = fields_in(sample.cells, mapping)
        if "email" in fields:
            return sample, fields
        if len(fields) > 1 and not second_best:
            second_best = sample, fields
    return second_best


def likeliest_header(samples: Sequence[Sample], title_rows: int) -> Sample:
    """The row that will be told to lack columns, where no row is a header beyond doubt.

    Raises NoHeader where that row is data: it holds an e-mail address.
    """
    rows = list(first_rows(samples, title_rows + 1))
    widest = max(len(sample.cells) for sample in rows)
    likeliest = next(
        (s for s in rows if fields_in(s.cells)),
        next(s for s in rows if len(s.cells) == widest),
    )
    if any(_ADDRESS.fullmatch(cell) for cell in rows[0].cells + likeliest.cells):
        raise NoHeader(
            "The file has no header row: its first row already holds an e-mail address. Put a row "
            "with the names of the columns above it (email, first_name, last_name, …).",
            row=rows[0].row,
        )
    return likeliest


def trimmed_header(header: Sample, samples: Sequence[Sample]) -> list[str]:
    """The header's cells without the empty ones at its end, unless a column under them is used."""
    cells = list(header.cells)
    below = [s.cells for s in samples if s.row > header.row]
    while cells and not cells[-1].strip(" \t\xa0\ufeff"):
        if any(len(row) >= len(cells) and row[len(cells) - 1].strip() for row in below):
            break
        cells.pop()
    return cells


def shown(header: Sample) -> str:
    """The header row for a sentence."""
    return excerpt(", ".join(header.cells), 120)
