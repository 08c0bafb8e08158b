"""A plausible phone number is stored unchanged; any other is refused."""

from __future__ import annotations

import phonenumbers
import pytest

from imports.validation import phones
from tests.imports.validation.helpers import problem, stored


@pytest.mark.parametrize(
    "number",
    [
        "+44 20 7946 0123", "+442079460123", "(415) 555-2671", "0711 123456-12", "01.99.00.12.34",
        "030/23125-123", "+44 (0)20 7946 0123", "555-0100 ext. 12", "555-0100 x12", "5550100#12",
        "0044 20 7946 0123", "4321", "+1 415 555 2671", "+800 1234 5678", "٠٢٠ ٧٩٤٦ ٠١٢٣",
        "０３-１２３４-５６７８", "+44\u00a020\u00a07946\u00a00123", "0171\u20101234567",
        "+683 4002",
    ],
)  # fmt: skip
def test_a_plausible_number_is_stored_unchanged(number):
    assert stored("phone", number) == number


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        ("ask reception", "only digits"), ("n/a", "only digits"), ("-", "only digits"),
        ("112", "3 digits"), ("1-12", "3 digits"), ("()", "0 digits"),
        ("1234567890123456", "16 digits"),
        ("+999 555 0100", "no country"), ("+1 555 0100", "no country"), ("+", "only digits"),
        ("+0 30 1234567", "no country"), ("4.42079E+11", "column as text"),
        ("4,4E11", "column as text"),
        ("442079460123.0", "column as text"), ("++44 20 7946 0123", "only digits"),
        ("0171 or 0172", "only digits"), ("@home", "only digits"), ("=1+1", "only digits"),
    ],
)  # fmt: skip
def test_an_implausible_number_is_refused_with_the_reason(number, hint):
    found = problem("phone", number)
    assert found.code == "invalid_phone"
    assert hint in found.message


def test_a_number_of_more_than_20_characters_is_too_long():
    assert stored("phone", "0171 / 1234567 - 890")
    found = problem("phone", "+44 20 7946 0123 / 24")
    assert found.code == "too_long"
    assert "21 characters; at most 20" in found.message


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_numbers_of_every_country_are_plausible(region):
    for kind in (0, 1):  # fixed line, mobile
        number = phonenumbers.example_number_for_type(region, kind)
        for style in (0, 1, 2) if number else ():  # E164, international, national
            text = phonenumbers.format_number(number, style)
            assert len(text) > 20 or phones.problem_of(text) == "", text


@pytest.mark.parametrize(
    "number",
    ["+3606943208375", "+378827268", "+2617931645", "+861154220096800", "+570553902282945"],
)
def test_a_number_with_its_national_prefix_is_plausible(number: str) -> None:
    assert phones.problem_of(number) == ""
