"""Which characters a value may hold, and how one that it may not is shown to a person.

The classes are written out instead of asked of `unicodedata`, so that what is a valid name does not
change with the version of Python. A test holds them against `unicodedata`. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# For character classes of regular expressions; every range is closed on both sides.
CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
SURROGATES: Final = r"\ud800-\udfff"
_BASIC_INVISIBLES: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufff8"
    r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb"  # marks that enclose what follows
    r"\ufdd0-\ufdef\ufffe\uffff"  # code points that are no characters at all
)
_RARE_INVISIBLES: Final = (
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
)
# Two kinds of invisible characters belong to the spelling of names. The joiners U+200C and U+200D
# shape the letters inside words of Persian, Hindi, Sinhala, ...; variation selectors choose the
# form of the character before them, as Japanese registers of persons do. Both are welcome where
# they do that, and nowhere else.
JOINERS: Final = r"\u200c\u200d"
_BASIC_SELECTORS: Final = r"\u180b-\u180d\u180f\ufe00-\ufe0f"
SELECTORS: Final = _BASIC_SELECTORS + r"\U000e0100-\U000e01ef"
_JOINED: Final = r"[\u0620-\u109f\u1780-\u18af]"  # Arabic, Syriac, Indic, Burmese, Khmer, Mongolian

NEVER: Final = CONTROLS + SURROGATES + _BASIC_INVISIBLES + _RARE_INVISIBLES
# What takes a second look: everything above, and all characters beyond the basic plane.
_SUSPICIOUS: Final = (
    CONTROLS
    + SURROGATES
    + _BASIC_INVISIBLES
    + JOINERS
    + _BASIC_SELECTORS
    + r"\U00010000-\U0010ffff"
)
FORMULA_STARTS: Final = "=@＝＠﹦﹫"  # a spreadsheet takes the wide ones for ASCII
SIGNS: Final = "+-＋－﹢﹣"


def _basic_ranges(characters: str) -> str:
    """The same class without a leading ^ and within the basic plane: a third faster to match."""
    basic_plane = "".join(map(chr, range(0x10000)))
    runs = re.findall(f"[{characters}]+", basic_plane)
    return "".join(rf"\u{ord(run[0]):04x}-\u{ord(run[-1]):04x}" for run in runs)


# An ordinary character of a text, and one that may also stand first.
ORDINARY: Final = _basic_ranges(f"^{_SUSPICIOUS}")
ORDINARY_START: Final = _basic_ranges(rf"^{_SUSPICIOUS}\s{FORMULA_STARTS}'")

_SUSPECT: Final = re.compile(rf"[{_SUSPICIOUS}]")  # quick, and true of hardly any value
_MISPLACED: Final = re.compile(
    rf"[{NEVER}]"
    rf"|(?<!{_JOINED})[{JOINERS}]|[{JOINERS}](?!{_JOINED})"
    rf"|(?<![^\s{JOINERS}{SELECTORS}])[{SELECTORS}]"
)
_INVISIBLE: Final = re.compile(rf"[{NEVER}{JOINERS}{SELECTORS}]")
_UNSTORABLE: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f{SURROGATES}]")

_NAMES: Final = {
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a line break",
    "\u2028": "a line break",
    "\u2029": "a line break",
    "\u200b": "a zero-width space",
    "\u00ad": "a soft hyphen",
    "\ufeff": "a byte-order mark",
}


def misplaced(value: str) -> str | None:
    """The first character of a name or another text that may not be where it is."""
    found = _SUSPECT.search(value) and _MISPLACED.search(value)
    return found[0] if found else None


def invisible(value: str) -> str | None:
    """The first character that can't be seen, for values that may hold none of them anywhere."""
    found = _SUSPECT.search(value) and _INVISIBLE.search(value)
    return found[0] if found else None


def describe(character: str) -> str:
    """Words for a character that a person can't see: `a zero-width space (U+200B)`."""
    code = f"U+{ord(character):04X}"
    if words := _NAMES.get(character):
        return f"{words} ({code})"
    if name := unicodedata.name(character, ""):
        return f"the invisible character {code} ({name.lower()})"
    return f"the control character {code}"


def shown(value: str, max_chars: int = 60) -> str:
    """The value in quotation marks, shortened, and with what can't be seen as `[U+200B]`."""
    short = value if len(value) <= max_chars else value[: max_chars - 1] + "…"
    return '"' + _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", short) + '"'


def clean_for_storage(text: str, max_chars: int = 500) -> str:
    """The text as PostgreSQL can store it in `text` and `jsonb`, whatever was in the file: NUL,
    surrogates and control characters become U+FFFD, and what is beyond `max_chars` is cut off."""
    return _UNSTORABLE.sub("\ufffd", text[:max_chars])
