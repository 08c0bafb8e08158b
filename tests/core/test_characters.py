"""The character classes agree with Unicode; messages show invisible characters by name."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from core import characters


def test_cleaned_text_can_be_stored_and_is_cut_to_its_maximum():
    assert characters.clean_for_storage("a\x00b\ud800c\x1bd") == "a\ufffdb\ufffdc\ufffdd"
    assert characters.clean_for_storage("x" * 1000, 10) == "x" * 10
    assert characters.clean_for_storage("Zoë 王 \U0001f600") == "Zoë 王 \U0001f600"


def test_every_character_that_unicode_calls_invisible_is_forbidden_or_a_joiner():
    forbidden = re.compile(f"[{characters.FORBIDDEN}{characters.JOINERS}]")
    missing = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and not forbidden.match(chr(code))
    ]
    assert missing == []


def test_no_letter_digit_or_symbol_is_forbidden():
    forbidden = re.compile(f"[{characters.FORBIDDEN}]")
    blank = {
        0x115F,
        0x1160,
        0x3164,
        0xFFA0,
        0x2800,
        0x1D159,
        0x034F,
        0x17B4,
        0x17B5,
    }  # letters and symbols that are drawn as blanks
    wrong = [
        f"U+{code:04X}"
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code))[0] in "LNPSM"
        and forbidden.match(chr(code))
        and code not in blank
        and not 0x13430
        <= code
        <= 0x1345F  # hieroglyph format controls: their category depends on the version of Unicode
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\n", "a line break (U+000A)"),
        ("\u200b", "a zero-width space (U+200B)"),
        ("\u202e", "the invisible character U+202E (right-to-left override)"),
        ("\x07", "the control character U+0007"),
    ],
)
def test_an_invisible_character_is_described_by_name_and_code(character, name):
    assert characters.describe(character) == name


def test_a_quoted_value_is_short_and_shows_its_invisible_characters():
    assert characters.quote("a\u200bb") == '"a[U+200B]b"'
    assert characters.quote("x" * 100, 10) == '"' + "x" * 9 + '…"'


@pytest.mark.parametrize("name", ["नि\u200dक", "می\u200cخواهم", "葛\U000e0100城", "Zoë 王"])
def test_joiners_and_variation_selectors_are_allowed_inside_words(name):
    assert characters.find_misplaced(name) is None


@pytest.mark.parametrize(
    ("name", "character"),
    [("Ada\u200d", "\u200d"), ("\ufe0fAda", "\ufe0f"), ("A\u200bda", "\u200b"), ("A\tda", "\t")],
)
def test_the_first_misplaced_character_is_found(name, character):
    assert characters.find_misplaced(name) == character


def test_values_without_any_invisible_character_may_not_contain_joiners():
    assert characters.find_invisible("می\u200cخواهم") == "\u200c"
    assert characters.find_invisible("ada@example.com") is None
