"""Headers are matched with fields, or the file is refused with advice."""

from __future__ import annotations

import json

import pytest

from imports.errors import DuplicateColumn, ForbiddenColumn, MissingColumn, UnknownMapping
from imports.schema.columns import Columns, match_headers
from imports.schema.fields import FIELDS
from imports.schema.header_names import (
    FORBIDDEN_HEADERS,
    FULL_NAME_HEADERS,
    normalise,
)
from imports.schema.headers import KNOWN_NAMES, is_password, recognise

REQUIRED = ["email", "first_name", "last_name"]


def test_the_fields_and_limits_are_the_documented_ones() -> None:
    assert list(FIELDS) == [
        "email",
        "first_name",
        "last_name",
        "role",
        "department",
        "location",
        "phone",
        "market_edge_access",
        "causal_edge_access",
        "value_edge_access",
        "send_invitation",
    ]
    assert [name for name, field in FIELDS.items() if field.required] == REQUIRED
    assert {name: f.max_chars for name, f in FIELDS.items() if f.max_chars} == {
        "email": 254,
        "first_name": 100,
        "last_name": 100,
        "department": 100,
        "location": 100,
        "phone": 20,
    }


def test_no_name_belongs_to_two_fields() -> None:
    names = [n for f in FIELDS.values() for n in (normalise(f.name), *f.aliases, *f.fallbacks)]
    assert sorted(names) == sorted(KNOWN_NAMES)


def test_every_known_name_is_normalised() -> None:
    others = [*FULL_NAME_HEADERS, *FORBIDDEN_HEADERS]
    assert [name for name in [*KNOWN_NAMES, *others] if name != normalise(name)] == []


def test_no_name_of_a_field_is_a_password_or_forbidden() -> None:
    assert [name for name in KNOWN_NAMES if is_password(name) or name in FORBIDDEN_HEADERS] == []


@pytest.mark.parametrize(
    "header",
    ["E-Mail", "e_mail", " EMAIL ", "\ufeffemail", "e\u00a0mail", "Email*", "email:", "ＥＭＡＩＬ"],
)
def test_case_spaces_and_punctuation_make_no_difference(header: str) -> None:
    assert recognise(header) == ("email", 0)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("First Name [Required]", "first_name"),
        ("User name [userPrincipalName] Required", "email"),
        ("Office [physicalDeliveryOfficeName]", "location"),
        ("Phone (optional)", "phone"),
        ("Prénom", "first_name"),
        ("TELEFÓNICO", None),
        ("Name", None),
        ("Title", None),
        ("Status", None),
        ("login", None),
        ("Username", None),
        ("Usage location [usageLocation]", None),
        ("Recovery Phone [MUST BE IN THE E.164 FORMAT]", None),
        ("Phone (home)", "phone"),
        ("Manager Email", None),
        ("", None),
        ("---", None),
    ],
)
def test_headers_of_real_exports_are_recognised_or_not(header: str, field: str | None) -> None:
    hit = recognise(header)
    assert (hit[0] if hit else None) == field


def test_an_exact_name_outranks_an_alias_and_an_alias_a_fallback() -> None:
    found = match_headers(["mail", "Surname", "email", "Last_Name", "sn", "Vorname", "Work Email"])
    assert found.columns.positions == {"email": 2, "last_name": 3, "first_name": 5}
    assert [w.code for w in found.warnings] == ["unused_column"] * 4
    assert '"mail"' in found.warnings[0].message
    assert '"email"' in found.warnings[0].message


def test_of_two_fallbacks_the_earlier_in_the_table_wins() -> None:
    found = match_headers([*REQUIRED, "Home Phone", "Handy", "Mobile Phone"])
    assert found.columns.mapping["phone"] == "Mobile Phone"


@pytest.mark.parametrize(
    "headers",
    [["email", "E-Mail"], ["Email Address", "Courriel"], ["First Name", "first_name"]],
)
def test_two_columns_of_the_same_rank_are_refused_and_named(headers: list[str]) -> None:
    with pytest.raises(DuplicateColumn) as caught:
        match_headers([*headers, *(name for name in REQUIRED if recognise(headers[0])[0] != name)])
    assert all(header in caught.value.detail for header in headers)
    assert "mapping" in caught.value.detail


