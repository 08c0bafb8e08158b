"""A staged chunk -> what has to be written of it. Pure: preview and import share it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from core.characters import clean_for_storage
from imports import files
from imports.validation.problems import (
    Problem,
    address_unavailable,
    already_exists,
    duplicate_in_file,
)
from imports.validation.rows import RowChecker, UserRow

# Takes a few milliseconds, in which PostgreSQL is busy with what the socket holds (copy_writer.py).
ROWS_BETWEEN_PAUSES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Some thousand rows of a staged file, as they are stored."""

    number: int
    first_row: int
    row_count: int
    content: bytes
    duplicates: Mapping[str, int]  # row number, as text: the earlier valid row with its address

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells as they stood in the file) of each row."""
        return files.decode_chunk(self.content, self.first_row)

    def cells_of(self, row_numbers: Collection[int]) -> dict[int, list[str]]:
        """The cells of some rows."""
        return {number: cells for number, cells in self.records() if number in row_numbers}


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A chunk, checked against everything but the database."""

    chunk: Chunk
    valid: list[tuple[int, UserRow]] = field(default_factory=list)
    invalid: list[tuple[int, list[str], list[Problem]]] = field(default_factory=list)


def check(
    chunk: Chunk,
    checker: RowChecker,
    look: Callable[[int, list[str]], None] | None = None,
    pause: Callable[[], object] | None = None,
) -> Checked:
    """Checks every row of a chunk; `look` is shown the cells of each, `pause` is called whenever
    some rows are done."""
    checked = Checked(chunk=chunk)
    check_row, valid, invalid = checker.check, checked.valid.append, checked.invalid.append
    records = chunk.records()
    while some := list(islice(records, ROWS_BETWEEN_PAUSES)):
        for row_number, cells in some:
            row = check_row(cells)
            if look:
                look(row_number, cells)
            if isinstance(row, list):
                invalid((row_number, cells, row))
            elif chunk.duplicates and (first := chunk.duplicates.get(str(row_number))):
                invalid((row_number, cells, [duplicate_in_file(row.email, first)]))
            else:
                valid((row_number, row))
        if pause:
            pause()
    return checked


def problem_of_taken(email: str, *, is_own: bool, skip_duplicates: bool) -> Problem | None:
    """What to say of a valid row whose address is a user already: nothing where it is skipped.

    is_own: whether that user is of the organisation that imports; of others nothing is told."""
    if not is_own:
        return address_unavailable(email)
    return None if skip_duplicates else already_exists(email)


def row_data(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """A row as `import_errors.row_data` holds it: header -> cell, made storable, and shortened."""
    named = dict(zip(headers, cells, strict=False))
    more = {f"(column {n})": c for n, c in enumerate(cells, 1) if n > len(headers)}
    return {clean_for_storage(k): clean_for_storage(v) for k, v in (named | more).items()}
