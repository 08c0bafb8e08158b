"""A full name in a single column is split into first and last name."""

from __future__ import annotations

import pytest

from imports.validation.rows import RowChecker, split_full_name
from tests.imports.validation.helpers import columns_of


@pytest.mark.parametrize(
    ("full_name", "first", "last"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"), (" Ada  Lovelace ", "Ada", "Lovelace"),
        ("Ada King Lovelace", "Ada King", "Lovelace"), ("Lovelace, Ada", "Ada", "Lovelace"),
        ("de la Cruz, José María", "José María", "de la Cruz"),
        ("Smith, John, Jr.", "John, Jr.", "Smith"),
        ("山田\u3000太郎", "太郎", "山田"),
        ("김 민수", "민수", "김"), ("マイケル スミス", "マイケル", "スミス"),
        ("王，小明", "小明", "王"), ("Prince", "Prince", ""),
        ("", "", ""),
        (", Ada", "Ada", ""), ("Lovelace,", "", "Lovelace"),
    ],
)  # fmt: skip
def test_a_full_name_is_split_into_first_and_last(full_name, first, last):
    assert split_full_name(full_name) == (first, last)


def test_a_full_name_of_one_word_lacks_the_last_name():
    checker = RowChecker(columns_of("email", "full_name"))
    assert checker.check(["p@example.com", "Lovelace, Ada"])[1:3] == ("Ada", "Lovelace")
    [found] = checker.check(["p@example.com", "Prince"])
    assert (found.field, found.code, found.value) == ("last_name", "required", "Prince")
    assert "one word" in found.message


def test_an_empty_full_name_lacks_both_names():
    problems = RowChecker(columns_of("full_name", "email")).check(["", "p@example.com"])
    assert [(found.field, found.code) for found in problems] == [
        ("first_name", "required"), ("last_name", "required"),
    ]  # fmt: skip