@pytest.mark.parametrize(
    "header",
    ["is_staff", "Is Staff", "IS-SUPERUSER", "organisation_id", "OrganizationID", "Org Id"],
)
def test_a_file_with_a_forbidden_column_is_refused(header: str) -> None:
    with pytest.raises(ForbiddenColumn) as caught:
        match_headers([*REQUIRED, header])
    assert header in caught.value.detail


@pytest.mark.parametrize("header", ["id", "Organization", "Staff", "organisation", "Org Unit Path"])
def test_other_columns_of_exports_are_ignored(header: str) -> None:
    found = match_headers([*REQUIRED, header])
    assert found.columns.ignored == (header,)
    assert [w.code for w in found.warnings] == ["unknown_column"]
    assert header in found.warnings[0].message


@pytest.mark.parametrize(
    "header",
    [
        "password",
        "Password [Required]",
        "Password Hash Function [UPLOAD ONLY]",
        "Initial password [passwordProfile] Required",
        "Passwort",
        "Kennwort",
        "Contraseña",
        "Mot de passe",
        "Senha",
        "Palavra-passe",
        "pwd",
        "passwordHash",
    ],
)
def test_a_column_of_passwords_is_dropped_with_a_warning(header: str) -> None:
    found = match_headers(["email", header, "first_name", "last_name"])
    assert found.dropped == (1,)
    assert found.columns.headers == ("email", "first_name", "last_name")
    assert found.columns.positions == {"email": 0, "first_name": 1, "last_name": 2}
    assert [w.code for w in found.warnings] == ["password_dropped"]


@pytest.mark.parametrize("header", ["Passport", "Bypass", "Compass", "Passenger"])
def test_a_word_that_begins_like_a_password_is_none(header: str) -> None:
    assert not is_password(header)


def test_columns_without_a_header_are_named_by_their_number() -> None:
    found = match_headers(["", "email", "first_name", " ", "last_name"])
    assert found.columns.headers == ("(column 1)", "email", "first_name", "(column 4)", "last_name")
    assert found.columns.ignored == ("(column 1)", "(column 4)")


def test_headers_are_storable_and_printable() -> None:
    found = match_headers([*REQUIRED, "a\tb\x07\u202ec\n d", "x" * 500])
    assert found.columns.ignored[0] == "a b c d"
    assert len(found.columns.ignored[1]) == 200


def test_missing_fields_are_named_with_the_closest_header() -> None:
    with pytest.raises(MissingColumn) as caught:
        match_headers(["e-mial", "First Nme", "last_name", "phone"])
    facts = caught.value.facts
    assert facts["missing"] == ["email", "first_name"]
    assert facts["closest"] == {"email": "e-mial", "first_name": "First Nme"}
    assert "First Nme" in caught.value.detail


def test_a_header_that_is_used_already_is_not_suggested() -> None:
    with pytest.raises(MissingColumn) as caught:
        match_headers(["email", "last_name", "shoe size"])
    assert caught.value.facts["closest"] == {}


@pytest.mark.parametrize(
    "header",
    ["fullname", "Display Name", "Name", "Last name, First name", "Nombre completo", "Nom", "Nome"],
)
def test_splitting_a_full_name_is_suggested(header: str) -> None:
    with pytest.raises(MissingColumn) as caught:
        match_headers(["email", header])
    assert caught.value.facts["full_name"] == header
    assert f'{{"full_name": "{header}"}}' in caught.value.detail


def test_name_beside_vorname_is_the_last_name() -> None:
    assert match_headers(["E-Mail", "Name", "Vorname"]).columns.positions["last_name"] == 1


def test_name_beside_an_english_first_name_is_not_the_last_name() -> None:
    with pytest.raises(MissingColumn):
        match_headers(["E-Mail", "Name", "First Name"])


def test_a_mapping_takes_precedence_over_recognised_names() -> None:
    found = match_headers([*REQUIRED, "Work Mail", "Rôle"], {"email": "work-mail", "role": ""})
    assert found.columns.mapping == {
        "email": "Work Mail",
        "first_name": "first_name",
        "last_name": "last_name",
    }
    assert found.columns.ignored == ("email", "Rôle")


