"""Finds blocks of text with cells that may need cleaning (`cleaning`)."""

from __future__ import annotations

import re
from typing import Final

find_entity: Final = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}[0-9]?);"
).search


def is_suspect(text: str, delimiter: str) -> bool:
    """Whether cells of a text may need cleaning.

    Takes a few per cent of the time that reading the text takes: a search for one character that is
    rare costs little, and a regular expression twenty times as much. So words in small letters
    such as "null" count only if they occur in the first rows (`Cleaner.is_needed`).
    """
    return (
        "  " in text
        or "\\" in text
        or "`" in text
        or any(sign in text and _begins_cell(text, sign) for sign in "'=#")
        or ("U" in text and _contains_at(text, "U", "NULL", 1))
        or ("/" in text and _contains_at(text, "/", "N/A", 1))
        or ("&" in text and ";" in text and find_entity(text) is not None)
        or (delimiter != ";" and ";" in text and _ends_cell(text, ";"))
        or ('"' in text and any(word in text for word in ('"""', ';"', '; "', f',"{delimiter}')))
        or (not text.isascii() and _has_suspect_letters(text))
    )


def _begins_cell(text: str, sign: str) -> bool:
    at = text.find(sign)
    while at >= 0:
        if at == 0 or text[at - 1] in ',;\t|"\n\r ':
            return True
        at = text.find(sign, at + 1)
    return False


def _ends_cell(text: str, sign: str) -> bool:
    at = text.find(sign)
    while at >= 0:
        if text[at + 1 : at + 2] in ',;\t|"\n\r ':
            return True
        at = text.find(sign, at + 1)
    return False


def _contains_at(text: str, sign: str, word: str, offset: int) -> bool:
    """Whether `word` occurs, which has its rarest character `sign` at `offset`."""
    at = text.find(sign)
    while at >= 0:
        if text.startswith(word, max(at - offset, 0)):
            return True
        at = text.find(sign, at + 1)
    return False


def _has_suspect_letters(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        encoded = text.encode(errors="surrogatepass")
        return any(piece in encoded for piece in _SUSPECT_BYTES)
    return any(sign in text for sign in "\xa0\xad«»´ÂÃâ")


# In UTF-8: U+2000 to U+207F (marks, blanks and quotes), U+3000, U+00A0, U+00AD, accents to be put
# on the letter before, the byte-order mark, U+061C, "Â", "Ã" and the beginning of damaged Cyrillic.
_SUSPECT_HEX: Final = (
    "e280 e281 e38080 c2a0 c2ad c2b4 cc cd e38299 e3829a efbbbf d89c c382 c383 c390 c391"
)
_SUSPECT_BYTES: Final = tuple(map(bytes.fromhex, _SUSPECT_HEX.split()))
