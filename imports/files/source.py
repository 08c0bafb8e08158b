"""What the parts of the reader share: limits, sample rows, blocks of rows, and their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MEBIBYTE = 1_048_576

# csv.reader refuses a cell longer than csv.field_size_limit(). That limit is global to the process
# (131,072 characters by default), so it is not changed here; ours must stay below it.
_LARGEST_CELL_LIMIT = 100_000

# The address space that a child needs for the smallest workbook, most of it for programs.
LEAST_MEMORY_BYTES = 128 * MEBIBYTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a file may contain, and what reading it may cost.

    `max_bytes` limits the upload, the others with `max_` what is read from it. `workbook_…` limit
    the process that reads a workbook: its address space, its processor time, and how long another
    process waits for it in all.
    """

    max_rows: int = 5_000
    max_bytes: int = 10 * MEBIBYTE
    max_columns: int = 200
    max_cell_chars: int = 10_000
    max_record_bytes: int = 262_144
    max_header_bytes: int = 65_536
    max_title_rows: int = 20
    max_workbook_entries: int = 2_000
    max_workbook_bytes: int = 100 * MEBIBYTE
    max_workbook_ratio: int = 100
    max_workbook_cells: int = 2_000_000
    workbook_memory_bytes: int = 512 * MEBIBYTE
    workbook_cpu_seconds: int = 8
    workbook_seconds: float = 8.0

    def __post_init__(self) -> None:
        """Raises ValueError for limits that the reader can't enforce."""
        if not 0 < self.max_cell_chars <= _LARGEST_CELL_LIMIT:
            raise ValueError(f"max_cell_chars must be between 1 and {_LARGEST_CELL_LIMIT:,}")
        if self.max_record_bytes < self.max_cell_chars:
            raise ValueError("max_record_bytes must not be less than max_cell_chars")
        if self.workbook_memory_bytes < LEAST_MEMORY_BYTES:
            raise ValueError(f"workbook_memory_bytes must not be less than {LEAST_MEMORY_BYTES:,}")

    @property
    def sample_rows(self) -> int:
        """How many filled rows are read to find the delimiter and the header row."""
        return 3 * self.max_title_rows + 1


class CellProblem(NamedTuple):
    """What makes one row an error although the rest of the file can be read.

    `column`: its index in the file's own rows; None for the row as a whole. `code`,
    `message` and `value` become those of a `validation.problems.Problem`. A problem in a column
    that no field is read from is ignored.
    """

    row: int
    column: int | None
    code: str
    message: str
    value: str = ""


class CellNotice(NamedTuple):
    """What was unusual in one cell, which is imported nevertheless; see `WarningCollector.add`.

    One in a column that no field is read from is ignored. `row` None: the whole file.
    """

    row: int | None
    column: int | None
    code: str
    message: str
    before: str | None = None
    after: str | None = None


class RowBlock(NamedTuple):
    """Consecutive rows, blank ones included. The cells are as they stand in the file.

    `escaped`: cells may begin with an apostrophe that `unescape_cell` removes. `suspect`: cells may
    need `cleaning`.
    """

    first_row: int
    row_count: int
    rows: Iterable[list[str]]
    escaped: bool
    suspect: bool = True
    problems: Sequence[CellProblem] = ()
    notices: Sequence[CellNotice] = ()


class SampleRow(NamedTuple):
    """One of the first rows that are not blank. `end_line`: the physical line on which it ends."""

    row: int
    cells: list[str]
    end_line: int


class Source(Protocol):
    """Where rows come from: delimited text or a workbook."""

    samples: list[SampleRow]

    def close(self) -> None:
        """Frees what the source holds. Rows can't be read any more."""

    def blocks(self) -> Iterator[RowBlock]:
        """The rows below the header, from the start at each call."""
