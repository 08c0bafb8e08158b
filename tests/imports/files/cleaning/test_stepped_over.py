"""Rows that repeat the header are left out, and other rows without an address cost little."""

from __future__ import annotations

import pytest

from imports.files.cleaning import stepped_over
from tests.imports.files.helpers import open_file, rows_of

HEADER = "email,first_name,last_name\n"


@pytest.mark.parametrize("repeated", ["email,first_name,last_name", "E-Mail,Vorname,Nachname,,"])
def test_a_repeated_header_is_left_out(repeated: str) -> None:
    rows = f"a@x.example,A,B\n{repeated}\nb@x.example,C,D\n"
    assert [cells[0] for _, cells in rows_of(HEADER + rows)] == ["a@x.example", "b@x.example"]


def test_the_names_of_fields_are_looked_up_in_rows_as_long_as_the_header_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looking one up takes as long as reading many rows."""
    looked_up: list[str] = []
    monkeypatch.setattr(stepped_over, "recognise", looked_up.append)
    assert len(list(open_file(HEADER + "mail\n" * 1000).records())) == 1000
    assert looked_up == []
    list(open_file(HEADER + "mail,A,B\n").records())
    assert looked_up == ["mail"]
