"""The sample gives the expected errors, and the documented error codes are those of the code."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
from itertools import pairwise

import pytest

from imports import files
from imports.schema.columns import Columns
from imports.schema.fields import FIELDS
from imports.validation import problems
from imports.validation.rows import RowChecker, UserRow
from samples import make_sample
from tests.imports.validation.helpers import CHECKER, VALID_CELLS
from tests.paths import ROOT

# --- the sample and the rows for benchmarks -----------------------------------------------------


def read_sample() -> list[list[str]]:
    with (ROOT / "samples/users.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def sample_checker() -> RowChecker:
    positions = {field: index for index, field in enumerate(FIELDS)}
    headers = tuple(make_sample.HEADERS)
    return RowChecker(Columns(headers=headers, positions=positions, ignored=("Notes",)))


def test_the_sample_gets_the_expected_errors():
    expected = json.loads((ROOT / "samples/users.expected.json").read_text())
    with (ROOT / "samples/users.csv").open("rb") as file:
        limits = files.Limits(max_rows=5000, max_bytes=10_000_000)
        reading = files.read(file, filename="users.csv", limits=limits)
        records = list(reading.records())
    checker, found, first = RowChecker(reading.columns), [], {}
    for row_number, cells in records:
        row = checker.check(cells)
        if isinstance(row, list):
            found += [(row_number, problem.field, problem.code) for problem in row]
        elif row.email == "admin@globex.example":  # only the database knows this
            found.append((row_number, "email", "address_unavailable"))
        elif first.setdefault(row.email, row_number) != row_number:
            found.append((row_number, "email", "duplicate_in_file"))
    assert found == [tuple(error.values()) for error in expected["errors"]]
    assert expected["failed_rows"] == len({row for row, *_ in found}) == 60
    assert expected["total_rows"] == len(records) == len(read_sample()) - 1 == 5000


def test_make_sample_writes_the_committed_files():
    rows, errors = make_sample.make_sample()
    assert [make_sample.HEADERS, *rows] == read_sample()
    assert errors == json.loads((ROOT / "samples/users.expected.json").read_text())["errors"]


def test_the_fast_check_accepts_most_rows_of_the_sample():
    checker = sample_checker()
    complete = [cells for cells in read_sample()[1:] if len(cells) == len(make_sample.HEADERS)]
    fast = sum(checker._check_fast(checker._values_of(cells)) is not None for cells in complete)
    assert fast > 0.9 * len(complete)


def test_rows_for_benchmarks_are_valid_and_have_different_emails():
    file = io.StringIO()
    make_sample.write_rows(file, 12_000, seed=3)
    header, *rows = csv.reader(io.StringIO(file.getvalue()))
    assert header == list(FIELDS)
    checked = [CHECKER.check(cells) for cells in rows]
    assert all(isinstance(row, UserRow) for row in checked)
    assert len({row[0] for row in checked}) == 12_000
    assert 90 < len(file.getvalue().encode()) / 12_000 < 125


def test_a_share_of_the_rows_for_benchmarks_can_be_invalid():
    file = io.StringIO()
    make_sample.write_rows(file, 2_000, seed=3, bad=0.25)
    _, *rows = csv.reader(io.StringIO(file.getvalue()))
    invalid = sum(isinstance(CHECKER.check(cells), list) for cells in rows)
    assert 400 < invalid < 600


# --- the table of codes in the documentation -----------------------------------------------------


# Problems of cells that `imports.files` finds: tests/data has a file for each.
FOUND_WHILE_READING = {
    "stray_quote", "formula_without_value", "broken_cell", "date_in_phone", "hyperlink_differs",
}  # fmt: skip


def documented_codes() -> dict[str, str]:
    """Error code -> its example, from docs/file-format.md."""
    text = (ROOT / "docs/file-format.md").read_text(encoding="utf-8")
    table = text.partition("<!-- codes:begin -->")[2].partition("<!-- codes:end -->")[0]
    lines = [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]
    return {code.strip("` "): example.strip() for code, _, example in lines}


def test_every_code_that_a_row_can_get_is_documented():
    given = set(
        re.findall(
            r'new_(?:problem|warning)\(\s*[\w.]*(?:"\w*")?, "(\w+)"', inspect.getsource(problems)
        )
    )
    assert given >= {"required", "ragged_row", "leading_sign"}
    assert set(documented_codes()) == given | FOUND_WHILE_READING | {"refused_by_database"}


@pytest.mark.parametrize(("code", "example"), documented_codes().items())
def test_the_example_of_a_documented_code_gets_that_code(code, example):
    found = re.fullmatch(r"`(\w+)` = `(.+)`", example)
    if not found:  # needs more than one row
        assert code in {
            "ragged_row", "duplicate_in_file", "already_exists", "address_unavailable",
            "refused_by_database", "no_address", *FOUND_WHILE_READING,
        }  # fmt: skip
        return
    field, value = found.groups()
    cell = value.replace("⟨tab⟩", "\t").replace("⟨empty⟩", "").replace("⟨101 letters⟩", "x" * 101)
    cells = list((VALID_CELLS | {field: cell}).values())
    problems = CHECKER.check(cells)
    reported = problems if isinstance(problems, list) else CHECKER.warnings(cells)
    assert [(problem.field, problem.code) for problem in reported] == [(field, code)]


def test_the_sample_has_every_error_code_that_a_row_alone_can_get():
    sample_codes = {code for mistake in make_sample.MISTAKES for _, code in mistake.errors}
    assert sample_codes >= {
        "required", "invalid_email", "too_long", "invalid_role", "role_not_allowed",
        "invalid_phone", "invalid_boolean", "control_character", "formula_injection",
    }  # fmt: skip
    names = [mistake.name for mistake in make_sample.MISTAKES]
    assert all(one != other for one, other in pairwise(sorted(names)))
