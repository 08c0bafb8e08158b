"""What each field accepts, what is stored, and the messages for values that are refused."""

from __future__ import annotations

import re

import pytest

from core import characters
from imports.schema.fields import FIELDS
from imports.validation.problems import address_unavailable, already_exists, duplicate_in_file
from imports.validation.rows import RowChecker, UserRow
from tests.imports.validation.helpers import (
    CHECKER,
    check,
    columns_of,
    problem,
    row_with,
    stored,
)

# --- the row as a whole --------------------------------------------------------------------------


def test_a_valid_row_gives_the_values_that_are_stored():
    assert check() == UserRow(
        "ada@example.com", "Ada", "Lovelace", "analyst", "Research, Development", "London",
        "+44 20 7946 0123", True, False, False, True,
    )  # fmt: skip


def test_all_problems_of_a_row_are_reported_in_the_order_of_the_fields():
    problems = check(
        email="a@b@c", first_name="", last_name="=x", role="boss", department="d" * 101,
        location="a\tb", phone="12", market_edge_access="maybe", causal_edge_access="2",
        value_edge_access="perhaps", send_invitation="later",
    )  # fmt: skip
    assert isinstance(problems, list)
    assert [found.field for found in problems] == list(FIELDS)
    assert [found.code for found in problems] == [
        "invalid_email", "required", "formula_injection", "invalid_role", "too_long",
        "control_character", "invalid_phone", *["invalid_boolean"] * 4,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 4, 10, 12, 200])
def test_a_row_with_the_wrong_number_of_cells_has_only_that_problem(count):
    [found] = CHECKER.check(["="] * count)
    assert (found.field, found.code) == ("", "ragged_row")
    assert "11" in found.message
    assert f"{count} cell" in found.message


def test_optional_columns_may_be_missing_and_the_order_is_free():
    checker = RowChecker(columns_of("last_name", "email", "first_name"))
    assert checker.check([" Lovelace ", "ADA@example.com", "Ada"]) == UserRow(
        "ada@example.com", "Ada", "Lovelace", "viewer", "", "", "", False, False, False, True
    )


def test_an_ignored_column_may_contain_anything():
    checker = RowChecker(columns_of("email", "notes", "first_name", "last_name"))
    row = checker.check(["ada@example.com", "=a\tb\n\x1f\x00", "Ada", "Lovelace"])
    assert isinstance(row, UserRow)


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003 "])
def test_white_space_around_values_is_removed(blank):
    cells = [f"{blank}{value}{blank}" for value in row_with()]
    assert CHECKER.check(cells) == check()


def test_the_default_role_replaces_only_an_empty_role():
    checker = RowChecker(columns_of(*FIELDS), default_role="admin")
    roles = [checker.check(row_with(role=role))[3] for role in ("", " ", "user")]
    assert roles == ["admin", "admin", "analyst"]


@pytest.mark.parametrize("role", ["super_admin", "owner", "", "Admin"])
def test_a_default_role_that_a_file_may_not_assign_is_refused(role):
    with pytest.raises(ValueError, match="default_role"):
        RowChecker(columns_of(*FIELDS), default_role=role)


# --- names, departments, locations ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Zoë", "Søren", "王小明", "O'Brien", "O’Brien", "نور", "Кирилл", "Nguyễn", "Þórunn",
        "X Æ A-12",
        "José María de la Cruz", "Jean\u00a0Paul", "'t Hooft", "D’Souza-St. John (Jr.)",
        "Müller/Weiß",
        "علی\u200cرضا", "ශ්\u200dරී", "क्\u200dष", "葛\U000e0100城", "𠮷田", "نُور", "A", ".",
        "Zoe\u0308",
        "a\\b", "Robert'); DROP TABLE users;--", "<script>alert(1)</script>", "1=2", "a@b",
        "x" * 100,
        "𠮷" * 100,
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["first_name", "last_name", "department", "location"])
def test_a_text_in_any_script_is_stored_unchanged(field, name):
    assert stored(field, name) == name


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("Ka\trl", "a tab (U+0009)"), ("Ka\nrl", "a line break"), ("Ka\x00rl", "U+0000"),
        ("Ka\x1frl", "U+001F"), ("Ka\x7frl", "U+007F"), ("Ka\x85rl", "U+0085"),
        ("Ka\u2028rl", "a line break"), ("Ka\u200brl", "a zero-width space (U+200B)"),
        ("Ka\u202erl", "right-to-left override"), ("\u200fKarl", "right-to-left mark"),
        ("Ka\u2066rl", "U+2066"), ("\ufeffKarl", "a byte-order mark"),
        ("Ka\u00adrl", "a soft hyphen"),
        ("Ka\u200drl", "U+200D"), ("Karl\u200d", "U+200D"), ("علی\u200c", "U+200C"),
        ("علی\u200c رضا", "U+200C"), ("علی\u200c\u200cرضا", "U+200C"), ("\ufe0f", "U+FE0F"),
        ("Karl \ufe0fB", "U+FE0F"), ("Karl\ufe0f\ufe0f", "U+FE0F"), ("Ka\ud800rl", "U+D800"),
        ("\u3164", "U+3164"), ("\u2800", "U+2800"), ("Ka\ufffe", "U+FFFE"),
        ("K\U000e0041", "U+E0041"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["first_name", "last_name", "department", "location"])
def test_an_invisible_character_is_refused_and_named(field, name, character):
    found = problem(field, name)
    assert found.code == "control_character"
    assert character in found.message
    assert characters.find_invisible(found.message) is None


@pytest.mark.parametrize("value", ["=1+1", "@home", "＝1", "＠x", "﹦1", "﹫x", "  =1", "="])
@pytest.mark.parametrize("field", ["first_name", "last_name", "department", "location"])
def test_a_text_that_a_spreadsheet_would_run_is_refused(field, value):
    assert problem(field, value).code == "formula_injection"


