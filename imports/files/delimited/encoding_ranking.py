"""Ranks encodings for a text that is not UTF-8, by the letters that each of them gives it.

A table of names has too few words for the statistics of running text. So the ranking uses what is
known of names in each language: which letters beyond ASCII occur, that a capital does not follow a
small letter, that no symbol stands within a word, and that a word has letters of one script. The
likeliest encoding is the one in which the text is likeliest for one of its languages (naive Bayes).
"""

from __future__ import annotations

import codecs
import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

# How much is examined, in bytes: enough for some 200 words, and little enough for 50 ms.
_MAX_BYTES: Final = 1_500
_MAX_BYTES_OF_WORD: Final = 30
_WORDS: Final = re.compile(r"[A-Za-z\x80-\U0010ffff]+")
_WORDS_OF_BYTES: Final = re.compile(rb"[A-Za-z\x80-\xff]+")
# What no text holds: control characters, and what Unicode leaves to private use.
UNREADABLE: Final = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]")

# Logarithms of probabilities: of what the language does not have, and of what no word has.
_FOREIGN_LETTER: Final = -9.0
_FOREIGN_TO_IDEOGRAPHS: Final = -12.0
_RARE_IDEOGRAPH: Final = -9.5  # one that the standards list, but that is not in `letters`
_LESS_COMMON_ENCODING: Final = -1.0  # for each place in the list
_PUNCTUATION: Final = "‘“”„–—…´«»°ºª№、。（）：／－～＆"
_PUNCTUATION_INSIDE: Final = "’·・\u3000"  # which stands within a word as well


_Text = TypeVar("_Text", str, bytes)


class Language(NamedTuple):
    """How likely each letter is, as logarithms, and the encodings, likeliest first."""

    name: str
    codecs: tuple[str, ...]
    letters: dict[str, float]
    is_ideographic: bool
    prior: float


class Guess(NamedTuple):
    """An encoding in which the text can be read, and how likely it is (the higher, the better)."""

    codec: str
    score: float


class _Words(NamedTuple):
    """The words of a sample in one encoding: how often each letter occurs in them, and how
    unlikely their form is, as a logarithm."""

    letters: dict[str, int]
    form: float


@cache
def languages() -> tuple[Language, ...]:
    """The languages of `letters.toml`."""
    tables = tomllib.loads(Path(__file__).with_name("letters.toml").read_text("utf-8"))
    return tuple(
        Language(
            name, tuple(table["encodings"]), *_model(table["letters"]), table.get("prior", 0.0)
        )
        for name, table in tables.items()
    )


def _model(letters: str) -> tuple[dict[str, float], bool]:
    counts = Counter("".join(letters.split()))
    is_ideographic = len(counts) > 150
    if is_ideographic:  # each is listed once or twice, although some are frequent
        counts = Counter(dict.fromkeys(counts, 1))
    total = counts.total() * (1.5 if is_ideographic else 1.05)
    found = {letter: math.log(count / total) for letter, count in counts.items()}
    for letter, value in list(found.items()):
        for capital in (letter.upper(), letter.capitalize()):
            if len(capital) == 1:
                found.setdefault(capital, value - 1.0)
    return found, is_ideographic


def rank(sample: bytes) -> list[Guess]:
    """The encodings in which a sample can be read without control characters, the likeliest first.

    `sample` begins where a character begins; its last character may be cut off. Only some of its
    words are examined, so that the time is bounded."""
    high = high_bytes(sample)
    words = _WORDS_OF_BYTES.findall(sample)
    words = _first_different([*_with_new_bytes(words), *words], 1)
    best: dict[str, float] = {}
    texts: dict[str, _Words | None] = {}
    for language in languages():
        for place, codec in enumerate(language.codecs):
            if codec not in texts:
                texts[codec] = _words_in(sample, high, words, codec)
            if found := texts[codec]:
                score = language.prior + place * _LESS_COMMON_ENCODING
                score += _score(found, language)
                best[codec] = max(best.get(codec, -math.inf), score)
    guesses = [Guess(codec, score) for codec, score in best.items()]
    return sorted(guesses, key=lambda guess: -guess.score)


# --- words ------------------------------------------------------------------------------------


