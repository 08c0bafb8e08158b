"""The guess of an encoding: how often it is right, and what it never gives."""

from __future__ import annotations

import codecs
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.encodings import BEGIN, END, PAGE, SIZES, guesses, share
from bench.names import LANGUAGES, encode, is_utf8, make_text
from imports import files
from imports.errors import FileRefused
from imports.files.delimited.encoding import named_encoding
from imports.files.delimited.encoding_ranking import languages, rank
from tests.imports.files.helpers import HEADER, ROW, open_file, refusal_of

UNREADABLE = re.compile("[\x7f-\x9f\ue000-\uf8ff\ufffd]")
SOME = ["German", "Dutch", "Polish", "Turkish", "Ukrainian", "Greek", "Arabic", "Japanese"]
LETTERS = str.maketrans("0123456789", "abcdefghij")
PEOPLE = [("anna", "Anna", "Weiß"), ("jorg", "Jörg", "Müller"), ("zoe", "Zoë", "Brontë")]


@pytest.mark.parametrize("language", SOME)
def test_the_guess_is_right_for_95_of_100_files_of_20_rows(language: str) -> None:
    assert share(language, 20, trials=5) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guess_is_right_for_95_of_100_files_of_any_language(language: str) -> None:
    assert share(language, 20, trials=25) >= 0.95


def test_the_page_has_a_row_for_each_language_and_shows_95_percent_at_20_rows() -> None:
    table = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]
    assert [(row[0], row[1]) for row in rows] == [
        (name, ", ".join(case.encodings)) for name, case in LANGUAGES.items()
    ]
    shares = {row[0]: int(row[2 + SIZES.index(20)].rstrip("%")) for row in rows}
    assert {name: value for name, value in shares.items() if value < 95} == {}


# --- what a guess never gives -----------------------------------------------------------------


def assert_is_readable(data: bytes) -> None:
    found = guesses(data)
    assert found
    texts = [data.decode(codec) for codec in found]
    assert len(set(texts)) == len(texts)
    assert not any(map(UNREADABLE.search, texts)), found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(LANGUAGES)), st.integers(1, 200), st.integers(0, 999), st.data())
def test_no_guess_gives_a_control_character_for_any_language_and_size(
    language: str, rows: int, seed: int, data: st.DataObject
) -> None:
    encoding = data.draw(st.sampled_from(LANGUAGES[language].encodings))
    content = encode(make_text(language, rows, seed), encoding)
    if not is_utf8(content):
        assert_is_readable(content)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*b"aZ;\n", *range(0x80, 0x100)]), max_size=300).map(bytes))
def test_no_guess_gives_a_control_character_for_any_bytes(content: bytes) -> None:
    if not is_utf8(content):
        assert_is_readable(content)


def test_every_byte_can_be_read_in_some_encoding() -> None:
    assert_is_readable(bytes(range(0x80, 0x100)))


@pytest.mark.parametrize("at", [100, 50_000, 3_000_000])
def test_a_byte_far_from_the_sample_excludes_an_encoding(at: int) -> None:
    # 0x81 is a control character in windows-1252
    rows = b"a@example.com,Ann,M\xfcller\n" * 3
    content = rows + b"b@example.com,Bo,Ek\n" * (at // 20) + b"\x81,\n"
    assert guesses(rows)[0] == "cp1252"
    assert guesses(content)[0] != "cp1252"
    assert_is_readable(content)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=40).map(lambda half: b"".join(bytes([b, 0]) for b in half)))
def test_text_that_looks_like_utf_16_is_shown_without_control_characters(content: bytes) -> None:
    head = (HEADER + ROW).encode("utf-16-le")
    try:
        reading = open_file(head + content, preview=True)
        text = "".join(cell for _, cells in reading.records() for cell in cells)
    except FileRefused:
        return
    assert not re.search("[\x80-\x9f]", text)


# --- which part of a file is examined ---------------------------------------------------------


