"""Is it plausible that a text is a telephone number? Pure.

Nothing is rewritten: `+44 20 7946 0123` is stored as it was given.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

# The shortest national numbers (Niue, Tokelau) have 4 digits; ITU E.164 allows 15 at most.
LOCAL_DIGITS: Final = range(4, 16)

_MAIN_REGIONS: Final = {
    str(code).encode(): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
}
_SHAPE: Final = re.compile(
    r"\+?\s?[\d(][\d\s()./\-\u2010-\u2015]*"
    r"(?:(?:;\s?ext=|,?\s?ext\.?|,?\s?x\.?|\s?#)\s?(?P<extension>\d{1,7}))?",
    re.IGNORECASE,
)
_MANGLED: Final = re.compile(r"\d{5,}\.0|\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_SIGNS: Final = b"+ ()./-"


def problem_of(value: str) -> str:
    """Why a value (trimmed, not empty) is no telephone number, in words; empty if it is one."""
    if _MANGLED.fullmatch(value):
        return "a spreadsheet has turned the number into a decimal; format the column as text there"
    shape = _SHAPE.fullmatch(value)
    if not shape:
        return (
            "only digits, spaces and ( ) . / - are allowed, with a + in front of the country code"
        )
    number = value[: shape.start("extension")] if shape["extension"] else value
    digits = "".join(str(int(digit)) for digit in re.findall(r"\d", number))
    if value.startswith("+"):
        possible = _is_possible(digits[:4].encode(), len(digits))
        return "" if possible else "the digits after the + fit no country's numbers"
    if len(digits) not in LOCAL_DIGITS:
        return f"it has {len(digits)} digits; a number has {LOCAL_DIGITS[0]} to {LOCAL_DIGITS[-1]}"
    return ""


def is_plausible(value: str) -> bool:
    """`problem_of` for the most usual shape: ASCII digits and separators, no extension."""
    digits = value.encode().translate(None, _SIGNS)  # of bytes: five times as fast as of str
    if value[0] == "+":
        return _is_possible(digits[:4], len(digits))
    return 4 <= len(digits) <= 15


@lru_cache(maxsize=4096)
def _is_possible(first_digits: bytes, count: int) -> bool:
    """The answer of libphonenumber's `is_possible_number`, which depends on no more than this."""
    for length in (1, 2, 3):
        country_code, national = first_digits[:length], first_digits[length:]
        if country_code in _MAIN_REGIONS:
            lengths, trunk_prefix = _plan(country_code)
            # "+44 (0)20 ..." is how people write both forms at once
            has_trunk_prefix = national.startswith(trunk_prefix)
            return count - length in lengths or (has_trunk_prefix and count - length - 1 in lengths)
    return False


@lru_cache(maxsize=512)
def _plan(country_code: bytes) -> tuple[tuple[int, ...], bytes]:
    """How many digits follow a country code, and the digit that is only dialled within it."""
    region = _MAIN_REGIONS[country_code]
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(country_code), region)
    if metadata is None or metadata.general_desc is None:
        return (), b"-"
    trunk_prefix = metadata.national_prefix or "-"
    return metadata.general_desc.possible_length, trunk_prefix.encode()
