"""What the parts of the reader share: limits, a batch of rows, the escaping of cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MEBIBYTE = 1_048_576

# csv.reader gives up on a cell at csv.field_size_limit(), which is one for the whole process
# (131,072 unless somebody changes it). It is left alone: our own limit is below it.
MOST_CELL_CHARS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a file may have. `max_bytes` is of the upload; the rest bounds memory and time."""

    max_rows: int = 5_000
    max_bytes: int = 10 * MEBIBYTE
    max_columns: int = 200
    max_cell_chars: int = 10_000
    max_record_bytes: int = 262_144
    max_header_bytes: int = 65_536
    max_title_rows: int = 20
    max_workbook_entries: int = 200
    max_workbook_bytes: int = 100 * MEBIBYTE
    max_workbook_ratio: int = 100
    max_workbook_cells: int = 2_000_000

    def __post_init__(self) -> None:
        """Refuse limits under which the reader could not keep its promises."""
        if not 0 < self.max_cell_chars <= MOST_CELL_CHARS:
            raise ValueError(f"max_cell_chars must be between 1 and {MOST_CELL_CHARS:,}")
        if self.max_record_bytes < self.max_cell_chars:
            raise ValueError("max_record_bytes must not be less than max_cell_chars")


class Batch(NamedTuple):
    """Rows that follow one another without a gap (blank ones included), cells as they stand.

    `escaped`: a cell may begin with an apostrophe that `unescape_cell` takes away.
    """

    first_row: int
    row_count: int
    rows: Iterable[list[str]]
    escaped: bool


class Sample(NamedTuple):
    """One of the first rows that are not blank. `end_line`: the physical lines up to its end."""

    row: int
    cells: list[str]
    end_line: int


class Source(Protocol):
    """Where rows come from: delimited text or a workbook."""

    samples: list[Sample]

    def batches(self) -> Iterator[Batch]:
        """The rows below the header, from the start at each call."""


# --- cells that a spreadsheet would run as a formula -------------------------------------------
