"""Every refusal has a sentence, a code and a status."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import NotFound, Refusal, TooManyRequests


def all_refusals(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """The class and all classes derived from it, as far as they are loaded."""
    yield base
    for derived in base.__subclasses__():
        yield from all_refusals(derived)


@pytest.mark.parametrize("refusal", [*all_refusals()], ids=lambda refusal: refusal.__name__)
def test_the_docstring_of_a_refusal_is_its_default_sentence(refusal: type[Refusal]) -> None:
    assert refusal.__doc__
    assert refusal.default_detail() == refusal.__doc__.splitlines()[0]
    assert refusal.default_detail().endswith((".", "!"))
    assert 400 <= refusal.status < 500 or refusal.status in (503, 507)


def test_a_refusal_has_its_own_sentence_and_facts_for_programs() -> None:
    refusal = NotFound("There is no such batch.", batch=7)
    assert str(refusal) == refusal.detail == "There is no such batch."
    assert refusal.facts == {"batch": 7}


def test_a_class_without_a_docstring_inherits_the_sentence() -> None:
    derived = type("Derived", (NotFound,), {})
    assert derived().detail == NotFound().detail


def test_too_many_requests_say_when_to_try_again() -> None:
    refusal = TooManyRequests(retry_after_seconds=30)
    assert refusal.headers() == {"Retry-After": "30"}
    assert refusal.facts == {"retry_after_seconds": 30}