def test_a_mapping_prefers_an_exactly_equal_header() -> None:
    found = match_headers([*REQUIRED, "Tel 1", "tel-1"], {"phone": "tel-1"})
    assert found.columns.mapping["phone"] == "tel-1"


def test_a_mapping_may_leave_out_text_in_brackets() -> None:
    found = match_headers([*REQUIRED, "Phone 2 [READ ONLY]"], {"phone": "phone 2"})
    assert found.columns.mapping["phone"] == "Phone 2 [READ ONLY]"


def test_a_mapping_to_a_header_that_occurs_twice_is_refused() -> None:
    with pytest.raises(DuplicateColumn):
        match_headers([*REQUIRED, "Tel", "Tel"], {"phone": "Tel"})


def test_a_mapping_chooses_between_two_matching_columns() -> None:
    found = match_headers(["Email", "E-Mail", "first_name", "last_name"], {"email": "E-Mail"})
    assert found.columns.positions["email"] == 1


def test_a_mapping_may_name_a_column_without_a_header() -> None:
    found = match_headers([*REQUIRED, ""], {"phone": "(column 4)"})
    assert found.columns.positions["phone"] == 3


def test_a_full_name_replaces_both_names() -> None:
    found = match_headers(["email", "Name", "First Name", "Surname"], {"full_name": "Name"})
    assert found.columns.positions == {"full_name": 1, "email": 0}
    assert found.columns.ignored == ("First Name", "Surname")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"shoe": "email"}, ["shoe", "first_name", "full_name"]),
        ({"phone": "Fax"}, ["Fax", "last_name"]),
        ({"phone": "password"}, ["Passwords"]),
        ({"full_name": "x", "first_name": "first_name"}, ["full_name", "first_name"]),
    ],
)
def test_a_mapping_that_can_not_be_applied_says_why(
    mapping: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(UnknownMapping) as caught:
        match_headers([*REQUIRED, "password", "x"], mapping)
    assert all(word in caught.value.detail for word in words)


def test_a_mapping_can_not_set_a_forbidden_field() -> None:
    with pytest.raises(ForbiddenColumn):
        match_headers(REQUIRED, {"is_superuser": "email"})


def test_ignoring_a_required_field_leaves_it_missing() -> None:
    with pytest.raises(MissingColumn):
        match_headers(REQUIRED, {"email": ""})


def test_columns_can_be_stored_as_json() -> None:
    columns = match_headers(["x", *REQUIRED, "Rôle"]).columns
    assert Columns.from_json(json.loads(json.dumps(columns.as_json()))) == columns


def test_a_message_about_very_many_columns_is_short() -> None:
    with pytest.raises(MissingColumn) as caught:
        match_headers([f"column number {i} with a long name" * 3 for i in range(200)])
    assert len(caught.value.detail) < 5_000


def test_two_columns_of_one_header_are_told_apart_by_their_numbers() -> None:
    headers = ["Email", "First name", "Last name", "Email"]
    with pytest.raises(DuplicateColumn, match='"#1"'):
        match_headers(headers)
    found = match_headers(headers, {"email": "#4"})
    assert found.columns.positions["email"] == 3
    assert found.columns.mapping["email"] == "#4"
    assert match_headers(headers, found.columns.mapping).columns == found.columns


def test_a_remark_in_brackets_does_not_decide_between_two_columns() -> None:
    headers = ["Email", "First name", "Last name", "Department (old)", "Department (new)"]
    assert "department" not in match_headers(headers).columns.positions
    assert match_headers(headers[:4]).columns.positions["department"] == 3


@pytest.mark.parametrize("header", ["Name", "Nome", "Nombre", "Naam"])
def test_name_beside_a_surname_is_the_first_name(header: str) -> None:
    found = match_headers([header, "Surname", "Email"]).columns
    assert found.positions["first_name"] == 0


def test_columns_with_hashes_of_passwords_are_dropped_unless_a_field_is_read_from_them() -> None:
    found = match_headers(["email", "first_name", "last_name", "code"], secret=[2, 3])
    assert found.dropped == (3,)
