"""The rule of each field, and the sentence for whatever breaks it. Pure.

A rule takes a trimmed value and gives what is stored, or the one Problem that helps most. Its
sentence says what was found, what is allowed and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from core import emails
from core.characters import FORMULA_STARTS, clean_for_storage, describe, misplaced, shown
from imports.schema.fields import FIELDS, Field
from imports.validation import phones

ROLES: Final = ("admin", "analyst", "viewer")
ROLE_WORDS: Final = {
    **{role: role for role in ROLES},
    "administrator": "admin",
    "user": "analyst",
    **dict.fromkeys(("readonly", "read-only", "read only", "read_only"), "viewer"),
}
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_PLATFORM_ROLES: Final = frozenset({"superadmin", "superadministrator", "superuser"})
BOOLEAN_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "1", "y", "on", "enabled"), "t"),
    **dict.fromkeys(("false", "no", "0", "n", "off", "disabled"), "f"),
}

LABELS: Final = {
    "email": "e-mail address",
    "first_name": "first name",
    "last_name": "last name",
    "role": "role",
    "department": "department",
    "location": "location",
    "phone": "phone number",
    "market_edge_access": "access to MarketEdge",
    "causal_edge_access": "access to CausalEdge",
    "value_edge_access": "access to ValueEdge",
    "send_invitation": "choice to send an invitation",
}


class Problem(NamedTuple):
    """One thing that is wrong with a row. `field` is empty where it is the row as a whole."""

    field: str
    code: str
    message: str
    value: str


Outcome = str | Problem
Rule = Callable[[str], Outcome]


def problem(field: str, code: str, message: str, value: str = "") -> Problem:
    """A Problem that can be stored, whatever the file held.

    Messages hold no name, address or number: on-call staff count and read them. The value stands
    beside the message."""
    short = value if len(value) <= 100 else value[:99] + "…"
    return Problem(field, code, clean_for_storage(message), clean_for_storage(short))


def email_rule() -> Rule:
    """The one form of an address."""

    def check(value: str) -> Outcome:
        if not value:
            return missing("email")
        try:
            return emails.normalise(value)
        except emails.InvalidEmail as reason:
            message = f"This is not a valid e-mail address: {reason}."
            return problem("email", "invalid_email", message, value)

    return check


def text_rule(field: str, *, max_chars: int, required: bool) -> Rule:
    """A name, department or location, in any script, as it was given."""

    def check(value: str) -> Outcome:
        if not value:
            return missing(field) if required else ""
        if hidden := misplaced(value):
            return _control_character(field, value, hidden)
        if value[0] in FORMULA_STARTS:
            return _formula(field, value)
        if len(value) > max_chars:
            return _too_long(field, value, max_chars)
        return value

    return check


def phone_rule(*, max_chars: int) -> Rule:
    """A plausible telephone number, as it was given."""

    def check(value: str) -> Outcome:
        if hidden := misplaced(value):
            return _control_character("phone", value, hidden)
        if len(value) > max_chars:
            return _too_long("phone", value, max_chars)
        if reason := value and phones.problem_of(value):
            message = (
                f"This is not a plausible phone number: {reason}. "
                "Write it like +44 20 7946 0123, or leave it empty."
            )
            return problem("phone", "invalid_phone", message, value)
        return value

    return check


def role_rule(default: str) -> Rule:
    """A role that a file may give, or a word for it, in any case."""

    def check(value: str) -> Outcome:
        if hidden := misplaced(value):
            return _control_character("role", value, hidden)
        word = _SEPARATORS.sub("-", value.lower())
        if role := ROLE_WORDS.get(word) if word else default:
            return role
        if re.sub(r"\W", "", word) in _PLATFORM_ROLES:
            message = (
                f"No file can give the role {shown(value)}. Use admin, analyst or viewer; "
                "platform staff are made by platform staff."
            )
            return problem("role", "role_not_allowed", message, value)
        message = f"{shown(value)} is not a role. Use admin, analyst or viewer, or leave it empty."
        return problem("role", "invalid_role", message, value)

    return check


def boolean_rule(field: str, *, default: str) -> Rule:
    """Yes or no, in the words of many spreadsheets, as `t` or `f`."""

    def check(value: str) -> Outcome:
        if hidden := misplaced(value):
            return _control_character(field, value, hidden)
        word = value.lower()
        if answer := BOOLEAN_WORDS.get(word) if word else default:
            return answer
        message = (
            f"{shown(value)} is neither yes nor no for the {LABELS[field]}. Use true or false "
            "(or yes/no, 1/0, y/n, on/off, enabled/disabled), or leave it empty."
        )
        return problem(field, "invalid_boolean", message, value)

    return check


def of_row(default_role: str) -> tuple[Rule, ...]:
    """The rules of all fields, in the order of FIELDS."""
    return tuple(_rule_of(field, default_role) for field in FIELDS.values())


def _rule_of(field: Field, default_role: str) -> Rule:
    match field.kind:
        case "email":
            return email_rule()
        case "name" | "text":
            return text_rule(field.name, max_chars=field.max_chars or 100, required=field.required)
        case "phone":
            return phone_rule(max_chars=field.max_chars or 20)
        case "role":
            return role_rule(default_role)
        case "boolean":
            return boolean_rule(field.name, default=BOOLEAN_WORDS[field.default])


def missing(field: str) -> Problem:
    """A required field is empty."""
    return problem(field, "required", f"The {LABELS[field]} is missing. Every user needs one.")


def one_word_name(value: str) -> Problem:
    """The whole name stands in one column, and it is one word."""
    message = (
        "The full name is one word, so the last name is missing. Write first and "
        'last name with a space between them, or "Last, First", or put them into two columns.'
    )
    return problem("last_name", "required", message, value)


def ragged_row(found: int, expected: int) -> Problem:
    """A row has more or fewer cells than the header, so that none can be trusted."""
    message = (
        f"The row has {_cells(found)}, the header has {expected}. Look for a separator that is "
        "missing or too many; a value that holds one must stand in quotes."
    )
    return problem("", "ragged_row", message)


def duplicate_in_file(email: str, first_row: int) -> Problem:
    """Another row of the file, the first valid one, has the same address."""
    message = (
        f"This address is already in row {first_row} of this file, which counts. "
        "Delete one of the two rows, or give this user an address of their own."
    )
    return problem("email", "duplicate_in_file", message, email)


def already_exists(email: str) -> Problem:
    """The organisation has a user with this address, and the import was told not to skip them."""
    message = (
        "Your organisation already has a user with this address. "
        "Delete the row, or import with skip_duplicates."
    )
    return problem("email", "already_exists", message, email)


def address_unavailable(email: str) -> Problem:
    """The address can't be used here. The sentence must not tell that somebody else has it."""
    message = "This address can't be used. Use another address for this user."
    return problem("email", "address_unavailable", message, email)


