"""The values of a person in a request, checked by the rules for the rows of a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from imports.engine.options import refuse_unknown
from imports.schema.fields import FIELDS
from imports.validation.problems import Problem
from imports.validation.rules import rules_of_row
from users.people.changes import EDITABLE
from users.people.refusals import RoleAboveOwn
from users.rights.roles import Role

_RULES = dict(zip(FIELDS, rules_of_row(Role.VIEWER), strict=True))
INVITE = "send_invitation"
NEW = tuple(FIELDS)


def of_new_person(data: Any) -> dict[str, Any]:
    """All values of a new person, under the names of FIELDS. Raises ValidationError, and
    UnknownOption."""
    given = _checked_members(data, NEW)
    return _valid({name: given.get(name, _default_of(name)) for name in NEW})


def of_change(data: Any) -> dict[str, Any]:
    """The values that a request changes. Raises the same."""
    given = _checked_members(data, EDITABLE)
    return _valid(given)


def _checked_members(data: Any, allowed: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValidationError('Send a JSON object, such as {"department": "Sales"}.')
    refuse_unknown(data, allowed)
    return data


def _valid(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    problems: dict[str, list[ErrorDetail]] = {}
    for name, value in given.items():
        outcome = _check(name, value)
        if isinstance(outcome, ErrorDetail):
            problems[name] = [outcome]
        else:
            found[name] = outcome
    if problems:
        raise ValidationError(problems)
    return found


def _check(name: str, value: Any) -> Any:
    """The value as it is stored, or an ErrorDetail."""
    if FIELDS[name].kind == "boolean":
        return value if isinstance(value, bool) else ErrorDetail("Send true or false.", "invalid")
    if not isinstance(value, str):
        return ErrorDetail("Send a text.", "invalid")
    outcome = _RULES[name](value.strip())
    if not isinstance(outcome, Problem):
        return outcome
    if outcome.code == "role_not_allowed":
        raise RoleAboveOwn(
            "Platform staff belong to no organisation. The role can be admin, analyst or viewer."
        )
    return ErrorDetail(outcome.message, outcome.code)


def _default_of(name: str) -> Any:
    field = FIELDS[name]
    return field.default == "true" if field.kind == "boolean" else field.default
