"""Finds blocks of text with cells that may need cleaning (`cleaning`)."""

from __future__ import annotations

import re
from typing import Final

find_entity: Final = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}[0-9]?);"
).search


# A search for two characters takes half as long with a regular expression as with `in`.
_two_blanks: Final = re.compile("  ").search
_three_quotes: Final = re.compile('"""').search
_comma_at_end: Final = re.compile(',",').search
_quotes_or_comma: Final = re.compile('"(?:""|,(?<=,",))').search
_null: Final = re.compile("N(?:ULL|/A)").search
# At the beginning or at the end of a cell of a workbook, perhaps with a blank beside it.
_quote_at_an_end: Final = re.compile(r""""(?:(?<=\n")|(?<=\n[ \t\xa0]")|(?=[ \t\xa0]?\n))""").search
# At the beginning and at the end of a cell.
_apostrophe: Final = re.compile(r"""'(?<![^,;\t|"\n\r ]')""").search
_equals_sign: Final = re.compile(r"""=(?<![^,;\t|"\n\r ]=)""").search
_hash: Final = re.compile(r"""#(?<![^,;\t|"\n\r ]#)""").search
_semicolon: Final = re.compile(r""";(?![^,;\t|"\n\r ])""").search


def is_suspect(text: str, delimiter: str) -> bool:
    """Whether cells of a text may need cleaning.

    Takes a few per cent of the time that reading the text takes. A search for one character that is
    rare costs almost nothing, and one for two characters a twentieth of the reading. So words in
    small letters such as "null" count only if they occur in the first rows (`Cleaner.is_needed`).
    """
    return (
        _two_blanks(text) is not None
        or "\\" in text
        or "`" in text
        or ("'" in text and _apostrophe(text) is not None)
        or ("=" in text and _equals_sign(text) is not None)
        or ("#" in text and _hash(text) is not None)
        or _null(text) is not None
        or ("&" in text and ";" in text and find_entity(text) is not None)
        or (delimiter != ";" and ";" in text and _semicolon(text) is not None)
        or ('"' in text and _has_suspect_quotes(text, delimiter))
        or (not text.isascii() and _has_suspect_letters(text))
    )


def is_suspect_sheet(text: str) -> bool:
    """Whether cells of a workbook may need cleaning. A line end stands between two cells."""
    return (
        ('"' in text and _quote_at_an_end(f"\n{text}\n") is not None)
        or ",\n" in text
        or is_suspect(text, "\n")
    )


def _has_suspect_quotes(text: str, delimiter: str) -> bool:
    """Whether a cell may begin or end with a quote, or a quoted cell with the delimiter."""
    if delimiter == "," and text.count('"', 0, 4_096) < 200:  # one search is faster if few quotes
        return _quotes_or_comma(text) is not None
    if _three_quotes(text):
        return True
    if delimiter == ",":
        return _comma_at_end(text) is not None
    return delimiter == ";" and (';";' in text or '; "' in text)


def _has_suspect_letters(text: str) -> bool:
    try:
        encoded = text.encode("latin-1")
    except UnicodeEncodeError:
        encoded = text.encode(errors="surrogatepass")
        if not _may_be_suspect(encoded):
            return False
        letters = encoded.translate(None, _ASCII).decode(errors="surrogatepass")
        if _suspect_letter(letters) is not None:
            return True
        # The letters of two cells may be neighbours here.
        return _damaged_letter(letters) is not None and _damaged_letter(text) is not None
    signs = encoded.translate(None, _ASCII + _LATIN_LETTERS)
    if not signs:  # the usual case: letters such as é, but no second byte of a damaged letter
        return False
    if any(sign in signs for sign in _SUSPECT_SIGNS):
        return True
    letters = encoded.translate(None, _ASCII).decode("latin-1")
    return _damaged_letter(letters) is not None and _damaged_letter(text) is not None


def _may_be_suspect(encoded: bytes) -> bool:
    """Whether `_suspect_letter` or `_damaged_letter` may find something in a text in UTF-8.

    A search for a few bytes takes a tenth of the time that a search for many letters takes."""
    return (
        any(byte in encoded for byte in _SUSPECT_FIRST_BYTES)
        or (b"\xd8" in encoded and b"\xd8\x9c" in encoded)
        or (b"\xe2" in encoded and _begins_suspect_sign(encoded) is not None)
        or (b"\xe3" in encoded and _begins_suspect_mark(encoded) is not None)
        or _damaged_bytes(encoded) is not None
    )


# How the letters of `_suspect_letter` and the signs of `_damaged_letter` begin in UTF-8.
_SUSPECT_FIRST_BYTES: Final = (b"\xc2", b"\xcc", b"\xcd", b"\xef")
_begins_suspect_sign: Final = re.compile(rb"\xe2(?:\x80[^\x8c\x8d]|[\x81\x82\x84\x88\x94])").search
_begins_suspect_mark: Final = re.compile(rb"\xe3(?:\x80|\x82[\x99\x9a])").search
# A letter from Â to ô, and behind it one of the letters of `_SECOND_BYTE` that do not begin
# with one of the five bytes.
_damaged_bytes: Final = re.compile(rb"\xc3[\x82-\xb4](?=[\xc5\xc6\xcb])").search
_ASCII: Final = bytes(range(128))
_LATIN_LETTERS: Final = bytes(range(0xC0, 0x100))
_SUSPECT_SIGNS: Final = "\xa0\xad«»´".encode("latin-1")
# Marks, blanks and quotes, accents to be put on the letter before, and the byte-order mark. The
# joiners U+200C and U+200D belong to names.
_suspect_letter: Final = re.compile(
    "[\xa0\xad«»´\u0300-\u037f\u061c\u2000-\u200b\u200e-\u207f\u3000\u3001\u300c-\u300f\u301d-\u301f\u3099\u309a\ufeff\uff02\uff0c\uff1b]"
).search
# What UTF-8 looks like if it is read in windows-1252, MacRoman, cp850 or cp437.
_SECOND_BYTE: Final = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
# The search is for the second byte, because the first one is a letter such as é, which is frequent.
_damaged_letter: Final = re.compile(
    f"[{_SECOND_BYTE[1:-1]}√├┬┼]"
    f"(?:(?<=[\xc2-\xdf]{_SECOND_BYTE})|(?<=[\xe0-\xf4]{_SECOND_BYTE}{_SECOND_BYTE})|(?<=[√├┬┼]))"
).search