def leading_sign(field: str, value: str) -> Problem:
    """A warning: a spreadsheet may take the text for a formula."""
    message = (
        f"The {LABELS[field]} begins with {value[0]!r}. It is imported as it is; "
        "delete the sign if it does not belong there."
    )
    return problem(field, "leading_sign", message, value)


def address_changed(value: str, stored: str) -> Problem:
    """A warning: the address is stored in another spelling than the file has."""
    message = f"The e-mail address {shown(value)} is stored as {shown(stored, 254)}."
    return problem("email", "address_changed", message, value)


def broken_character(field: str, value: str) -> Problem:
    """A warning: an earlier export has lost a letter."""
    message = (
        f"The {LABELS[field]} holds U+FFFD, the sign for a character that was lost "
        "when the file was made. It is imported as it is."
    )
    return problem(field, "broken_character", message, value)


def spellings(words: Mapping[str, str]) -> dict[str, str]:
    """The words as people usually write them: lower, UPPER, Capitalised, Title Case."""
    return {
        form: meaning
        for word, meaning in words.items()
        for form in (word, word.upper(), word.capitalize(), word.title())
    }


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _control_character(field: str, value: str, hidden: str) -> Problem:
    message = (
        f"The {LABELS[field]} holds {describe(hidden)}, which is not allowed. "
        "Type the value again without it."
    )
    return problem(field, "control_character", message, value)


def _formula(field: str, value: str) -> Problem:
    message = (
        f"The {LABELS[field]} begins with {value[0]!r}, as a formula of a "
        "spreadsheet does. Delete the sign, or put the result of the formula there."
    )
    return problem(field, "formula_injection", message, value)


def _too_long(field: str, value: str, max_chars: int) -> Problem:
    message = (
        f"The {LABELS[field]} has {len(value)} characters; "
        f"at most {max_chars} are allowed. Shorten it."
    )
    return problem(field, "too_long", message, value)
