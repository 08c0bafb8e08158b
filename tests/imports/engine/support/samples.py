"""Files of which it is known row by row what an import must come to: computed here, without the
code that is tested."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADERS = ("email", "first_name", "last_name", "role", "department", "phone")
STORED = ("email", "first_name", "last_name", "role", "department", "phone")
FIRST_ROW = 2  # the header is row 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of a file, and what must become of it: a user, errors, or (neither) a skipped row."""

    cells: tuple[str, ...]
    user: tuple[str, ...] | None = None
    errors: frozenset[tuple[str, str]] = frozenset()  # (field, code)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file, and the users that must be there before it is imported."""

    rows: Sequence[Row]
    own: list[str] = field(default_factory=list)  # users of the organisation that imports
    foreign: list[str] = field(default_factory=list)  # users of another one

    def __len__(self) -> int:
        return len(self.rows)

    def file(self) -> bytes:
        """What a person uploads."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(HEADERS)
        writer.writerows(row.cells for row in self.rows)
        return text.getvalue().encode()

    def first(self, count: int) -> Sample:
        """What the first rows alone come to."""
        return Sample(rows=self.rows[:count], own=self.own, foreign=self.foreign)

    def users(self) -> set[tuple[str, ...]]:
        """The users that must be made."""
        return {row.user for row in self.rows if row.user}

    def errors(self) -> set[tuple[int, str, str]]:
        """The row errors that must be written: (row, field, code)."""
        numbered = enumerate(self.rows, FIRST_ROW)
        return {(number, *error) for number, row in numbered for error in row.errors}

    def counters(self) -> tuple[int, int, int, int]:
        """(processed, successful, skipped, failed)."""
        kinds = Counter("user" if row.user else bool(row.errors) for row in self.rows)
        return len(self.rows), kinds["user"], kinds[False], kinds[True]

    def message(self) -> str:
        """The `error_message` of the completed batch."""
        _, successful, _, failed = self.counters()
        return f"Partial import: {successful} succeeded, {failed} failed" if failed else ""


def good(number: int, tag: str) -> Row:
    """A row that becomes a user."""
    email = f"person{number:06}@{tag}.example"
    user = (email, f"First {number}", "O'Brien, Zoë", "analyst", "R\\D", "+44 20 7946 0123")
    cells = (f" Person{number:06}@{tag.upper()}.example", *user[1:3], "User", *user[4:])
    return Row(cells=cells, user=user)


def plain(count: int, tag: str) -> Sample:
    """Only good rows, in the order of their address."""
    return Sample(rows=[good(number, tag) for number in range(count)])


def mixed(count: int, tag: str) -> Sample:
    """Of every hundred rows, in no order: 88 become users, 4 are users already, 8 fail, each in
    another way."""
    assert count % 200 == 0
    rows = [good(number, tag) for number in range(count)]
    sample = Sample(rows=rows)
    for start in range(0, count - 99, 100):
        _spoil(sample, rows, start)
    order = random.Random(count)
    head, tail = rows[: count // 2], rows[count // 2 :]  # repetitions stand in the second half
    order.shuffle(head)
    order.shuffle(tail)
    rows[:] = head + tail
    return sample


def _spoil(sample: Sample, rows: list[Row], start: int) -> None:
    """Puts something wrong into twelve of the hundred rows from `start` on."""
    for place in range(start, start + 4):
        sample.own.append(_email(rows[place]))
        rows[place] = Row(cells=rows[place].cells)
    for place in (start + 4, start + 5):
        sample.foreign.append(_email(rows[place]))
        rows[place] = _bad(rows[place], ("email", "address_unavailable"))
    wrong = {
        start + 6: ((0, "not an address"), ("email", "invalid_email")),
        start + 7: ((1, ""), ("first_name", "required")),
        start + 8: ((2, "=1+1"), ("last_name", "formula_injection")),
        start + 9: ((3, "emperor"), ("role", "invalid_role")),
    }
    for place, ((index, value), error) in wrong.items():
        rows[place] = _bad(_with(rows[place], index, value), error)
    two = _with(_with(rows[start + 10], 2, ""), 4, "d" * 101)
    rows[start + 10] = _bad(two, ("last_name", "required"), ("department", "too_long"))
    _repeat(rows, start + 11)


def _repeat(rows: list[Row], place: int) -> None:
    """In the second half of a file: the address of a row in the first half once more."""
    if place >= len(rows) // 2:
        first = rows[place - len(rows) // 2 + 40]
        again = _with(rows[place], 0, first.cells[0].upper())
        rows[place] = _bad(again, ("email", "duplicate_in_file"))


def _email(row: Row) -> str:
    return row.cells[0].strip().lower()


def _with(row: Row, index: int, value: str) -> Row:
    cells = (*row.cells[:index], value, *row.cells[index + 1 :])
    return Row(cells=cells, user=row.user)


def _bad(row: Row, *errors: tuple[str, str]) -> Row:
    return Row(cells=row.cells, errors=frozenset(errors))
