"""Files of ten megabytes on which a careless reader needs quadratic time.

Each is refused in time that is linear in its size. Processor time is measured, so other programs
don't matter.
"""

from __future__ import annotations

import pytest

from tests.fuzz import check_cost, read_through
from tests.imports.files.helpers import refusal_of

SIZE = 10_000_000
HEADER = b"email,first_name,last_name\n"
ROW = b"ann@example.com,Ann,Lee\n"
TOO_LONG = {"cell_too_long", "record_too_long"}
BAD_QUOTES = TOO_LONG | {"csv_syntax"}
TOO_WIDE = {"too_many_columns", "record_too_long"}
BAD_HEADER = {"header_too_large", "too_many_columns", "cell_too_long", "csv_syntax"}
# name -> (the file, the outcomes that are allowed)
TRAPS = {
    "one quoted cell": (HEADER + b'"' + b"x" * SIZE + b'",A,B\n', TOO_LONG),
    "one quoted cell of many lines": (
        HEADER + b'"' + b"x\n" * (SIZE // 2) + b'",A,B\n',
        BAD_QUOTES,
    ),
    "a quote that is never closed": (HEADER + b'a@b.example,"' + ROW * (SIZE // 24), BAD_QUOTES),
    "quotes": (HEADER + b'"' * SIZE, BAD_QUOTES),
    "quotes in pairs": (HEADER + b'"",' * (SIZE // 3), BAD_QUOTES | TOO_WIDE),
    "quotes and lines": (HEADER + b'"\n' * (SIZE // 2), {"no_rows"}),
    "commas": (HEADER + b"," * SIZE, TOO_WIDE),
    "commas without a header": (b"," * SIZE, BAD_HEADER),
    "a million columns": (b",".join(b"c%d" % n for n in range(1_000_000)), BAD_HEADER),
    "a row of a million columns": (HEADER + b"x," * 1_000_000 + b"\n", TOO_WIDE),
    "a header": (b"email,first_name,last_name," + b"x" * SIZE + b"\n" + ROW, BAD_HEADER),
    "a quoted header": (b'"' + b"x" * SIZE + b'",email\n' + ROW, BAD_HEADER),
    "one line": (b"x" * SIZE, BAD_HEADER),
    "line ends": (b"\n" * SIZE, {"file_empty"}),
    "carriage returns": (HEADER + b"\r" * SIZE + ROW, {"read"}),
    "spaces": (HEADER + b" " * SIZE, TOO_LONG),
    "apostrophes": (HEADER + b"'" * SIZE, TOO_LONG),
    "every delimiter": (b";,|\t" * (SIZE // 4), BAD_HEADER),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_refused_in_linear_time(name: str) -> None:
    content, outcomes = TRAPS[name]
    outcome, seconds = read_through(content, {"filename": "users.csv"})
    assert outcome in outcomes
    check_cost(content, seconds)


@pytest.mark.parametrize("lines", [100_000, 5_000_000])
def test_the_refusal_of_an_endless_quoted_cell_says_where_it_begins(lines: int) -> None:
    content = HEADER + ROW + b'"' + b"x\n" * lines + b'",A,B\n'
    refusal = refusal_of(content)
    assert refusal.code == "csv_syntax"
    assert "The quote opened in row 3 (line 3 of the file) is not closed within" in refusal.detail
