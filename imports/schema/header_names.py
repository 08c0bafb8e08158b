"""The names of columns that real files use for each field, besides the field's own name.

They are written in `languages.toml`, as people write them. Here they have the form in which headers
are compared.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, Final

# A longer header is refused (imports.files). The limit also holds for the headers of a mapping, and
# bounds the time of the normalisation, which is quadratic in the length of a run of accents.
MAX_HEADER_CHARS: Final = 1_000

_AMBIGUOUS: Final = "ambiguous"
# Letters with a stroke, the dotless i, and an apostrophe that counts as a letter. Unicode does not
# decompose them, but people write them as the plain letter.
_PLAIN_LETTERS: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ʼ": ""})


def fold(text: str) -> str:
    """A text without differences of case, accents and width: `HAYIR`, `hayır` and `ＨＡＹＩＲ`
    become `hayir`."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = compress(folded, map(not_, map(unicodedata.combining, folded)))
    return "".join(plain).translate(_PLAIN_LETTERS)


def normalise(header: str) -> str:
    """The form in which headers are compared: letters and digits only, no accents, lower case.

    Only the first MAX_HEADER_CHARS characters count.
    """
    return "".join(filter(str.isalnum, fold(header[:MAX_HEADER_CHARS])))


def _read_languages() -> dict[str, dict[str, list[str]]]:
    text = Path(__file__).with_name("languages.toml").read_text("utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {code: words for code, words in tables.items() if code != _AMBIGUOUS}


LANGUAGES: Final = _read_languages()  # code -> kind of words -> words, as they are written


def words_of(kind: str) -> tuple[str, ...]:
    """The words of one kind in all languages, as they are written; English first."""
    return tuple(dict.fromkeys(w for words in LANGUAGES.values() for w in words.get(kind, ())))


def caseless(text: str) -> str:
    """A value in the form in which it is compared with `spellings_of`: without differences of case
    and width. Unlike in headers, accents count: a value that decides about access is not guessed.
    """
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def spellings_of(kind: str) -> frozenset[str]:
    """The words of one kind, as `caseless` gives them, and the same typed without accents."""
    found = {fold(word) for word in words_of(kind)}
    for code, words in LANGUAGES.items():
        for word in words.get(kind, ()):
            upper = word.replace("i", "İ").upper() if code == "tr" else word.upper()
            found |= {caseless(word), caseless(upper)}
    return frozenset(found)


def aliases(field: str) -> tuple[str, ...]:
    """The names of a column that are as good as the field's own name."""
    return _normalised(words_of(field), without=field)


def fallbacks(field: str) -> tuple[str, ...]:
    """The names of a column that count only where no other column has an alias; the best first."""
    known = {normalise(field), *aliases(field)}
    return tuple(w for w in _normalised(words_of(f"{field}_fallback")) if w not in known)


def access_aliases(product: str) -> tuple[str, ...]:
    """The aliases of `<product>_access`: the product alone, and before or after a word."""
    words = words_of("access")
    pairs = [f"{product}{word}" for word in words] + [f"{word}{product}" for word in words]
    return _normalised([product, *pairs], without=f"{product}access")


def password_words(kind: str) -> tuple[str, ...]:
    """The words of one of the kinds `password…`. Folded, without punctuation."""
    return _normalised(words_of(kind))


def _normalised(words: Iterable[str], *, without: str = "") -> tuple[str, ...]:
    unique = dict.fromkeys(map(normalise, words))
    unique.pop(normalise(without), None)
    return tuple(unique)


# A single column with one of these may hold the full name.
FULL_NAME_HEADERS: Final = _normalised((*words_of("full_name"), *words_of("name")))
# Beside a column of last names, a column with one of these holds the first name.
NAME_HEADERS: Final = frozenset(_normalised(words_of("name")))

# A file with one of these columns is refused.
FORBIDDEN_HEADERS: Final = frozenset(
    (
        *("isstaff", "issuperuser", "superuser", "staffstatus", "superuserstatus"),
        *("organisationid", "organizationid", "orgid"),
    )
)
