"""Checks whether a text is a plausible phone number.

A number is never rewritten: `+44 20 7946 0123` is stored unchanged.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

# The shortest national numbers (Niue, Tokelau) have 4 digits; ITU E.164 allows 15 at most.
MIN_LOCAL_DIGITS: Final = 4
MAX_LOCAL_DIGITS: Final = 15

_MAIN_REGIONS: Final = {
    str(code).encode(): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
}
_PATTERN: Final = re.compile(
    r"\+?\s?[\d(][\d\s()./\-\u2010-\u2015]*"
    r"(?:(?:;\s?ext=|,?\s?ext\.?|,?\s?x\.?|\s?#)\s?(?P<extension>\d{1,7}))?",
    re.IGNORECASE,
)
_AS_DECIMAL: Final = re.compile(r"\d{5,}\.0|\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_DIGIT: Final = re.compile(r"\d")
_SEPARATORS: Final = b"+ ()./-"


def problem_of(value: str) -> str:
    """Why a value is not a plausible phone number, as a clause; "" if it is one.

    The value is trimmed and not empty.
    """
    if _AS_DECIMAL.fullmatch(value):
        return "a spreadsheet has converted it to a decimal number; format the column as text there"
    found = _PATTERN.fullmatch(value)
    if not found:
        return (
            "only digits, spaces and ( ) . / - are allowed, with a + in front of the country code"
        )
    number = value[: found.start("extension")] if found["extension"] else value
    digits = "".join(str(int(digit)) for digit in _DIGIT.findall(number))
    if value.startswith("+"):
        possible = _is_possible(digits[:4].encode(), len(digits)) or _is_possible_for_library(
            digits
        )
        return "" if possible else "the digits after the + fit no country's numbers"
    if not MIN_LOCAL_DIGITS <= len(digits) <= MAX_LOCAL_DIGITS:
        return f"it has {len(digits)} digits; a number has {MIN_LOCAL_DIGITS} to {MAX_LOCAL_DIGITS}"
    return ""


def is_plausible(value: str) -> bool:
    """Whether `problem_of` finds no problem in a value of ASCII digits and separators only.

    The value is not empty and has at most one + as its first character."""
    digits = value.encode().translate(None, _SEPARATORS)  # five times as fast on bytes as on str
    if value[0] == "+":
        return _is_possible(digits[:4], len(digits))
    return MIN_LOCAL_DIGITS <= len(digits) <= MAX_LOCAL_DIGITS


def _is_possible_for_library(digits: str) -> bool:
    """Asks libphonenumber itself, which is slow. It also knows the national prefixes of more than
    one digit (Hungary's 06) and those that it rewrites (San Marino, Madagascar)."""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


@lru_cache(maxsize=4096)
def _is_possible(first_digits: bytes, count: int) -> bool:
    """The result of libphonenumber's `is_possible_number`.

    It depends only on the first four digits after the + and on the number of all digits."""
    for length in (1, 2, 3):
        country_code, national = first_digits[:length], first_digits[length:]
        if country_code in _MAIN_REGIONS:
            lengths, trunk_prefix = _plan(country_code)
            # "+44 (0)20 …" combines the international form with the national one
            has_trunk_prefix = national.startswith(trunk_prefix)
            return count - length in lengths or (has_trunk_prefix and count - length - 1 in lengths)
    return False


@lru_cache(maxsize=512)
def _plan(country_code: bytes) -> tuple[tuple[int, ...], bytes]:
    """The possible lengths of national numbers, and the prefix dialled before them nationally."""
    region = _MAIN_REGIONS[country_code]
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(country_code), region)
    if metadata is None or metadata.general_desc is None:
        return (), b"-"
    trunk_prefix = metadata.national_prefix or "-"
    return metadata.general_desc.possible_length, trunk_prefix.encode()
