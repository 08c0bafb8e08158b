"""The fast search for letters that may need cleaning finds what the exact one finds."""

from __future__ import annotations

import re

import hypothesis.strategies as st
from hypothesis import example, given, settings

from imports.files.cleaning import suspects
from imports.files.cleaning.suspects import _damaged_letter, _may_be_suspect, _suspect_letter

LETTERS = [chr(code) for code in range(0x80, 0x10000)]
IN_NAMES = "éłßŠžŒÃâ√ю北नி\u200c\u200dابビ"


def test_every_letter_that_is_suspect_alone_is_found_in_utf_8() -> None:
    alone = [letter for letter in LETTERS if _suspect_letter(letter) or _damaged_letter(letter)]
    assert len(alone) > 250
    assert [one for one in alone if not _may_be_suspect(_encoded(one))] == []


@given(st.text(st.sampled_from([*IN_NAMES, *"\x80\x9f\xa0\xb4\xbf€ƒˆ˜Ÿ'a"]), max_size=6))
@example("Ã©")
@example("Ãž")
@example("âŠž")
@settings(max_examples=2000, deadline=None)
def test_what_the_fast_search_leaves_out_is_not_suspect(text: str) -> None:
    if not _may_be_suspect(_encoded(text)):
        assert _suspect_letter(text) is None
        assert _damaged_letter(text) is None


def test_names_of_many_scripts_need_no_exact_search() -> None:
    names = "Łukasz Zoë Григорий 田中 علی\u200cرضا Ψαρρός பிரியா ビクトリア Žižek"
    assert not _may_be_suspect(names.encode())
    assert not suspects.is_suspect(re.sub(" ", ",", names), ",")


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
