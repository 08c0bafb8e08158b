"""Excerpts, lists of names, numbers with a noun, and times in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.text import count_of, excerpt, join_names, utc


def test_an_excerpt_is_one_printable_line() -> None:
    assert excerpt(" a\tb\r\nc\x00d ") == "a b c d"


def test_a_long_excerpt_ends_with_an_ellipsis() -> None:
    assert excerpt("x" * 10, 10) == "x" * 10
    assert excerpt("x" * 11, 10) == "x" * 9 + "…"


def test_names_are_joined_by_commas_and_the_rest_is_counted() -> None:
    names = [f"n{number}" for number in range(23)]
    assert join_names(names[:2]) == "n0, n1"
    assert join_names(names[:20]).endswith(", n19")
    assert join_names(names).endswith(", n19 and 3 more")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_a_number_has_its_noun_in_the_right_form(number: int, text: str) -> None:
    assert count_of(number, "row") == text


def test_a_time_is_shown_in_utc_with_or_without_seconds() -> None:
    moment = datetime(2026, 11, 26, 1, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert utc(moment) == "2026-11-25 23:30 UTC"
    assert utc(moment, seconds=True) == "2026-11-25 23:30:05 UTC"
    assert utc(moment.astimezone(UTC)) == utc(moment)
