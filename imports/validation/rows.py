"""Checks a row of a file: the result is a user row, or all problems of the row.

There are two ways to the same result. The fast one is a regular expression over the text cells and
a dictionary look-up for each of the others: it accepts most rows, in about two microseconds each.
Every other row is checked field by field. A property test compares the two.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from core import emails
from core.characters import SAFE_CHARS, SAFE_FIRST_CHARS, SIGNS
from core.text import has_family_name_first
from imports.schema.columns import Columns
from imports.schema.error_values import is_error_value
from imports.schema.fields import FIELDS, FULL_NAME, REQUIRED
from imports.validation import phones, problems, rules
from imports.validation.problems import Problem, RowWarning


class UserRow(NamedTuple):
    """The values of a valid row, as they are stored: one for each of FIELDS, in their order.

    A text contains no tab, line break or other control character.
    """

    email: str
    first_name: str
    last_name: str
    role: str
    department: str
    location: str
    phone: str
    market_edge_access: bool
    causal_edge_access: bool
    value_edge_access: bool
    send_invitation: bool


# The cells are joined with U+001F, a control character that no valid text contains.
_TEXT: Final = rf"[{SAFE_FIRST_CHARS}][{SAFE_CHARS}]{{0,99}}+(?<!\s)"
_PHONE: Final = r"(?:\+[0-9(][0-9 ()./-]{3,18}+|[0-9(][0-9 ()./-]{3,19}+)(?<! )(?<!\.0)"
_match_simple_cells: Final = re.compile(
    f"{emails.SIMPLE_PATTERN}\x1f{_TEXT}\x1f{_TEXT}"
    f"\x1f(?:{_TEXT})?\x1f(?:{_TEXT})?\x1f(?:{_PHONE})?"
).fullmatch
_match_simple_email: Final = re.compile(emails.SIMPLE_PATTERN).fullmatch
# Module globals are faster to read than attributes of other modules.
_SIMPLE_EMAIL_MAX_CHARS: Final = emails.SIMPLE_MAX_CHARS
_is_plausible_phone: Final = phones.is_plausible
# A text with a warning begins with one of these (or white space before them), or is not ASCII.
_WARNING_STARTS: Final = frozenset(SIGNS + string.whitespace)
_TOTAL: Final = re.compile(
    r"(?:grand |sub|sub-|total )?totals?\b|(?:sub)?tota(?:le?|ux|l[ie]|al)\b"
    r"|sum(?:me|a|ma)?\b|somm[ae]\b"
    r"|count\b|number of|anzahl|gesamt|zwischensumme|nombre|número|aantal|celkem|yhteensä"
    r"|razem|łącznie|(?:genel |ara )?toplam|i alt\b|összesen|σύνολο|итого|всего|усього|разом"
    r"|合[计計]|[总總小]计|[總小]計|総計|합계|총계|المجموع|الإجمالي|\d",
    re.IGNORECASE,
)
_TEXT_INDEXES: Final = tuple(i for i, f in enumerate(FIELDS.values()) if f.kind == "text")


class RowChecker:
    """Checks the rows of one file, whose columns are known."""

    def __init__(self, columns: Columns, *, default_role: str = "viewer") -> None:
        """`default_role` replaces an empty role. Raises ValueError if a file may not assign it."""
        if default_role not in rules.ROLES:
            raise ValueError(
                f"default_role {default_role!r} is not one of {', '.join(rules.ROLES)}"
            )
        self._width = len(columns.headers)
        self._full_name = columns.positions.get(FULL_NAME)
        # A field without a column reads an empty cell that is appended to the row.
        indexes = tuple(columns.positions.get(name, self._width) for name in FIELDS)
        self._email_index = indexes[0]
        needed = [at for name, at in columns.positions.items() if name in (*REQUIRED, FULL_NAME)]
        self._last_required = max(needed, default=self._width)
        self._has_all_columns = self._width not in indexes
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*indexes)
        booleans = rules.with_usual_cases(rules.BOOLEAN_WORDS)
        self._roles = {**rules.with_usual_cases(rules.ROLE_WORDS), "": default_role}
        self._access = {**booleans, "": _default_of("market_edge_access")}
        self._invitation = {**booleans, "": _default_of("send_invitation")}
        self._rules = rules.rules_of_row(default_role)

    def check(self, cells: Sequence[str]) -> UserRow | list[Problem]:
        """The user row, or every problem of the row. `cells` are those of the file, not trimmed."""
        if len(cells) != self._width:
            return self._check_ragged(cells)
        values = self._pick(cells) if self._has_all_columns else self._values_of(cells)
        if row := self._check_fast(values):
            return row
        trimmed = tuple(map(str.strip, values))
        if trimmed != values and (row := self._check_fast(trimmed)):
            return row
        return self._check_each_field(trimmed, cells)

    def _check_ragged(self, cells: Sequence[str]) -> UserRow | list[Problem]:
        """A row with another number of cells than the header.

        Programs such as Excel leave out empty cells at the end of a row. So a shorter row is valid
        if it is valid with these cells."""
        if self._last_required < len(cells) < self._width:
            row = self.check([*cells, *[""] * (self._width - len(cells))])
            if isinstance(row, UserRow):
                return row
        if _holds_no_user(cells):
            return [problems.no_address()]
        return [problems.ragged_row(len(cells), self._width)]

    def warnings(self, cells: Sequence[str]) -> list[RowWarning]:
        """Warnings about a row that may be valid; a preview shows them."""
        if len(cells) != self._width:
            return []
        values = self._values_of(cells)
        found: list[RowWarning] = []
        for index in _TEXT_INDEXES:
            value = values[index]
            if value and (value[0] in _WARNING_STARTS or not value.isascii()):
                found += _text_warnings(UserRow._fields[index], value.strip())
        if not _match_simple_email(values[0]):
            found += _email_warnings(values[0])
        return found

    def email_key(self, cells: Sequence[str]) -> str:
        """The e-mail address of a row in its stored form, to find duplicates in a file before the
        other fields are checked. Empty if the row has no valid address. Never raises."""
        if len(cells) != self._width and not self._last_required < len(cells) < self._width:
            return ""
        return _stored_email(cells[self._email_index])

    def _values_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells in the order of FIELDS."""
        if self._has_all_columns:
            return self._pick(cells)
        values = self._pick((*cells, ""))
        if self._full_name is None:
            return values
        return (values[0], *split_full_name(cells[self._full_name]), *values[3:])

    def _check_fast(self, values: tuple[str, ...]) -> UserRow | None:
        """The user row, or None if the row needs the check field by field."""
        email, first, last, role, department, location, phone, market, causal, value, send = values
        if len(email) > _SIMPLE_EMAIL_MAX_CHARS or not _match_simple_cells(
            f"{email}\x1f{first}\x1f{last}\x1f{department}\x1f{location}\x1f{phone}"
        ):
            return None
        if phone and not _is_plausible_phone(phone):
            return None
        access = self._access
        try:
            # UserRow(…) would take the arguments through a Python function first
            return tuple.__new__(
                UserRow,
                (
                    email.lower(), first, last, self._roles[role], department, location, phone,
                    access[market], access[causal], access[value], self._invitation[send],
                ),
            )  # fmt: skip
        except KeyError:
            return None

    def _check_each_field(
        self, values: tuple[str, ...], cells: Sequence[str]
    ) -> UserRow | list[Problem]:
        """The same result for any row, with the reason for each refused value."""
        stored: list[Any] = []
        found: list[Problem] = []
        for field, rule, value in zip(FIELDS.values(), self._rules, values, strict=True):
            outcome = rule(value)
            if isinstance(outcome, Problem):
                is_error = is_error_value(value)  # such as #N/A
                found.append(problems.error_value(field, value) if is_error else outcome)
            else:
                stored.append(outcome)
        if self._full_name is not None and values[1] and not values[2]:
            single_word = problems.last_name_required(cells[self._full_name].strip())
            found = [single_word if one.field == "last_name" else one for one in found]
        if found and _holds_no_user(cells) and not (_is_name(values[1]) and _is_name(values[2])):
            return [problems.no_address()]
        return found or UserRow(*stored)


