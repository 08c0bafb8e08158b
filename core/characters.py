"""Which characters a value may contain, and how messages show those that it may not.

The character classes are written out instead of computed from `unicodedata`, so that the set of
valid names does not change with the version of Python. A test compares them with `unicodedata`. The
functions are pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Parts of character classes, to be put between [ and ] in a regular expression.
CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
SURROGATES: Final = r"\ud800-\udfff"
_BASIC_INVISIBLES: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufff8"
    r"\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb"  # prepended format characters
    r"\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
)
_RARE_INVISIBLES: Final = (
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
)
# Two kinds of invisible characters are part of the spelling of some names. The joiners U+200C and
# U+200D shape letters inside words of Persian, Hindi, Sinhala and other languages. Variation
# selectors choose the form of the character before them, for example in Japanese civil registers.
# Both are allowed in these positions only.
JOINERS: Final = r"\u200c\u200d"
_BASIC_SELECTORS: Final = r"\u180b-\u180d\u180f\ufe00-\ufe0f"
SELECTORS: Final = _BASIC_SELECTORS + r"\U000e0100-\U000e01ef"
_JOINED: Final = r"[\u0620-\u109f\u1780-\u18af]"  # Arabic, Syriac, Indic, Burmese, Khmer, Mongolian

FORBIDDEN: Final = CONTROLS + SURROGATES + _BASIC_INVISIBLES + _RARE_INVISIBLES
# Characters that need a closer check: all of the above, and all beyond the basic plane.
_SUSPICIOUS: Final = (
    CONTROLS
    + SURROGATES
    + _BASIC_INVISIBLES
    + JOINERS
    + _BASIC_SELECTORS
    + r"\U00010000-\U0010ffff"
)
FORMULA_STARTS: Final = "=@＝＠﹦﹫"  # spreadsheets read the wide ones as ASCII
SIGNS: Final = "+-＋－﹢﹣"


def _basic_ranges(characters: str) -> str:
    """The same character class as ranges, without a leading ^, for the basic plane only.

    A class in this form matches a third faster."""
    basic_plane = "".join(map(chr, range(0x10000)))
    runs = re.findall(f"[{characters}]+", basic_plane)
    return "".join(rf"\u{ord(run[0]):04x}-\u{ord(run[-1]):04x}" for run in runs)


# Characters that need no closer check, and those of them that may also be the first of a value. An
# error value of a spreadsheet, such as #N/A, begins with #.
SAFE_CHARS: Final = _basic_ranges(f"^{_SUSPICIOUS}")
SAFE_FIRST_CHARS: Final = _basic_ranges(rf"^{_SUSPICIOUS}\s{FORMULA_STARTS}'#")

_NEEDS_CHECK: Final = re.compile(rf"[{_SUSPICIOUS}]")  # a fast first check, which few values match
_MISPLACED: Final = re.compile(
    rf"[{FORBIDDEN}]"
    rf"|(?<!{_JOINED})[{JOINERS}]|[{JOINERS}](?!{_JOINED})"
    rf"|(?<![^\s{JOINERS}{SELECTORS}])[{SELECTORS}]"
)
_INVISIBLE: Final = re.compile(rf"[{FORBIDDEN}{JOINERS}{SELECTORS}]")
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


def find_misplaced(value: str) -> str | None:
    """The first character that is not allowed at its position in a name or other text, or None."""
    found = _NEEDS_CHECK.search(value) and _MISPLACED.search(value)
    return found[0] if found else None


def find_invisible(value: str) -> str | None:
    """The first invisible character, or None. For values that may contain none at all."""
    found = _NEEDS_CHECK.search(value) and _INVISIBLE.search(value)
    return found[0] if found else None


def describe(character: str) -> str:
    """A name for an invisible character: `a zero-width space (U+200B)`."""
    code = f"U+{ord(character):04X}"
    if words := _NAMES.get(character):
        return f"{words} ({code})"
    if name := unicodedata.name(character, ""):
        return f"the invisible character {code} ({name.lower()})"
    return f"the control character {code}"


def quote(value: str, max_chars: int = 60) -> str:
    """The value in quotation marks, cut to `max_chars`, with invisible characters as `[U+200B]`."""
    short = value if len(value) <= max_chars else value[: max_chars - 1] + "…"
    return '"' + _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", short) + '"'


def clean_for_storage(text: str, max_chars: int = 500) -> str:
    """The text in a form that PostgreSQL can store as `text` and `jsonb`.

    NUL, surrogates and control characters become U+FFFD. At most `max_chars` characters remain."""
    return _UNSTORABLE.sub("\ufffd", text[:max_chars])