@pytest.mark.parametrize(("value", "text"), [("-Ann", "-Ann"), ("+Ann", "+Ann")])
def test_a_text_that_begins_with_a_sign_is_stored_with_a_warning(value, text):
    assert stored("first_name", value) == text
    [warning] = CHECKER.warnings(row_with(first_name=value))
    assert (warning.field, warning.code, warning.value) == ("first_name", "leading_sign", text)


@pytest.mark.parametrize("field", ["first_name", "last_name", "department", "location"])
def test_a_text_of_101_characters_is_too_long(field):
    found = problem(field, "é" * 101)
    assert found.code == "too_long"
    assert "101 characters; at most 100" in found.message
    assert len(found.value) == 100


@pytest.mark.parametrize("field", ["email", "first_name", "last_name"])
@pytest.mark.parametrize("value", ["", " ", "\t\u00a0"])
def test_a_required_field_may_not_be_empty(field, value):
    assert problem(field, value).code == "required"


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"email", "first_name", "last_name"}))
def test_any_other_field_may_be_empty(field):
    assert isinstance(check(**{field: "  "}), UserRow)


# --- roles and booleans --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("admin Admin ADMIN aDmIn administrator Administrator", "admin"),
        ("analyst Analyst user User USER", "analyst"),
        ("viewer VIEWER read-only Read-Only READ-ONLY readonly ReadOnly read_only", "viewer"),
    ],
)
def test_a_role_is_recognised_in_any_case_and_by_its_aliases(words, role):
    assert {stored("role", word) for word in words.split()} == {role}


@pytest.mark.parametrize("value", ["read only", "Read Only", "Read\u00a0Only", ""])
def test_an_empty_role_and_one_with_a_space_are_read_as_viewer(value):
    assert stored("role", value) == "viewer"


@pytest.mark.parametrize(
    "value",
    ["super_admin", "Super Admin", "SUPER-ADMIN", "superadmin", "super  admin", "superuser"],
)
def test_a_file_can_not_assign_a_platform_role(value):
    assert problem("role", value).code == "role_not_allowed"


@pytest.mark.parametrize(
    "value", ["owner", "ad min", "admin, viewer", "veiwer", "read", "1", "admi̇n"]
)
def test_an_unknown_role_is_refused_and_the_message_names_the_roles(value):
    found = problem("role", value)
    assert found.code == "invalid_role"
    assert "admin, analyst or viewer" in found.message


@pytest.mark.parametrize("field", [name for name in FIELDS if FIELDS[name].kind == "boolean"])
def test_all_words_for_yes_and_no_are_read(field):
    for yes, no in (("true", "false"), ("yes", "no"), ("1", "0"), ("y", "n")):
        for spelling in (yes, yes.upper(), f" {yes.title()} "):
            assert stored(field, spelling) is True
        for spelling in (no, no.upper(), f" {no.title()} "):
            assert stored(field, spelling) is False
    words = ("On", "oFF", "Enabled", "DISABLED")
    assert [stored(field, word) for word in words] == [True, False, True, False]


@pytest.mark.parametrize(
    "value", ["maybe", "2", "si!", "true!", "1.1", "✗", "×", "-", "yes no", "tru\u0307e"]
)
def test_a_word_that_means_neither_yes_nor_no_is_refused(value):
    found = problem("value_edge_access", value)
    assert found.code == "invalid_boolean"
    assert "true or false" in found.message


def test_by_default_access_is_off_and_an_invitation_is_sent():
    assert stored("market_edge_access", "") is False
    assert stored("send_invitation", "") is True


@pytest.mark.parametrize("field", ["role", "send_invitation", "phone"])
@pytest.mark.parametrize("value", ["ye\ts", "1\x000", "read\nonly", "yes\u200b"])
def test_control_characters_are_refused_in_fields_of_every_kind(field, value):
    assert problem(field, value).code == "control_character"


# --- warnings, duplicates, sentences -------------------------------------------------------------


def test_a_valid_row_has_no_warning():
    assert CHECKER.warnings(row_with()) == []


def test_an_email_that_is_stored_in_another_spelling_gets_a_warning():
    cells = row_with(email="Zoe@müller.example")
    [warning] = CHECKER.warnings(cells)
    assert warning.code == "address_changed"
    assert (warning.value, warning.stored) == ("Zoe@müller.example", "zoe@xn--mller-kva.example")


def test_a_replacement_character_gets_a_warning():
    [warning] = CHECKER.warnings(row_with(last_name="M\ufffdller"))
    assert (warning.field, warning.code) == ("last_name", "broken_character")


def test_a_ragged_row_or_an_invalid_email_has_no_key():
    assert CHECKER.email_key(["ada@example.com"]) == ""
    assert CHECKER.email_key(["ada@", *[""] * 10]) == ""
    assert CHECKER.warnings(["-"]) == []


def test_messages_for_taken_emails_reveal_nothing_about_other_organisations():
    first = duplicate_in_file("ada@example.com", 17)
    own = already_exists("ada@example.com")
    other = address_unavailable("ada@example.com")
    assert [found.field for found in (first, own, other)] == ["email"] * 3
    assert [found.code for found in (first, own, other)] == [
        "duplicate_in_file", "already_exists", "address_unavailable",
    ]  # fmt: skip
    assert "row 17" in first.message
    assert "organisation" in own.message
    assert not re.search("organi|exist|other user|belong|taken", other.message)


def test_messages_shorten_values_and_make_invisible_characters_visible():
    found = problem("role", "boss\x07" * 10_000)
    assert "U+0007" in found.message
    assert len(found.message) <= 500
    assert len(found.value) == 100
    assert "\x07" not in found.value
