"""The list of the people of an organisation: search, filters, order and pages.

Each part of a list is one query that an index answers (`orders`). Nothing counts all rows.

A search has an order of its own, in which an index answers it, too. For another order all matches
have to be read and sorted, so that their number is limited.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.db.models.lookups import StartsWith

from users.models import Invitation, User
from users.models.invitations import EXPIRED
from users.people.orders import (
    DEFAULT_SORT,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    SORTS,
    Part,
    Place,
    place_of,
)
from users.people.refusals import SearchTooBroad

NOT_INVITED = "none"
# What `invited` may be. An invitation that is being sent at this moment counts as pending.
INVITED = (
    NOT_INVITED,
    *(state for state in Invitation.STATES if state != Invitation.Status.SENDING),
)
MAX_SORTED = 5000  # matches of a search, for each column that is searched
BY_MATCH = "match"  # the order of a search, unless another one is asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Which people are listed. What is None or empty does not matter."""

    search: str = ""  # how the address, the first or the last name begins, in any case
    role: Collection[str] = ()
    department: str | None = None
    application: str | None = None  # one of `changes.APPLICATIONS`
    invited: Collection[str] = ()  # of INVITED
    active: bool | None = None
    batch: UUID | None = None


class Page(NamedTuple):
    """People, and the cursor of the next page ("" on the last one)."""

    people: list[User]
    next_cursor: str


def page_of(
    organisation_id: object,
    filters: Filters,
    *,
    sort: str | None = None,
    cursor: str = "",
    size: int = 50,
) -> Page:
    """One page of the people of an organisation. `sort`: a key of SORTS; by default the e-mail
    address, and for a search the names first. Raises WrongCursor."""
    name = sort or (BY_MATCH if filters.search else DEFAULT_SORT)
    parts = _parts_of_search(filters.search) if name == BY_MATCH else SORTS[name]
    place = place_of(cursor, name, parts) if cursor else None
    rows = _filtered(organisation_id, filters)
    to_sort = filters.search if name != BY_MATCH else ""
    if to_sort:
        _refuse_broad_search(organisation_id, to_sort)
    found: list[tuple[int, Any]] = []
    for number in range(place.part if place else 0, len(parts)):
        after = place if place and place.part == number else None
        missing = size + 1 - len(found)
        some = _of_part(rows, parts[number], after, missing, to_sort)
        found += [(number, person) for person in some]
        if len(found) > size:
            break
    if len(found) <= size:
        return Page([person for _, person in found], "")
    number, last = found[size - 1]
    next_place = Place(number, last.key, last.id)
    return Page([person for _, person in found[:size]], next_place.as_cursor(name))


def invitation_of(person: User) -> Invitation | None:
    """The invitation of a person, which `with_invitation` has read along."""
    return next(iter(person.invitation_set.all()), None)


def with_invitation(people: QuerySet[User]) -> QuerySet[User]:
    """Reads the invitations along, in a second query."""
    invitations = Prefetch("invitation_set", Invitation.objects.everywhere())
    return people.prefetch_related(invitations)


def invited_as(states: Collection[str], organisation_id: Any = None) -> Q:
    """The people whose invitation is in one of these states of INVITED. With their organisation, an
    index finds the states that are rare."""
    invitations = Invitation.objects.everywhere().filter(user_id=OuterRef("id"))
    is_not_invited = Q(~Exists(invitations))
    if organisation_id:
        invitations = invitations.filter(organisation_id=organisation_id)
    in_states = Q()
    for state in set(states) - {NOT_INVITED}:
        in_states |= _in_state(state)
    if not in_states:
        return is_not_invited
    is_invited = Q(Exists(invitations.filter(in_states)))
    return is_invited | is_not_invited if NOT_INVITED in states else is_invited


def _in_state(state: str) -> Q:
    status = Invitation.Status
    if state == status.PENDING:
        return Q(status__in=(status.PENDING, status.SENDING))
    if state == EXPIRED:
        return Q(status__in=Invitation.ARRIVED, expires_at__lte=Now())
    if state in Invitation.ARRIVED:
        return Q(status=state) & (Q(expires_at__gt=Now()) | Q(expires_at__isnull=True))
    return Q(status=state)


def _of_part(
    people: QuerySet[User], part: Part, after: Place | None, limit: int, to_sort: str
) -> list[User]:
    """The next people of a part. to_sort: a search whose matches come in the order of the part."""
    chosen = people.annotate(key=part.key).filter(part.condition)
    if after:
        chosen = chosen.filter(part.after(after.key, after.id))
    if not to_sort:
        return list(with_invitation(chosen.order_by(*part.ordering()))[:limit])
    # Each column is searched by its own index. As one condition, the three would make PostgreSQL
    # read people in the order of the list until enough of them match, which can be all of them.
    matches = [
        chosen.filter(_begins(column, to_sort)).order_by().values("id", "key")
        for column in (LAST_NAME, FIRST_NAME, EMAIL)
    ]
    order = ("-key", "-id") if part.is_descending else ("key", "id")
    ids = [row["id"] for row in matches[0].union(*matches[1:]).order_by(*order)[:limit]]
    found = with_invitation(people.annotate(key=part.key)).in_bulk(ids)
    return [found[id_] for id_ in ids if id_ in found]


def _refuse_broad_search(organisation_id: object, text: str) -> None:
    for column in (LAST_NAME, FIRST_NAME, EMAIL):
        matches = User.objects.of(organisation_id).filter(_begins(column, text)).order_by()
        if matches[MAX_SORTED : MAX_SORTED + 1].exists():
            raise SearchTooBroad


def _filtered(organisation_id: object, filters: Filters) -> QuerySet[User]:
    """The people whom all filters but the search let through."""
    people = User.objects.of(organisation_id)
    if filters.role:
        people = people.filter(role__in=filters.role)
    if filters.department is not None:
        people = people.filter(department=filters.department)
    if filters.application:
        people = people.filter(**{filters.application: True})
    if filters.invited:
        people = people.filter(invited_as(filters.invited, organisation_id))
    if filters.active is not None:
        people = people.filter(is_active=filters.active)
    if filters.batch is not None:
        people = people.filter(import_batch_id=filters.batch)
    return people


def _parts_of_search(text: str) -> tuple[Part, ...]:
    """Last names first, then first names, then addresses. Each row is in one part."""
    last, first, email = (_begins(key, text) for key in (LAST_NAME, FIRST_NAME, EMAIL))
    return (
        Part(LAST_NAME, condition=last),
        Part(FIRST_NAME, condition=first & ~last),
        Part(EMAIL, condition=email & ~first & ~last),
    )


def _begins(key: Any, text: str) -> Q:
    return Q(StartsWith(key, text.lower()))
