"""The rule of each field: it returns the value that is stored, or a Problem.

A rule takes a trimmed value. If several things are wrong with it, the rule returns the problem
whose message helps most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from core import emails
from core.characters import FORMULA_STARTS, find_misplaced
from imports.schema.error_values import is_error_value
from imports.schema.fields import FIELDS, Field
from imports.schema.header_names import caseless, spellings_of
from imports.validation import phones, problems
from imports.validation.problems import Problem

ROLES: Final = ("admin", "analyst", "viewer")
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def _role_key(word: str) -> str:
    """The form in which roles are compared: "read-only" for "Read Only" and "READ_ONLY"."""
    return _SEPARATORS.sub("-", caseless(word))


# The words of `languages.toml`. `role_rule` finds a role as "read-only" or "readonly". Spellings
# with a space or an underscore are for `rows`, which looks up the cell as it is before it calls a
# rule.
ROLE_WORDS: Final = {
    word.replace("-", separator): role
    for role in ROLES
    for word in map(_role_key, spellings_of(role))
    for separator in "-_ "
}
BOOLEAN_WORDS: Final = {
    **dict.fromkeys(spellings_of("yes"), True),
    **dict.fromkeys(spellings_of("no"), False),
}
_PLATFORM_ROLES: Final = frozenset({"superadmin", "superadministrator", "superuser"})
_PUNCTUATION: Final = re.compile(r"\W")

Value = str | bool
Rule = Callable[[str], Value | Problem]
Meaning = TypeVar("Meaning")  # the value that a word stands for


def email_rule(field: Field) -> Rule:
    """An e-mail address. It is stored in the normalised form of `core.emails`."""

    def check(value: str) -> Value | Problem:
        if not value:
            return problems.required(field)
        try:
            return emails.normalise(value)
        except emails.InvalidEmail as reason:
            return problems.invalid_email(value, reason)

    return check


def text_rule(field: Field) -> Rule:
    """A name, department or location in any script. It is stored unchanged."""

    def check(value: str) -> Value | Problem:
        if not value:
            return problems.required(field) if field.required else ""
        if character := find_misplaced(value):
            return problems.control_character(field, value, character)
        if value[0] in FORMULA_STARTS:
            return problems.formula_injection(field, value)
        if is_error_value(value):
            return problems.error_value(field, value)
        if _is_too_long(field, value):
            return problems.too_long(field, value)
        return value

    return check


def phone_rule(field: Field) -> Rule:
    """A plausible phone number. It is stored unchanged."""

    def check(value: str) -> Value | Problem:
        if character := find_misplaced(value):
            return problems.control_character(field, value, character)
        if _is_too_long(field, value):
            return problems.too_long(field, value)
        if reason := value and phones.problem_of(value):
            return problems.invalid_phone(value, reason)
        return value

    return check


def role_rule(field: Field, default_role: str) -> Rule:
    """One of ROLE_WORDS, in any case and width. An empty value is `default_role`."""

    def check(value: str) -> Value | Problem:
        if not value:
            return default_role
        if character := find_misplaced(value):
            return problems.control_character(field, value, character)
        word = _role_key(value)
        if role := ROLE_WORDS.get(word):
            return role
        if _PUNCTUATION.sub("", word) in _PLATFORM_ROLES:
            return problems.role_not_allowed(value)
        return problems.invalid_role(value)

    return check


def boolean_rule(field: Field) -> Rule:
    """One of BOOLEAN_WORDS, in any case and width."""

    def check(value: str) -> Value | Problem:
        if character := find_misplaced(value):
            return problems.control_character(field, value, character)
        answer = BOOLEAN_WORDS.get(caseless(value) or field.default)
        return problems.invalid_boolean(field, value) if answer is None else answer

    return check


def rules_of_row(default_role: str) -> tuple[Rule, ...]:
    """The rules of all fields, in the order of FIELDS."""
    return tuple(_rule_of(field, default_role) for field in FIELDS.values())


def _rule_of(field: Field, default_role: str) -> Rule:
    match field.kind:
        case "email":
            return email_rule(field)
        case "text":
            return text_rule(field)
        case "phone":
            return phone_rule(field)
        case "role":
            return role_rule(field, default_role)
        case "boolean":
            return boolean_rule(field)


def with_usual_cases(words: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """A copy of `words` with each word as it is, in UPPER CASE, Capitalised and in Title Case."""
    return {
        spelling: meaning
        for word, meaning in words.items()
        for spelling in (word, word.upper(), word.capitalize(), word.title())
    }


def _is_too_long(field: Field, value: str) -> bool:
    return field.max_chars is not None and len(value) > field.max_chars
