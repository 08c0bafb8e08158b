"""People whom the exporting system suspended are named in a warning, in any language."""

from __future__ import annotations

import pytest

from tests.imports.files.helpers import open_file


@pytest.mark.parametrize(
    ("header", "usual", "suspended"),
    [
        ("Status [READ ONLY]", "Active", "Suspended"),
        ("account_status", "ACTIVE", "LOCKED OUT"),
        ("Status", "active", "suspended (billing)"),
        ("Benutzerstatus", "Aktiv", "GESPERRT"),
        ("Statut", "Actif", "Désactivé"),
        ("Statut", "Actif", "Desactive"),
        ("Estado", "Activo", "De baja"),
        ("Situação", "Ativo", "Desligado"),
        ("Stato", "Attivo", "Sospeso"),
        ("Status", "Actief", "Uit dienst"),
        ("Status", "Aktiv", "Avstängd"),
        ("Status", "Aktiv", "Spærret"),
        ("Tila", "Aktiivinen", "Ei aktiivinen"),
        ("Stan konta", "Aktywny", "Zawieszony"),
        ("Stav", "Aktivní", "Neaktivní"),
        ("Durum", "Aktif", "ASKIYA ALINDI"),
        ("Статус", "Активний", "Заблоковано"),
        ("在籍状況", "在籍", "退職"),
        ("状态", "正常", "已停用"),
        ("상태", "활성", "사용 중지"),
        ("الحالة", "نشط", "موقوف"),
        ("AccountDisabled", "False", "True"),
        ("Block sign in (Yes/No) [accountEnabled] Required", "No", "Yes"),
        ("Gesperrt", "nein", "ja"),
        ("Account Enabled", "TRUE", "FALSE"),
        ("Actief", "Ja", "Nee"),
        ("Aktif", "Evet", "Hayır"),
        ("userAccountControl", "512", "514"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_suspended_people_are_counted(
    header: str, usual: str, suspended: str, delimiter: str
) -> None:
    rows = [("email", "first_name", "last_name", header), ("a@x.example", "A", "B", usual)]
    rows += [(f"b{i}@x.example", "C", "D", suspended) for i in range(2)]
    reading = open_file("\n".join(map(delimiter.join, rows)))
    assert len(list(reading.records())) == 3
    [warning] = [one for one in reading.warnings if one.code == "suspended"]
    assert (warning.count, warning.row) == (2, 3)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        *(("Status", "Active"), ("Status", "On leave"), ("Marital status", "Separated")),
        *(("Left-handed", "yes"), ("Aktiv", "ja"), ("Suspended", "no"), ("Notes", "Suspended")),
    ],
)
def test_other_people_are_not(header: str, value: str) -> None:
    reading = open_file(f"email,first_name,last_name,{header}\na@x.example,A,B,{value}\n")
    list(reading.records())
    assert "suspended" not in [warning.code for warning in reading.warnings]
