"""The list of people: search, filters, orders and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from users.models import Invitation, Organisation, User
from users.people import queries
from users.people.orders import SORTS
from users.people.queries import INVITED, Filters, page_of
from users.people.refusals import SearchTooBroad, WrongCursor

pytestmark = pytest.mark.django_db

# address, first name, last name, days since the last login
PEOPLE = [
    ("zoe.lind@acme.example", "Zoë", "Lind", 1),
    ("ada@acme.example", "Ada", "Åberg", None),
    ("lindgren@acme.example", "Astrid", "Ödman", None),
    ("b@acme.example", "Linda", "lindqvist", 3),
    ("c@acme.example", "Bo", "LINDAHL", 3),
    ("d@acme.example", "Bo", "Berg", None),
    ("e@acme.example", "50%_off", "Berg", 2),
]


@pytest.fixture
def people(acme: Organisation, globex: Organisation) -> dict[str, User]:
    """By address. Globex has a person of the same names."""
    made, now = {}, datetime.now(UTC)
    for number, (email, first, last, days) in enumerate(PEOPLE):
        made[email.partition("@")[0]] = User.objects.create_user(
            email,
            first_name=first,
            last_name=last,
            organisation=acme,
            last_login=None if days is None else now - timedelta(days=days),
            created_at=now + timedelta(seconds=number % 3),
        )
    User.objects.create_user(
        "lind@globex.example", first_name="Linda", last_name="Lind", organisation=globex
    )
    return made


def names(acme: Organisation, size: int = 50, sort: str | None = None, **filters: Any) -> list[str]:
    """The people of all pages."""
    found, cursor = list[str](), ""
    while True:
        page = page_of(acme.id, Filters(**filters), sort=sort, cursor=cursor, size=size)
        assert len(page.people) <= size
        found += [person.email.partition("@")[0] for person in page.people]
        cursor = page.next_cursor
        if not cursor:
            return found


def key_of(sort: str, person: User) -> Any:
    value = getattr(person, sort.removeprefix("-"))
    return value.lower() if isinstance(value, str) else value


@pytest.mark.parametrize(("sort", "size"), [*product(SORTS, (1, 2, 3, 50))])
def test_pages_hold_everybody_once_in_the_order_that_was_asked_for(
    acme: Organisation, people: dict[str, User], sort: str, size: int
) -> None:
    is_descending = sort.startswith("-")
    known = [person for person in people.values() if key_of(sort, person) is not None]
    known.sort(key=lambda person: (key_of(sort, person), person.id), reverse=is_descending)
    never = [person for person in people.values() if person not in known]
    never.sort(key=lambda person: person.email)
    expected = [person.email.partition("@")[0] for person in [*known, *never]]
    assert names(acme, size, sort) == expected


@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_search_gives_last_names_then_first_names_then_addresses(
    acme: Organisation, people: dict[str, User], size: int
) -> None:
    assert names(acme, size, search="LIND") == ["zoe.lind", "c", "b", "lindgren"]
    assert names(acme, size, search="linda") == ["c", "b"]
    assert names(acme, size, search="zoë") == ["zoe.lind"]
    assert names(acme, size, search="ö") == ["lindgren"]
    assert names(acme, size, search="50%") == ["e"]
    assert names(acme, size, search="50_") == []
    assert names(acme, size, search="\\") == []


def test_a_search_can_have_another_order(acme: Organisation, people: dict[str, User]) -> None:
    assert names(acme, 1, "email", search="lind") == ["b", "c", "lindgren", "zoe.lind"]
    assert names(acme, 1, "-email", search="lind") == ["zoe.lind", "lindgren", "c", "b"]


def test_a_search_with_another_order_that_matches_too_many_is_refused(
    acme: Organisation, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_SORTED", 3)
    assert len(names(acme, 2, "email", search="lind")) == 4  # three by the last name
    monkeypatch.setattr(queries, "MAX_SORTED", 2)
    with pytest.raises(SearchTooBroad):
        names(acme, 2, "email", search="lind")
    assert len(names(acme, 2, search="lind")) == 4


def test_filters(acme: Organisation, people: dict[str, User]) -> None:
    def change(name: str, **fields: Any) -> None:
        User.objects.of(acme.id).filter(id=people[name].id).update(**fields)

    change("ada", role="admin", department="IT")
    change("b", role="analyst", department="it", market_edge_access=True)
    change("c", is_active=False)
    assert names(acme, role=["admin"]) == ["ada"]
    assert names(acme, role=["admin", "analyst"]) == ["ada", "b"]
    assert names(acme, department="IT") == ["ada"]
    assert names(acme, department="") == ["c", "d", "e", "lindgren", "zoe.lind"]
    assert names(acme, application="market_edge_access") == ["b"]
    assert names(acme, application="value_edge_access") == []
    assert names(acme, active=False) == ["c"]
    assert len(names(acme, active=True)) == len(PEOPLE) - 1
    assert names(acme, batch=uuid4()) == []
    assert names(acme, role=["admin"], department="IT", search="åb") == ["ada"]


def test_the_state_of_the_invitation(acme: Organisation, people: dict[str, User]) -> None:
    states = ["pending", "sending", "sent", "unknown", "accepted", "failed"]
    for name, status in zip(people, states, strict=False):
        over = {"expires_at": Now() + timedelta(days=-1 if status == "unknown" else 1)}
        Invitation.objects.create(user=people[name], organisation=acme, status=status, **over)
    in_order = list(people)
    assert sorted(names(acme, invited=["pending"])) == sorted(in_order[:2])
    assert names(acme, invited=["sent"]) == [in_order[2]]
    assert names(acme, invited=["expired"]) == [in_order[3]]
    assert names(acme, invited=["unknown"]) == []
    assert names(acme, invited=["accepted"]) == [in_order[4]]
    assert names(acme, invited=["failed"]) == [in_order[5]]
    assert names(acme, invited=["none"]) == [in_order[6]]
    assert sorted(names(acme, invited=INVITED, size=2)) == sorted(in_order)


def test_a_page_takes_few_queries(acme: Organisation, people: dict[str, User]) -> None:
    with CaptureQueriesContext(connection) as made:
        page_of(acme.id, Filters(), size=3)
    assert len(made) == 2  # people and their invitations
    assert "COUNT(" not in str(made.captured_queries)


@pytest.mark.parametrize("cursor", ["x", "bm90IG91cnM", "\x00", "é", "a" * 5000])
def test_a_wrong_cursor_is_refused(acme: Organisation, cursor: str) -> None:
    with pytest.raises(WrongCursor):
        page_of(acme.id, Filters(), cursor=cursor)


def test_a_cursor_belongs_to_its_order(acme: Organisation, people: dict[str, User]) -> None:
    cursor = page_of(acme.id, Filters(), sort="email", size=1).next_cursor
    with pytest.raises(WrongCursor):
        page_of(acme.id, Filters(), sort="-email", cursor=cursor)
    with pytest.raises(WrongCursor):
        page_of(acme.id, Filters(search="lind"), cursor=cursor)
    with pytest.raises(WrongCursor):
        page_of(acme.id, Filters(), cursor=signing.dumps(["email", 0, "x", True, "y"]))
