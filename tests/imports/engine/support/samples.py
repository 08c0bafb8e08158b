"""Sample files with the expected outcome of each row, computed without the code under test."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADERS = ("email", "first_name", "last_name", "role", "department", "phone", "send_invitation")
STORED = ("email", "first_name", "last_name", "role", "department", "phone", "invitation_requested")
FIRST_ROW = 2  # the header is row 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a file and its expected outcome: a user, errors, or a skipped row (neither)."""

    cells: tuple[str, ...]
    user: tuple[str | bool, ...] | None = None
    errors: frozenset[tuple[str, str]] = frozenset()  # (field, code)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file, and the users that must exist before its import."""

    rows: Sequence[Row]
    existing_own: list[str] = field(default_factory=list)  # users of the organisation that imports
    existing_foreign: list[str] = field(default_factory=list)  # users of another one

    def __len__(self) -> int:
        return len(self.rows)

    def file(self) -> bytes:
        """Gives the content of the file."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(HEADERS)
        writer.writerows(row.cells for row in self.rows)
        return text.getvalue().encode()

    def first_rows(self, count: int) -> Sample:
        """Gives a sample of the first rows only."""
        return Sample(
            rows=self.rows[:count],
            existing_own=self.existing_own,
            existing_foreign=self.existing_foreign,
        )

    def users(self) -> set[tuple[str | bool, ...]]:
        """Gives the expected users, with the values of STORED."""
        return {row.user for row in self.rows if row.user}

    def invited(self) -> set[str | bool]:
        """Gives the e-mail addresses of the expected users who are to be invited."""
        return {row.user[0] for row in self.rows if row.user and row.user[-1]}

    def errors(self) -> set[tuple[int, str, str]]:
        """Gives the expected row errors: (row number, field, code)."""
        numbered = enumerate(self.rows, FIRST_ROW)
        return {(number, *error) for number, row in numbered for error in row.errors}

    def counters(self) -> tuple[int, int, int, int]:
        """Gives the expected counters: (processed, successful, skipped, failed)."""
        kinds = Counter("user" if row.user else bool(row.errors) for row in self.rows)
        return len(self.rows), kinds["user"], kinds[False], kinds[True]

    def message(self) -> str:
        """Gives the expected `error_message` of the completed batch."""
        _, successful, _, failed = self.counters()
        return f"Partial import: {successful} succeeded, {failed} failed" if failed else ""


def valid_row(number: int, name: str) -> Row:
    """Gives a row that becomes a user. Of three, two are to be invited."""
    email = f"person{number:06}@{name}.example"
    names, others = (f"First {number}", "O'Brien, Zoë"), ("R\\D", "+44 20 7946 0123")
    cells = (f" Person{number:06}@{name.upper()}.example", *names, "User", *others)
    wish = ("", "yes", "no")[number % 3]
    return Row(cells=(*cells, wish), user=(email, *names, "analyst", *others, wish != "no"))


def plain(count: int, name: str) -> Sample:
    """Gives a sample of valid rows only, ordered by e-mail address. `name` makes them unique."""
    return Sample(rows=[valid_row(number, name) for number in range(count)])


def mixed(count: int, name: str) -> Sample:
    """Gives a sample in random order. Of 100 rows 88 become users, 4 belong to existing users, 8
    fail, each in a different way. `name` makes the addresses unique."""
    assert count % 200 == 0
    rows = [valid_row(number, name) for number in range(count)]
    sample = Sample(rows=rows)
    for start in range(0, count - 99, 100):
        _replace_twelve(sample, rows, start)
    order = random.Random(count)
    head, tail = rows[: count // 2], rows[count // 2 :]  # repeated addresses are in the second half
    order.shuffle(head)
    order.shuffle(tail)
    rows[:] = head + tail
    return sample


def _replace_twelve(sample: Sample, rows: list[Row], start: int) -> None:
    """Replaces 12 of the 100 rows from `start` on by rows that are skipped or fail."""
    for number in range(start, start + 4):
        sample.existing_own.append(_email(rows[number]))
        rows[number] = Row(cells=rows[number].cells)
    for number in (start + 4, start + 5):
        sample.existing_foreign.append(_email(rows[number]))
        rows[number] = _failing(rows[number], ("email", "address_unavailable"))
    wrong = {
        start + 6: ((0, "not an address"), ("email", "invalid_email")),
        start + 7: ((1, ""), ("first_name", "required")),
        start + 8: ((2, "=1+1"), ("last_name", "formula_injection")),
        start + 9: ((3, "emperor"), ("role", "invalid_role")),
    }
    for number, ((index, value), error) in wrong.items():
        rows[number] = _failing(_with(rows[number], index, value), error)
    two = _with(_with(rows[start + 10], 2, ""), 4, "d" * 101)
    rows[start + 10] = _failing(two, ("last_name", "required"), ("department", "too_long"))
    _repeat(rows, start + 11)


def _repeat(rows: list[Row], number: int) -> None:
    """In the second half of a file, repeats the address of a row of the first half."""
    if number >= len(rows) // 2:
        first = rows[number - len(rows) // 2 + 40]
        again = _with(rows[number], 0, first.cells[0].upper())
        rows[number] = _failing(again, ("email", "duplicate_in_file"))


def _email(row: Row) -> str:
    return row.cells[0].strip().lower()


def _with(row: Row, index: int, value: str) -> Row:
    cells = (*row.cells[:index], value, *row.cells[index + 1 :])
    return Row(cells=cells, user=row.user)


def _failing(row: Row, *errors: tuple[str, str]) -> Row:
    return Row(cells=row.cells, errors=frozenset(errors))
