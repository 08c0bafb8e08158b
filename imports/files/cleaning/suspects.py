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
_null: Final = re.compile("NULL").search
_not_available: Final = re.compile("N/A").search
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
        or ("U" in text and _null(text) is not None)
        or ("/" in text and _not_available(text) is not None)
        or ("&" in text and ";" in text and find_entity(text) is not None)
        or (delimiter != ";" and ";" in text and _semicolon(text) is not None)
        or ('"' in text and _has_suspect_quotes(text, delimiter))
        or (not text.isascii() and _has_suspect_letters(text))
    )


def _has_suspect_quotes(text: str, delimiter: str) -> bool:
    """Whether a cell may begin or end with a quote, or a quoted cell with the delimiter."""
    if _three_quotes(text):
        return True
    if delimiter == ",":
        return _comma_at_end(text) is not None
    return delimiter == ";" and (';";' in text or '; "' in text)


def _has_suspect_letters(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        encoded = text.encode(errors="surrogatepass")
        letters = encoded.translate(None, _ASCII).decode(errors="surrogatepass")
        return _suspect_letter(letters) is not None
    return any(sign in text for sign in "\xa0\xad«»´ÂÃâ")


_ASCII: Final = bytes(range(128))
# Marks, blanks and quotes, accents to be put on the letter before, the byte-order mark, and the
# first letters of what UTF-8 looks like if it is read in windows-1252.
_suspect_letter: Final = re.compile(
    "[\xa0\xad«»´ÂÃÐÑâ\u0300-\u037f\u061c\u2000-\u207f€\u3000\u3099\u309a\ufeff]"
).search