def _first_different(words: list[_Text], width: int) -> list[_Text]:
    """The first different words with characters beyond ASCII. `width`: the bytes of such a
    character. All encodings are compared by as many bytes."""
    found: dict[_Text, None] = {}
    left = _MAX_BYTES // width
    for word in words:
        short = word[: _MAX_BYTES_OF_WORD // width]
        if word.isascii() or short in found:
            continue
        found[short] = None
        left -= len(short) + 1
        if left <= 0:
            break
    return list(found)


def _with_new_bytes(words: list[bytes]) -> Iterator[bytes]:
    """The words with a byte that no word before has. Some encodings differ in few letters, so that
    one word may tell them apart."""
    seen: set[int] = set()
    for word in words:
        if not seen.issuperset(word):
            seen.update(word)
            yield word


def _words_in(sample: bytes, high: bytes, words: list[bytes], codec: str) -> _Words | None:
    """The words of a sample in an encoding; None if it can't be read in it."""
    try:
        if is_single_byte(codec):
            whole = high.decode(codec)
            text = b"\n".join([b"", *words]).decode(codec)
        else:
            whole = codecs.getincrementaldecoder(codec)("strict").decode(sample)
            text = "\n".join(["", *_first_different(_WORDS.findall(whole), 2)])
    except UnicodeError:
        return None
    if UNREADABLE.search(whole):
        return None
    counts = Counter(text)
    classes = text.translate(_CLASSES)
    letters = {c: n for c, n in counts.items() if c >= "\x80" and _CLASSES[ord(c)] not in "npqs"}
    present = set(classes)
    form = sum(
        weight * len(pattern.findall(classes))
        for needed, pattern, weight in _FORMS
        if not present.isdisjoint(needed)
    )
    return _Words(letters, form)


@cache
def is_single_byte(codec: str) -> bool:
    """Whether an encoding has one byte for each character."""
    return all(_decodes_to_one(bytes([byte]), codec) for byte in range(256))


def _decodes_to_one(byte: bytes, codec: str) -> bool:
    return len(byte.decode(codec, "replace")) == 1 and len((byte * 2).decode(codec, "replace")) == 2


def high_bytes(data: bytes) -> bytes:
    """The different bytes beyond ASCII."""
    return bytes(sorted(byte for byte in set(data) if byte >= 0x80))


# --- how likely -------------------------------------------------------------------------------


def _score(words: _Words, language: Language) -> float:
    known = language.letters
    score = words.form
    for letter, count in words.letters.items():
        value = known.get(letter)
        score += count * (_unknown(letter, language) if value is None else value)
    return score


def _unknown(letter: str, language: Language) -> float:
    if not language.is_ideographic:
        return _FOREIGN_LETTER
    is_listed = _is_listed(letter, language.codecs[0])
    return _RARE_IDEOGRAPH if is_listed else _FOREIGN_TO_IDEOGRAPHS


@cache
def _is_listed(letter: str, codec: str) -> bool:
    """Whether an ideograph is in the more common half of the standard that an encoding follows."""
    encoded = letter.encode(codec, "ignore")
    if len(encoded) != 2 or (codec == "gb18030" and encoded[1] < 0xA1):
        return False
    first, last = {
        "shift-jis": (0x81, 0x98), "gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6),
        "euc-kr": (0xB0, 0xC8),
    }.get(codec, (0, 255))  # fmt: skip
    return first <= encoded[0] <= last


# --- the form of words ------------------------------------------------------------------------

# A class for each character. Letters: `a` of ASCII, `l` other Latin, `g` Greek, `c` Cyrillic,
# each as a capital too; `h` Hebrew, `r` Arabic, `t` Thai, `j` East Asian, `x` others. `m`: a mark
# that is combined with the letter before it. `n`: a no-break space, `p`, `q`: punctuation, `s`: a
# symbol.
_SCRIPTS: Final = {
    "LATIN": "l", "GREEK": "g", "CYRILLIC": "c", "HEBREW": "h", "ARABIC": "r", "THAI": "t",
    "CJK": "j", "HIRAGANA": "j", "KATAKANA": "j", "KATAKANA-HIRAGANA": "j", "HALFWIDTH": "j",
    "HANGUL": "j", "IDEOGRAPHIC": "j",
}  # fmt: skip


class _Classes(dict[int, str]):
    """Code of a character -> its class, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _class_of(chr(code))
        return found


def _class_of(letter: str) -> str:
    if letter < "\x80":
        return letter if not letter.isalpha() else "A" if letter.isupper() else "a"
    if letter == "\xa0":
        return "n"
    if letter in _PUNCTUATION_INSIDE:
        return "q"
    if letter in _PUNCTUATION:
        return "p"
    script = unicodedata.name(letter, "OTHER").partition(" ")[0]
    if unicodedata.combining(letter) and script != "THAI":
        return "m"
    if not letter.isalpha() and script != "THAI" and letter != "々":
        return "s"
    found = _SCRIPTS.get(script, "x")
    return found.upper() if letter.isupper() else found


_CLASSES: Final = _Classes()
_LETTER: Final = "[aAlLgGcChrtjx]"
# The classes of which a pattern needs one, the pattern, and the logarithm of how likely it is.
_FORMS: Final = tuple(
    (frozenset(needed), re.compile(pattern), weight)
    for needed, pattern, weight in (
        ("LGC", "[algc](?=[LGC])", -6.0),  # a capital after a small letter
        ("lgc", r"\n[lgc]", -2.0),  # a small letter at the beginning of a word
        ("lgc", "(?<=[ALGC])[lgc](?=[ALGC])|(?<=[ALGC]{2})[lgc]", -3.0),  # … or among capitals
        ("gGcChrtjx", "[aAlL](?=[gGcChrtjx])", -5.0),  # two scripts in a word
        ("gG", "[gG](?=[aAlLcChrtjx])", -5.0),
        ("cC", "[cC](?=[aAlLgGhrtjx])", -5.0),
        ("hrtjx", "[hrtx](?=[aAlLgGcCj])|j(?=[aAlLgGcChrtx])", -5.0),
        ("m", r"[\nnpqs]m", -13.0),  # a mark without a letter
        ("n", "n", -3.0),  # often behind a value
        ("q", f"(?<={_LETTER})q(?={_LETTER})", -6.0),
        ("q", f"(?<!{_LETTER})q|q(?!{_LETTER})", -8.0),
        ("p", f"(?<!{_LETTER})p|p(?!{_LETTER})", -6.0),
        ("p", f"(?<={_LETTER})p(?={_LETTER})", -13.0),  # not to be inside a word
        ("s", "s", -13.0),
    )
)
