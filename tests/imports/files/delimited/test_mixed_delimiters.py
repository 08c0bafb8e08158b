"""A header row with another delimiter than the rows below it."""

from __future__ import annotations

import itertools

import pytest

from imports.files.delimited import dialect
from imports.files.source import Limits
from tests.imports.files.helpers import open_file, refusal_of, rows_of

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
PAIRS = list(itertools.permutations(NAMES, 2))
HEADER = ["email", "Vorname", "Nachname", "Telefon"]
ROWS = [["a@x.example", "Ann", "Lee", "020 7946 0123"], ["b@x.example", "Bo", "Ek"]]


def mixed(header: str, rows: str, quote: str = "", above: str = "", below: str = "") -> str:
    """The table with these delimiters."""
    lines = [header.join(f"{quote}{cell}{quote}" for cell in HEADER)]
    lines += [rows.join(f"{quote}{cell}{quote}" for cell in row) for row in ROWS]
    return above + "\n".join(lines) + "\n" + below


@pytest.mark.parametrize(("header", "rows"), PAIRS)
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("above", ["", "Users of 2026\n\n"])
@pytest.mark.parametrize("below", ["", "Total: 2\n"])
def test_the_refusal_names_the_delimiter_with_which_it_is_read(
    header: str, rows: str, quote: str, above: str, below: str
) -> None:
    text = mixed(header, rows, quote, above, below)
    refusal = refusal_of(text)
    assert refusal.code == "mixed_delimiters"
    assert refusal.facts == {"header_delimiter": NAMES[header], "delimiter": NAMES[rows]}
    reading = open_file(text, delimiter=NAMES[rows])
    assert [cells for _, cells in reading.records()][:2] == ROWS
    first = 2 + above.count("\n")
    assert [row for row, _ in reading.records()][:2] == [first, first + 1]


def test_a_file_with_another_delimiter_in_some_rows_is_read() -> None:
    text = "email,first_name,last_name\na@x.example;A;B\nb@x.example,C,D\n"
    assert [cells for _, cells in rows_of(text)] == [["a@x.example;A;B"], ["b@x.example", "C", "D"]]


def test_semicolons_within_cells_are_none() -> None:
    text = "email,first_name,last_name\na@x.example,A;B,C;D\nb@x.example,A;B,C;D\n"
    assert rows_of(text)[0][1] == ["a@x.example", "A;B", "C;D"]


def test_a_row_with_more_cells_than_columns_are_allowed_is_no_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Recognising a hundred thousand cells takes a second."""
    looked_at: list[int] = []

    def fields_in(cells: list[str], _: object) -> set[str]:
        looked_at.append(len(cells))
        return set()

    monkeypatch.setattr(dialect, "fields_in", fields_in)
    refusal_of(";" * 60_000 + "\n", delimiter=",")
    assert max(looked_at, default=0) <= Limits().max_columns
