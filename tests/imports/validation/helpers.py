"""A good row, and what is stored or said of it when single cells are others."""

from __future__ import annotations

from imports.schema.columns import Columns
from imports.schema.fields import FIELDS
from imports.validation.rows import Problem, RowChecker, UserRow

GOOD = {
    "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "role": "analyst",
    "department": "Research, Development", "location": "London", "phone": "+44 20 7946 0123",
    "market_edge_access": "yes", "causal_edge_access": "0", "value_edge_access": "",
    "send_invitation": "",
}  # fmt: skip


def columns_of(*names: str) -> Columns:
    """The columns of a file whose headers are the names of fields."""
    positions = {name: index for index, name in enumerate(names) if name != "notes"}
    return Columns(headers=names, positions=positions, ignored=())


CHECKER = RowChecker(columns_of(*FIELDS))


def check(**cells: str) -> UserRow | list[Problem]:
    """A good row but for these cells."""
    return CHECKER.check(list((GOOD | cells).values()))


def stored(field: str, value: str) -> str:
    """What is stored of a value that is right."""
    row = check(**{field: value})
    assert isinstance(row, UserRow), row
    return str(getattr(row, field))


def problem(field: str, value: str) -> Problem:
    """The one problem of a row in which only this value is wrong."""
    problems = check(**{field: value})
    assert isinstance(problems, list), problems
    assert [found.field for found in problems] == [field]
    return problems[0]
