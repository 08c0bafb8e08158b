"""A valid row, and short ways to ask what becomes of it when single cells are replaced."""

from __future__ import annotations

from imports.schema.columns import Columns
from imports.schema.fields import FIELDS
from imports.validation.problems import Problem
from imports.validation.rows import RowChecker, UserRow

VALID_CELLS = {
    "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "role": "analyst",
    "department": "Research, Development", "location": "London", "phone": "+44 20 7946 0123",
    "market_edge_access": "yes", "causal_edge_access": "0", "value_edge_access": "",
    "send_invitation": "",
}  # fmt: skip


def columns_of(*names: str) -> Columns:
    """The columns of a file whose headers are the names of fields; "notes" is ignored."""
    positions = {name: index for index, name in enumerate(names) if name != "notes"}
    return Columns(headers=names, positions=positions, ignored=())


CHECKER = RowChecker(columns_of(*FIELDS))  # of a file with all fields, in the table's order


def row_with(**cells: str) -> list[str]:
    """The cells of the valid row, with these replaced."""
    return list((VALID_CELLS | cells).values())


def check(**cells: str) -> UserRow | list[Problem]:
    """The result for the valid row with these cells replaced."""
    return CHECKER.check(row_with(**cells))


def stored(field: str, value: str) -> str | bool:
    """What is stored of a valid value."""
    row = check(**{field: value})
    assert isinstance(row, UserRow), row
    return getattr(row, field)


def problem(field: str, value: str) -> Problem:
    """The problem of an invalid value. Fails if the row has another problem as well."""
    problems = check(**{field: value})
    assert isinstance(problems, list), problems
    assert [found.field for found in problems] == [field]
    return problems[0]
