"""Remarks beside the name of a column: how to fill it in, or whether it is required."""

from __future__ import annotations

import pytest

from imports.schema.columns import match_headers
from imports.schema.headers import REMARK_RANK, recognise


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Role (admin/analyst/viewer)", "role"),
        ("Rolle [Admin, Analyst, Leser]", "role"),
        ("Rôle {administrateur|analyste}", "role"),
        ("Role (one of (admin) or (viewer))", "role"),
        ("Role (admin, analyst", "role"),
        ("Role: admin/analyst/viewer", "role"),
        ("Role - admin, analyst, viewer", "role"),
        ("Role\nadmin/viewer", "role"),
        ("権限（管理者／閲覧者）", "role"),
        ("角色【必填】", "role"),
        ("名［必須］", "first_name"),
        ("姓※必須", "last_name"),
        ("Email <required>", "email"),
        ("Email - required", "email"),
        ("E-Mail: Pflichtfeld", "email"),
        ("1. Email", "email"),
        ("2) Vorname", "first_name"),
        ("Role¹", "role"),
        ("Vorname / First name", "first_name"),
        ("部署\nDepartment", "department"),
        ("Accès MarketEdge (oui/non)", "market_edge_access"),
    ],
)
def test_a_remark_is_no_part_of_the_name(header: str, field: str) -> None:
    match = recognise(header)
    assert match is not None
    assert match.field == field


@pytest.mark.parametrize(
    "header",
    [
        *("Phone - home", "Department: code", "Department / Team", "Name / Department", "(role)x"),
        *("Manager (email)", "Manager: email", "Role of the manager", "Roles - old", "12 role"),
    ],
)
def test_words_beside_a_name_that_are_no_remark_make_it_another_column(header: str) -> None:
    assert recognise(header) is None


@pytest.mark.parametrize(
    "header", ["Access role", "Benutzerrolle neu", "Employee Role", "Rolle_alt"]
)
def test_an_ignored_column_with_the_name_of_a_field_in_it_is_told_of(header: str) -> None:
    [warning] = match_headers(["email", "first_name", "last_name", header]).warnings
    assert warning.code == "unknown_column"
    assert "Did you mean role?" in warning.message


def test_a_name_with_a_remark_gives_way_to_the_same_name_without() -> None:
    names = ["email", "first_name", "last_name"]
    match = match_headers([*names, "Role: admin/viewer", "Rolle"])
    assert match.columns.mapping["role"] == "Rolle"
    remark = recognise("Role: admin/viewer")
    assert remark is not None
    assert remark.rank >= REMARK_RANK


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *(("Vorname", "Name"), ("Voornaam", "Naam"), ("Name", "Surname"), ("Nome", "Cognome")),
        *(("Prénom", "Nom"), ("Nombre", "Apellidos"), ("Navn", "Etternavn"), ("Ad", "Soyad")),
        *(
            ("名字", "姓氏"),
            ("名字", "姓"),
            ("名前", "姓"),
            ("이름", "성"),
            ("Given names", "Surnames"),
        ),
    ],
)
def test_a_pair_of_names_in_any_order(first: str, last: str) -> None:
    for headers in ([first, last, "email"], ["email", last, first]):
        mapping = match_headers(headers).columns.mapping
        assert (mapping["first_name"], mapping["last_name"]) == (first, last)
