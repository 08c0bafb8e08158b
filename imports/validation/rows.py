"""A row of a file -> a user row, or all that is wrong with it. Pure: no database, no clock.

Two ways lead to the same answer. One regular expression over the text cells, and a look-up for each
of the others, accept an ordinary row in about two microseconds. Whatever they do not accept goes
through the rules field by field. A property test holds that the two ways agree.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from core import emails
from core.characters import ORDINARY, ORDINARY_START, SIGNS, clean_for_storage
from imports.schema.columns import Columns
from imports.schema.fields import FIELDS, FULL_NAME
from imports.validation import phones, rules
from imports.validation.rules import Problem, address_unavailable, already_exists, duplicate_in_file

__all__ = [
    "Problem",
    "RowChecker",
    "UserRow",
    "address_unavailable",
    "already_exists",
    "clean_for_storage",
    "duplicate_in_file",
    "split_full_name",
]


class UserRow(NamedTuple):
    """A valid row: all text, ready for COPY but for backslashes; booleans are `t` and `f`."""

    email: str
    first_name: str
    last_name: str
    role: str
    department: str
    location: str
    phone: str
    market_edge_access: str
    causal_edge_access: str
    value_edge_access: str
    send_invitation: str


# Between the cells for the expression: U+001F, a control character that no valid text holds.
_TEXT: Final = rf"[{ORDINARY_START}][{ORDINARY}]{{0,99}}+(?<!\s)"
_PHONE: Final = r"(?:\+[0-9(][0-9 ()./-]{3,18}+|[0-9(][0-9 ()./-]{3,19}+)(?<! )(?<!\.0)"
_is_ordinary: Final = re.compile(
    f"{emails.ORDINARY}\x1f{_TEXT}\x1f{_TEXT}\x1f(?:{_TEXT})?\x1f(?:{_TEXT})?\x1f(?:{_PHONE})?"
).fullmatch
_ordinary_chars: Final = emails.ORDINARY_CHARS
_is_plausible_phone: Final = phones.is_plausible
_is_ordinary_address: Final = re.compile(emails.ORDINARY).fullmatch
_MAY_WARN: Final = frozenset(SIGNS + string.whitespace + "'")
_TEXT_INDEXES: Final = tuple(
    UserRow._fields.index(name) for name in ("first_name", "last_name", "department", "location")
)


class RowChecker:
    """Checks the rows of one file, whose columns are known."""

    def __init__(self, columns: Columns, *, default_role: str = "viewer") -> None:
        """`default_role` stands for an empty role. Raises ValueError if no file may give it."""
        if default_role not in rules.ROLES:
            raise ValueError(f"default_role {default_role!r} is none of {', '.join(rules.ROLES)}")
        self._width = len(columns.headers)
        self._full_name = columns.positions.get(FULL_NAME)
        # a field without a column reads the empty cell that is put behind the others
        self._indexes = tuple(columns.positions.get(name, self._width) for name in UserRow._fields)
        self._has_all = self._width not in self._indexes
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*self._indexes)
        self._roles = {**rules.spellings(rules.ROLE_WORDS), "": default_role}
        self._access = {**rules.spellings(rules.BOOLEAN_WORDS), "": _default("market_edge_access")}
        self._invitation = {**self._access, "": _default("send_invitation")}
        self._rules = rules.of_row(default_role)

    def check(self, cells: Sequence[str]) -> UserRow | list[Problem]:
        """The user of this row, or every problem of it. Cells are as in the file, not trimmed."""
        if len(cells) != self._width:
            return [rules.ragged_row(len(cells), self._width)]
        values = self._pick(cells) if self._has_all else self._values(cells)
        if row := self._ordinary(values):
            return row
        trimmed = tuple(map(str.strip, values))
        if trimmed != values and (row := self._ordinary(trimmed)):
            return row
        return self._field_by_field(trimmed, cells)

    def warnings(self, cells: Sequence[str]) -> list[Problem]:
        """What a person should know of a row before it is imported, though it is no error."""
        if len(cells) != self._width:
            return []
        values = self._values(cells)
        found = []
        for index in _TEXT_INDEXES:
            value = values[index]
            if value and (value[0] in _MAY_WARN or not value.isascii()):
                found += _text_warnings(UserRow._fields[index], value.strip())
        if not _is_ordinary_address(values[0]):
            found += _address_warnings(values[0])
        return found

    def email_key(self, cells: Sequence[str]) -> str:
        """The address of a row as it is stored, to find duplicates in a file before the rest is
        checked; empty where there is no valid one. Never raises."""
        index = self._indexes[0]
        return _email_key(cells[index]) if len(cells) == self._width else ""

    def _values(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells in the order of UserRow."""
        if self._has_all:
            return self._pick(cells)
        values = self._pick((*cells, ""))
        if self._full_name is None:
            return values
        return (values[0], *split_full_name(cells[self._full_name]), *values[3:])

    def _ordinary(self, values: tuple[str, ...]) -> UserRow | None:
        """The fast way: the row, if nothing in it needs a closer look."""
        email, first, last, role, department, location, phone, market, causal, value, send = values
        if len(email) > _ordinary_chars or not _is_ordinary(
            f"{email}\x1f{first}\x1f{last}\x1f{department}\x1f{location}\x1f{phone}"
        ):
            return None
        if phone and not _is_plausible_phone(phone):
            return None
        access = self._access
        try:
            return tuple.__new__(
                UserRow,
                (
                    email.lower(), first, last, self._roles[role], department, location, phone,
                    access[market], access[causal], access[value], self._invitation[send],
                ),
            )  # fmt: skip
        except KeyError:
            return None

    def _field_by_field(
        self, values: tuple[str, ...], cells: Sequence[str]
    ) -> UserRow | list[Problem]:
        """The careful way: any row, with a reason for whatever is refused."""
        stored, problems = [], []
        for rule, value in zip(self._rules, values, strict=True):
            outcome = rule(value)
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                stored.append(outcome)
        if self._full_name is not None and values[1] and not values[2]:
            one_word = rules.one_word_name(cells[self._full_name].strip())
            problems = [one_word if found.field == "last_name" else found for found in problems]
        return problems or UserRow(*stored)


def split_full_name(value: str) -> tuple[str, str]:
    """First and last name of "Last, First" or "First Middle Last"; ("First", "") for one word."""
    last, comma, first = value.replace("，", ",").partition(",")  # the Chinese comma too
    if comma:
        return first.strip(), last.strip()
    words = value.strip().rsplit(maxsplit=1)
    return (words[0], words[1]) if len(words) == 2 else (value.strip(), "")


def _default(field: str) -> str:
    return rules.BOOLEAN_WORDS[FIELDS[field].default]


def _email_key(cell: str) -> str:
    if len(cell) <= _ordinary_chars and _is_ordinary_address(cell):
        return cell.lower()
    try:
        return emails.normalise(cell.strip())
    except emails.InvalidEmail:
        return ""


def _text_warnings(field: str, value: str) -> list[Problem]:
    found = []
    if value and value[0] in SIGNS:
        found.append(rules.leading_sign(field, value))
    if "\ufffd" in value:
        found.append(rules.broken_character(field, value))
    return found


def _address_warnings(cell: str) -> list[Problem]:
    stored = _email_key(cell)
    if not stored or stored == cell.strip().lower():
        return []
    return [rules.address_changed(cell.strip(), stored)]
