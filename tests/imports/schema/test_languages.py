"""The words of `languages.toml`: none means two things, and each is recognised."""

from __future__ import annotations

import tomllib
from collections import defaultdict

import pytest

from imports.schema import header_names
from imports.schema.columns import match_headers
from imports.schema.fields import FIELDS
from imports.schema.header_names import LANGUAGES, access_aliases, caseless, normalise, words_of
from imports.schema.headers import KNOWN_NAMES, is_password, recognise
from imports.validation.rows import RowChecker, UserRow
from imports.validation.rules import BOOLEAN_WORDS, ROLES
from tests.paths import ROOT

FILE = ROOT / "imports" / "schema" / "languages.toml"
KINDS = {
    *FIELDS,
    *(f"{field}_fallback" for field in FIELDS),
    *("language", "name", "full_name", "access"),
    *("password", "password_word", "password_ending", "password_header"),
    *("yes", "no", *ROLES),
    *("status", "suspended", "suspended_header", "active_header"),
}
SPOKEN = [code for code in LANGUAGES if code != "other"]
COLUMNS = ("email", "first_name", "last_name", "role", "department", "location", "phone")
AMBIGUOUS = tomllib.loads(FILE.read_text("utf-8"))["ambiguous"]


def fields_by_word(code: str) -> dict[str, set[str]]:
    """The fields that each name of a column stands for in one language."""
    found: dict[str, set[str]] = defaultdict(set)
    for field in (*FIELDS, "full_name"):
        for kind in (field, f"{field}_fallback"):
            for word in LANGUAGES[code].get(kind, ()):
                found[normalise(word)].add(field)
    return found


def wide(text: str) -> str:
    """The text with full-width Latin letters, as East Asian keyboards write them."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_only_known_kinds_of_words(code: str) -> None:
    assert set(LANGUAGES[code]) <= KINDS


@pytest.mark.parametrize("code", SPOKEN)
def test_no_word_means_two_fields_in_one_language(code: str) -> None:
    assert {w: f for w, f in fields_by_word(code).items() if len(f) > 1} == {}


def test_no_word_means_different_fields_in_two_languages() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for code in SPOKEN:
        for word, fields in fields_by_word(code).items():
            found[word] |= fields
    assert {w: sorted(f) for w, f in found.items() if len(f) > 1} == {}


@pytest.mark.parametrize("word", AMBIGUOUS)
def test_a_word_that_is_known_to_be_ambiguous_is_not_taken(word: str) -> None:
    assert recognise(word) is None


def test_no_word_means_both_yes_and_no_or_two_roles() -> None:
    kinds = ({"yes", "no"}, set(ROLES))
    for group in kinds:
        spellings = [s for kind in group for s in header_names.spellings_of(kind)]
        assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize("code", SPOKEN)
def test_the_columns_of_each_language_are_recognised_in_any_case_and_width(code: str) -> None:
    words = {field: LANGUAGES[code].get(field, [field])[0] for field in COLUMNS}
    if code == "ko":  # 이름 is the first name only beside the last name
        words["first_name"] = "이름"
    for change in (str, str.upper, str.title, wide, lambda text: f"  {text.replace(' ', '  ')}\t"):
        match = match_headers([change(word) for word in words.values()])
        assert match.columns.positions == {field: i for i, field in enumerate(words)}


@pytest.mark.parametrize("code", SPOKEN)
def test_every_name_of_a_column_is_recognised_as_its_field(code: str) -> None:
    for field in FIELDS:
        for kind in (field, f"{field}_fallback"):
            for word in LANGUAGES[code].get(kind, ()):
                assert KNOWN_NAMES[normalise(word)].field == field, word
                assert not is_password(word), word


@pytest.mark.parametrize("code", [code for code in LANGUAGES if "password" in LANGUAGES[code]])
def test_every_word_for_a_password_drops_its_column(code: str) -> None:
    for word in (*LANGUAGES[code]["password"], *LANGUAGES[code].get("password_word", ())):
        for header in (word, word.upper(), f"my_{word}", f"{word} 2"):
            assert is_password(header), header
    for word in LANGUAGES[code].get("password_ending", ()):
        assert is_password(f"my{word}")
    for word in LANGUAGES[code].get("password_header", ()):
        assert is_password(word)
        assert not is_password(f"{word} ABC")


@pytest.mark.parametrize("code", SPOKEN)
def test_the_access_to_a_product_is_recognised_in_each_language(code: str) -> None:
    for word in LANGUAGES[code]["access"]:
        for header in (f"{word} MarketEdge", f"MarketEdge {word}".upper()):
            match = recognise(header)
            assert match is not None
            assert match.field == "market_edge_access"
    assert "marketedgeaccess" not in access_aliases("marketedge")


@pytest.mark.parametrize("code", SPOKEN)
def test_rows_in_each_language_are_read(code: str) -> None:
    words = LANGUAGES[code]
    headers = ["email", "first_name", "last_name", "role", "market_edge_access", "send_invitation"]
    checker = RowChecker(match_headers(headers).columns)
    for role in ROLES:
        for role_word in words[role]:
            for yes, no in zip(words["yes"], words["no"], strict=False):
                for change in (str, str.upper, str.capitalize, wide):
                    cells = ["a@b.example", "A", "B", *map(change, (role_word, yes, no))]
                    row = checker.check(cells)
                    assert isinstance(row, UserRow), (cells, row)
                    assert (row.role, row.market_edge_access, row.send_invitation) == (
                        *(role, True, False),
                    )


@pytest.mark.parametrize(
    ("word", "answer"),
    [("HAYIR", False), ("hayir", False), ("DEVRE DIŞI", False), ("nao", False), ("SÍ", True)],
)
def test_words_are_read_in_turkish_capitals_and_without_accents(word: str, answer: bool) -> None:
    assert BOOLEAN_WORDS[caseless(word)] is answer


def test_a_word_that_also_means_a_manager_makes_nobody_an_administrator() -> None:
    managers = ["Yönetici", "manager", "Leiter", "responsable", "مسؤول", "管理職", "경영자"]
    assert not header_names.spellings_of("admin") & set(map(caseless, managers))


def test_every_language_is_named_in_the_documentation() -> None:
    text = (ROOT / "docs" / "file-format.md").read_text("utf-8")
    names = [str(LANGUAGES[code]["language"]) for code in SPOKEN]
    assert [name for name in names if name.partition(",")[0] not in text] == []
    assert len(words_of("email")) > 100
