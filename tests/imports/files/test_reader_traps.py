"""Files on which a careless reader takes for ever: ten megabytes of one thing. Each is refused, in
time that grows with the file and not with its square: of the processor, whatever else runs."""

from __future__ import annotations

import pytest

from tests.fuzz import check_cost, read_through
from tests.imports.files.helpers import refusal_of

SIZE = 10_000_000
HEADER = b"email,first_name,last_name\n"
ROW = b"ann@example.com,Ann,Lee\n"
LONG = {"cell_too_long", "record_too_long"}
QUOTES = LONG | {"csv_syntax"}
WIDE = {"too_many_columns", "record_too_long"}
TOP = {"header_too_large", "too_many_columns", "cell_too_long", "csv_syntax"}
# name -> the file, and what it may be refused as
TRAPS = {
    "one quoted cell": (HEADER + b'"' + b"x" * SIZE + b'",A,B\n', LONG),
    "one quoted cell of many lines": (HEADER + b'"' + b"x\n" * (SIZE // 2) + b'",A,B\n', QUOTES),
    "a quote that is never closed": (HEADER + b'a@b.example,"' + ROW * (SIZE // 24), QUOTES),
    "quotes": (HEADER + b'"' * SIZE, QUOTES),
    "quotes in pairs": (HEADER + b'"",' * (SIZE // 3), QUOTES | WIDE),
    "quotes and lines": (HEADER + b'"\n' * (SIZE // 2), {"no_rows"}),
    "commas": (HEADER + b"," * SIZE, WIDE),
    "commas without a header": (b"," * SIZE, TOP),
    "a million columns": (b",".join(b"c%d" % n for n in range(1_000_000)), TOP),
    "a row of a million columns": (HEADER + b"x," * 1_000_000 + b"\n", WIDE),
    "a header": (b"email,first_name,last_name," + b"x" * SIZE + b"\n" + ROW, TOP),
    "a quoted header": (b'"' + b"x" * SIZE + b'",email\n' + ROW, TOP),
    "one line": (b"x" * SIZE, TOP),
    "line ends": (b"\n" * SIZE, {"file_empty"}),
    "carriage returns": (HEADER + b"\r" * SIZE + ROW, {"read"}),
    "spaces": (HEADER + b" " * SIZE, LONG),
    "apostrophes": (HEADER + b"'" * SIZE, LONG),
    "every delimiter": (b";,|\t" * (SIZE // 4), TOP),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_refused_in_time_that_grows_with_the_file(name: str) -> None:
    content, outcomes = TRAPS[name]
    outcome, seconds = read_through(content, {"filename": "users.csv"})
    assert outcome in outcomes
    check_cost(content, seconds)


@pytest.mark.parametrize("lines", [100_000, 5_000_000])
def test_a_quoted_cell_without_end_is_named_where_it_begins(lines: int) -> None:
    content = HEADER + ROW + b'"' + b"x\n" * lines + b'",A,B\n'
    refusal = refusal_of(content)
    assert refusal.code == "csv_syntax"
    assert "The quote opened in row 3 (line 3 of the file) is not closed within" in refusal.detail
