"""Chunks of a staged file, and the check of their rows. Preview and import share it.

Nothing here uses the database.
"""

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

# Checking so many takes a few milliseconds. Meanwhile PostgreSQL works on the rows in the socket
# (copy_stream.py).
ROWS_BETWEEN_PAUSES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Some thousand rows of a staged file, as `import_upload_chunks` stores them."""

    number: int
    first_row: int
    row_count: int
    content: bytes
    # row number, as text -> number of the first valid row with the same e-mail address
    duplicates: Mapping[str, int]
    # row number, as text -> problems that were found while the file was read
    problems: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Gives (row number, cells as in the file) of each row."""
        return files.decode_chunk(self.content, self.first_row)

    def cells_of(self, row_numbers: Collection[int]) -> dict[int, list[str]]:
        """Gives row number -> cells of the rows with these numbers."""
        return {number: cells for number, cells in self.records() if number in row_numbers}


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A chunk whose rows were checked against all rules but those of the database."""

    chunk: Chunk
    valid: list[tuple[int, UserRow]] = field(default_factory=list)
    invalid: list[tuple[int, list[str], list[Problem]]] = field(default_factory=list)


def check(
    chunk: Chunk,
    checker: RowChecker,
    on_row: Callable[[int, list[str]], None] | None = None,
    pause: Callable[[], object] | None = None,
) -> Checked:
    """Checks every row of a chunk. Calls `on_row` with the number and the cells of each row, and
    `pause` after every ROWS_BETWEEN_PAUSES rows."""
    checked = Checked(chunk=chunk)
    check_row, valid, invalid = checker.check, checked.valid.append, checked.invalid.append
    records = chunk.records()
    while some := list(islice(records, ROWS_BETWEEN_PAUSES)):
        for row_number, cells in some:
            row = check_row(cells)
            if on_row:
                on_row(row_number, cells)
            if chunk.problems and (found := chunk.problems.get(str(row_number))):
                row = with_problems(row, found)
            if isinstance(row, list):
                invalid((row_number, cells, row))
            elif chunk.duplicates and (first := chunk.duplicates.get(str(row_number))):
                invalid((row_number, cells, [duplicate_in_file(row.email, first)]))
            else:
                valid((row_number, row))
        if pause:
            pause()
    return checked


def with_problems(row: UserRow | list[Problem], found: Sequence[Sequence[str]]) -> list[Problem]:
    """The problems that were found while the file was read, and those of the other fields. Only
    the former are given for a row as a whole, because none of its cells can be trusted."""
    problems = [Problem(*one) for one in found]
    fields = {problem.field for problem in problems}
    if "" in fields or not isinstance(row, list):
        return problems
    return problems + [problem for problem in row if problem.field not in fields]


def problem_of_existing(email: str, *, is_own: bool, skip_duplicates: bool) -> Problem | None:
    """Gives the problem of a valid row whose e-mail address belongs to a user already; None where
    the row is skipped.

    is_own: whether that user belongs to the organisation that imports. Nothing is said about users
    of other organisations."""
    if not is_own:
        return address_unavailable(email)
    return None if skip_duplicates else already_exists(email)


def row_data(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Gives a row as `import_errors.row_data` stores it: header -> cell, shortened, without the
    characters that PostgreSQL can't store."""
    named = dict(zip(headers, cells, strict=False))
    more = {f"(column {n})": c for n, c in enumerate(cells, 1) if n > len(headers)}
    return {clean_for_storage(k): clean_for_storage(v) for k, v in (named | more).items()}
