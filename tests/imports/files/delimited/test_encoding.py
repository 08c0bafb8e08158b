"""Encodings: their names, and the bytes that can't be decoded."""

from __future__ import annotations

import encodings.aliases
import io

import pytest

from imports import files
from imports.errors import FileRefused
from imports.files.delimited.encoding import named_encoding
from imports.files.text import BLOCK_BYTES, DecodeError, decode_blocks
from tests.imports.files.helpers import HEADER, ROW, open_file, refusal_of, rows_of


@pytest.mark.parametrize(
    "name",
    [
        "rot13",
        "base64",
        "hex",
        "zlib",
        "idna",
        "punycode",
        "unicode_escape",
        "utf-7",
        "undefined",
        "raw_unicode_escape",
        "mbcs",
        "nonsense",
        "../x",
        "os",
        "utf-8\0",
        "аnsi",
        "x" * 999,
    ],
)
def test_a_name_that_is_no_character_encoding_is_refused(name: str) -> None:
    refusal = refusal_of(HEADER + ROW, encoding=name)
    assert refusal.code == "unknown_encoding"
    assert len(refusal.detail) < 300
    assert "windows-1252" in refusal.detail


def test_the_encoding_that_a_refusal_suggests_is_accepted() -> None:
    data = (HEADER + "j@example.com,Jürgen,Groß\n" * 30).encode("cp1252")
    guess = refusal_of(data).facts["guess"]
    assert rows_of(data, encoding=guess)[0][1][1] == "Jürgen"


@pytest.mark.parametrize("name", files.COMMON_ENCODINGS)
def test_every_encoding_that_forms_offer_is_accepted(name: str) -> None:
    assert rows_of((HEADER + ROW).encode(name), encoding=name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "windows-1252", "cp500"])
def test_the_displayed_name_of_an_encoding_is_accepted(encoding: str) -> None:
    data = (HEADER + "a@example.com,A,B\n").encode(encoding)
    reading = open_file(data, encoding=encoding)
    assert open_file(data, encoding=reading.encoding).encoding == reading.encoding


def test_no_accepted_encoding_gives_characters_that_cannot_be_stored() -> None:
    noise = bytes(range(256)) * 8 + b"+2AA-\\ud800\xed\xa0\x80\xed\xb0\x80"
    for name in sorted(set(encodings.aliases.aliases.values())):
        try:
            encoding = named_encoding(name)
        except FileRefused:
            continue
        for start in range(0, len(noise), 7):
            try:
                "".join(decode_blocks(io.BytesIO(noise[start:]), encoding)).encode()
            except DecodeError:
                continue


@pytest.mark.parametrize("at", [30, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 5])
def test_an_undecodable_byte_is_found_at_any_position(at: int) -> None:
    text = (HEADER + ROW * 10_000).encode()
    refusal = refusal_of(text[:at] + b"\xe4" + text[at:])
    assert (refusal.code, refusal.facts["offset"]) == ("encoding_unknown", at)
    assert refusal.facts["line"] == text[:at].count(b"\n") + 1
    assert refusal.facts["guess"]
    guessed = open_file(text[:at] + b"\xe4" + text[at:], preview=True)
    assert [warning.code for warning in guessed.warnings] == ["encoding_guessed"]


@pytest.mark.parametrize("encoding", [None, "windows-1252", "utf-16"])
def test_a_nul_character_is_found_at_any_position(encoding: str | None) -> None:
    codec = "utf-16-le" if encoding == "utf-16" else (encoding or "utf-8")
    before = (HEADER + ROW * 5_000).encode(codec)
    data = before + "\0".encode(codec) + (ROW * 5_000).encode(codec)
    refusal = refusal_of(data, encoding=encoding)
    assert (refusal.code, refusal.facts["offset"]) == ("binary_content", len(before))


def test_a_character_that_is_cut_off_at_the_end_is_refused() -> None:
    assert refusal_of((HEADER + "a@example.com,A,Gro").encode() + b"\xc3").facts["offset"] == 46
    assert refusal_of(b"\xff\xfe" + (HEADER + ROW).encode("utf-16-le") + b"a").code == "undecodable"