@pytest.mark.parametrize("filler", [0, 1_000, 60_000, 500_000])
def test_rows_in_ascii_between_others_do_not_matter(filler: int) -> None:
    between = "b@example.com,Bo,Ek\n" * (filler // 80)
    names = ["Łukasz", "Żółć", "Świątek", "Kość"]
    rows = [f"a@example.com,{name},Lee\n{between}" for name in names]
    content = (HEADER + "".join(rows)).encode("iso-8859-2")
    assert refusal_of(content).facts["guess"] == "iso-8859-2"


def test_one_word_with_a_letter_of_its_own_decides_wherever_it_stands() -> None:
    letters = "αβγδεζηθικλμνξοπρστυφχψω"
    names = [f"Α{one}{two}" for one in letters for two in letters]
    content = " ".join([*names, "Άρτα"]).encode("iso-8859-7")
    assert guesses(content)[0] == "iso8859-7"


@pytest.mark.parametrize("shift", range(4))
def test_a_character_may_be_cut_at_the_end_of_the_sample(shift: int) -> None:
    line = "x" * shift + "営業部経理部開発部人事部" * 8_000
    assert guesses(line.encode("shift_jis"))[0] == "shift-jis"
    assert guesses(line.encode("euc_jp"))[0] == "euc-jp"


def test_a_character_before_the_first_byte_that_is_not_utf_8_is_whole() -> None:
    # The two characters are e3a4 and a4cb, and the bytes e3a4a4 are UTF-8 by chance.
    start = b"\xe3\xa4\xa4\xcb"
    data = start + make_text("Japanese", 20, 1).encode("euc_jp")
    assert guesses(data)[0] == "euc-jp"


@pytest.mark.parametrize("piece", [b"a", b"\xe4", b"aB", b"\xe4\xc4", b"'", b"\xb7", b"\xe4 "])
def test_the_time_grows_no_faster_than_the_sample(piece: bytes) -> None:
    # The limit of pytest-timeout ends what takes the square of the size.
    assert rank(piece * 1_000_000)
    assert guesses(piece * 1_000_000 + b"\xe4")


def test_only_so_many_words_are_examined() -> None:
    words = [chr(0xE0 + n % 20) + str(n).translate(LETTERS) for n in range(20_000)]
    assert rank(" ".join(words).encode("latin-1")) == rank(" ".join(words[:500]).encode("latin-1"))


# --- the languages, and what users see --------------------------------------------------------


def test_each_language_can_be_written_in_its_encodings() -> None:
    for language in languages():
        for codec in language.codecs:
            assert named_encoding(codec).codec == codecs.lookup(codec).name.replace("_", "-")
        letters = [c for c in language.letters if c >= "\x80"]
        lost = [c for c in letters if not any(_has(codec, c) for codec in language.codecs)]
        assert lost == [], language.name


def _has(codec: str, letter: str) -> bool:
    try:
        letter.encode(codec)
    except UnicodeError:
        return False
    return True


def test_a_preview_names_the_encoding_and_the_next_one() -> None:
    rows = "".join(f"{email}@example.com;{first};{last}\n" for email, first, last in PEOPLE)
    content = (HEADER.replace(",", ";") + rows).encode("windows-1252")
    reading = open_file(content, preview=True)
    assert reading.encoding == reading.encoding_guesses[0] == "windows-1252"
    own, other = reading.encoding_guesses
    assert files.reread("Weiß Zoë", own, other) == "Weiß Zoë".encode(own).decode(other)
    assert refusal_of(content).facts["guess"] == own


@pytest.mark.parametrize("text", ["\u4e2d", "\x81"])
def test_a_cell_that_the_other_encoding_does_not_have_is_not_reread(text: str) -> None:
    assert files.reread(text, "latin-1", "windows-1252") is None


def test_a_file_in_a_known_encoding_has_no_guesses() -> None:
    assert open_file((HEADER + ROW).encode(), preview=True).encoding_guesses == ()
    assert open_file((HEADER + ROW).encode("utf-16"), preview=True).encoding_guesses == ()


def test_a_sample_without_letters_beyond_ascii_can_be_ranked() -> None:
    assert rank(b"")[0].codec == "cp1252"
