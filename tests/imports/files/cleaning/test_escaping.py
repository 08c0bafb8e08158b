"""Apostrophes before cells: those of `escape_cell` and those of other programs."""

from __future__ import annotations

import pytest

from imports import files
from tests.imports.files.helpers import HEADER, open_file, rows_of


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44", "-", "@x", "\tx", "\rx", "\nx", "＝1", "'=x", "''@"]
)
def test_a_cell_that_starts_a_formula_is_escaped_and_unescaped(cell: str) -> None:
    assert files.escape_cell(cell) == f"'{cell}"
    assert files.unescape_cell(f"'{cell}") == cell


@pytest.mark.parametrize("cell", ["", "'", "''", "O'Hara", "'t Hooft", "a=b", "'quoted'", " =x"])
def test_a_harmless_cell_is_not_changed(cell: str) -> None:
    assert files.escape_cell(cell) == cell
    assert files.unescape_cell(cell) == cell


def test_apostrophes_before_every_address_and_name_are_removed() -> None:
    text = HEADER + "'a@example.com,'Ann,'t\n'b@example.com,'Bo,''t Hooft\n"
    reading = open_file(text)
    assert [cells for _, cells in reading.records()] == [
        ["a@example.com", "Ann", "t"],
        ["b@example.com", "Bo", "'t Hooft"],
    ]
    assert [w.code for w in reading.warnings] == ["apostrophes_removed"]


@pytest.mark.parametrize("other", ["b@example.com,'Bo,'Ek", "'b@example.com,Bo,'Ek"])
def test_apostrophes_before_some_cells_are_removed_but_not_those_of_a_name(other: str) -> None:
    text = f"{HEADER}'a@example.com,'Ann,'t Hooft\n{other}\n"
    reading = open_file(text)
    assert [cells for _, cells in reading.records()] == [
        ["a@example.com", "Ann", "'t Hooft"],
        ["b@example.com", "Bo", "Ek"],
    ]
    assert {w.code for w in reading.warnings} == {"apostrophe_removed"}


def test_only_escaped_cells_of_an_error_report_lose_their_apostrophe() -> None:
    text = "email,first_name,last_name,department\n'=1+1,'@A,'-B,'t Hooft\n"
    assert rows_of(text) == [(2, ["=1+1", "@A", "-B", "'t Hooft"])]
