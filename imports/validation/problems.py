"""The problems of a row: a code and a message for each. Errors first, then warnings.

A message says what was found, what is allowed and what to do. On-call staff count and read the
messages of errors, so these contain no name, e-mail address or phone number. The value is kept
separately, in `Problem.value`.
"""

from __future__ import annotations

from typing import NamedTuple

from core import emails
from core.characters import clean_for_storage, describe, quote
from imports.schema.fields import FIELDS, Field

_MAX_VALUE_CHARS = 100


class Problem(NamedTuple):
    """One problem of a row. `field` is empty if it concerns the row as a whole."""

    field: str
    code: str
    message: str
    value: str


class RowWarning(NamedTuple):
    """A warning about a value that is imported. `stored` differs from `value` if it is changed."""

    field: str
    code: str
    message: str
    value: str
    stored: str | None = None


def new_problem(field: str, code: str, message: str, value: str = "") -> Problem:
    """A Problem whose texts PostgreSQL can store, whatever the file contained."""
    if len(value) > _MAX_VALUE_CHARS:
        value = value[: _MAX_VALUE_CHARS - 1] + "…"
    return Problem(field, code, clean_for_storage(message), clean_for_storage(value))


# --- the row as a whole -----------------------------------------------------------------------


def ragged_row(found: int, expected: int) -> Problem:
    """The row has `found` cells and the header `expected`: no cell can be trusted."""
    cells = "1 cell" if found == 1 else f"{found} cells"
    message = (
        f"The row has {cells}, the header has {expected}. Look for a missing or an extra "
        "separator. A value that contains the separator must be in quotes."
    )
    return new_problem("", "ragged_row", message)


def no_address() -> Problem:
    """The row has no address and hardly anything else: a total, a footer or a heading."""
    message = (
        "This row holds no e-mail address. Is it a total, a note or a heading? Delete it, or fill "
        "in the address and the names."
    )
    return new_problem("", "no_address", message)


# --- values that the rules refuse -------------------------------------------------------------


def required(field: Field) -> Problem:
    """A required field is empty."""
    return new_problem(
        field.name, "required", f"The {field.label} is missing. Every user needs one."
    )


def last_name_required(full_name: str) -> Problem:
    """The file has one column for the full name, and its value is a single word."""
    message = (
        "The full name is one word, so the last name is missing. Write first and "
        'last name with a space between them, or "Last, First", or put them into two columns.'
    )
    return new_problem("last_name", "required", message, full_name)


def control_character(field: Field, value: str, character: str) -> Problem:
    """The value contains `character`, which is invisible or not allowed at its place."""
    message = (
        f"The {field.label} contains {describe(character)}, which is not allowed. "
        "Type the value again without it."
    )
    return new_problem(field.name, "control_character", message, value)


def formula_injection(field: Field, value: str) -> Problem:
    """A spreadsheet would run the value as a formula."""
    message = (
        f"The {field.label} begins with {value[0]!r}, like a spreadsheet formula. "
        "Delete the sign, or replace the formula with its result."
    )
    return new_problem(field.name, "formula_injection", message, value)


def error_value(field: Field, value: str) -> Problem:
    """The value is the error of a formula, such as #N/A."""
    message = (
        f"The {field.label} is {value}, the error of a formula. Correct the formula in the "
        "spreadsheet, or write the value instead."
    )
    return new_problem(field.name, "error_cell", message, value)


def too_long(field: Field, value: str) -> Problem:
    """The value has more characters than the field's column can store."""
    message = (
        f"The {field.label} has {len(value)} characters; "
        f"at most {field.max_chars} are allowed. Shorten it."
    )
    return new_problem(field.name, "too_long", message, value)


def invalid_email(value: str, reason: object) -> Problem:
    """The value is not an e-mail address. `reason` is a clause that follows a colon.

    If the value holds an address and more, as `Ida Holm <ida@firm.example>`, the problem's value is
    this address.
    """
    message = f"This is not a valid e-mail address: {reason}."
    if seen := emails.find_in(value):
        message += " The value shown is the address that the cell seems to hold: write only that."
    return new_problem("email", "invalid_email", message, seen or value)


def invalid_phone(value: str, reason: str) -> Problem:
    """The value is not a phone number. `reason` is a clause that follows a colon."""
    message = (
        f"This is not a plausible phone number: {reason}. "
        "Write it like +44 20 7946 0123, or leave it empty."
    )
    return new_problem("phone", "invalid_phone", message, value)


def invalid_role(value: str) -> Problem:
    """The value is not the name of a role."""
    message = f"{quote(value)} is not a role. Use admin, analyst or viewer, or leave it empty."
    return new_problem("role", "invalid_role", message, value)


def role_not_allowed(value: str) -> Problem:
    """The role exists, but an import may not assign it."""
    message = (
        f"A file can't assign the role {quote(value)}. Use admin, analyst or viewer. "
        "Only platform staff can make a user platform staff."
    )
    return new_problem("role", "role_not_allowed", message, value)


def invalid_boolean(field: Field, value: str) -> Problem:
    """The value means neither yes nor no."""
    message = (
        f"{quote(value)} is neither yes nor no for the {field.label}. Use true or false "
        "(or yes/no, 1/0, y/n, on/off, enabled/disabled), or leave it empty."
    )
    return new_problem(field.name, "invalid_boolean", message, value)


# --- e-mail addresses that are taken ----------------------------------------------------------


def duplicate_in_file(email: str, first_row: int) -> Problem:
    """An earlier valid row of the file has the same e-mail address. Only that row is imported."""
    message = (
        f"This address is already in row {first_row} of this file, which is the one imported. "
        "Delete one of the two rows, or give this user another address."
    )
    return new_problem("email", "duplicate_in_file", message, email)


def already_exists(email: str) -> Problem:
    """The organisation has a user with this address, and the import does not skip duplicates."""
    message = (
        "Your organisation already has a user with this address. "
        "Delete the row, or import with skip_duplicates."
    )
    return new_problem("email", "already_exists", message, email)


def address_unavailable(email: str) -> Problem:
    """Another organisation has a user with this address. The message must not reveal that."""
    message = "This address can't be used. Use another address for this user."
    return new_problem("email", "address_unavailable", message, email)


# --- warnings: the row is imported ------------------------------------------------------------


def leading_sign(field: str, value: str) -> RowWarning:
    """A spreadsheet may take the text for a formula."""
    message = (
        f"The {FIELDS[field].label} begins with a sign such as + or -. It is imported unchanged. "
        "Delete the sign if it does not belong there."
    )
    return _new_warning(field, "leading_sign", message, value)


def broken_character(field: str, value: str) -> RowWarning:
    """A character was lost before the file was uploaded."""
    message = (
        f"The {FIELDS[field].label} contains U+FFFD, which replaces a character that was lost "
        "when the file was made. It is imported unchanged."
    )
    return _new_warning(field, "broken_character", message, value)


def address_changed(value: str, stored: str) -> RowWarning:
    """The stored e-mail address is spelled differently from the one in the file."""
    message = "The e-mail address is stored in another spelling."
    return _new_warning("email", "address_changed", message, value, stored)


def _new_warning(
    field: str, code: str, message: str, value: str, stored: str | None = None
) -> RowWarning:
    problem = new_problem(field, code, message, value)
    return RowWarning(*problem, None if stored is None else clean_for_storage(stored, 254))