def _is_name(value: str) -> bool:
    return bool(value) and not _TOTAL.match(value)


def _holds_no_user(cells: Sequence[str]) -> bool:
    """Whether a row looks like a total, a note or a heading: it has content but no address."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or any("@" in cell for cell in filled):
        return False
    return len(filled) <= 3 or _TOTAL.match(filled[0]) is not None


def split_full_name(value: str) -> tuple[str, str]:
    """First and last name of "Last, First", "First Middle Last" or "山田 太郎" (family name first);
    ("First", "") for one word."""
    last, comma, first = value.replace("，", ",").partition(",")  # also the Chinese comma
    if comma:
        return first.strip(), last.strip()
    if has_family_name_first(value) and len(words := value.split(maxsplit=1)) == 2:
        return words[1].strip(), words[0]
    words = value.strip().rsplit(maxsplit=1)
    return (words[0], words[1]) if len(words) == 2 else (value.strip(), "")


def _default_of(field: str) -> bool:
    return rules.BOOLEAN_WORDS[FIELDS[field].default]


def _stored_email(cell: str) -> str:
    if len(cell) <= _SIMPLE_EMAIL_MAX_CHARS and _match_simple_email(cell):
        return cell.lower()
    try:
        return emails.normalise(cell.strip())
    except emails.InvalidEmail:
        return ""


def _text_warnings(field: str, value: str) -> list[RowWarning]:
    found = []
    if value and value[0] in SIGNS:
        found.append(problems.leading_sign(field, value))
    if "\ufffd" in value:
        found.append(problems.broken_character(field, value))
    return found


def _email_warnings(cell: str) -> list[RowWarning]:
    stored = _stored_email(cell)
    if not stored or stored == cell.strip().lower():
        return []
    return [problems.address_changed(cell.strip(), stored)]
