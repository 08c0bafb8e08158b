"""The list of the people of an organisation: search, filters, order and pages.

Each part of a list is one query that an index answers (`orders`). Nothing counts all rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
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

NOT_INVITED = "none"
# What `invited` may be. An invitation that is being sent at this moment counts as pending.
INVITED = (
    NOT_INVITED,
    *(state for state in Invitation.STATES if state != Invitation.Status.SENDING),
)
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
    rows = _filtered(organisation_id, filters, with_search=name != BY_MATCH)
    found: list[tuple[int, Any]] = []
    for number in range(place.part if place else 0, len(parts)):
        after = place if place and place.part == number else None
        missing = size + 1 - len(found)
        found += [(number, person) for person in _of_part(rows, parts[number], after)[:missing]]
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


def invited_as(states: Collection[str]) -> Q:
    """The people whose invitation is in one of these states of INVITED."""
    condition = Q()
    for state in states:
        condition |= _in_state(state)
    return condition


def _in_state(state: str) -> Q:
    status = Invitation.Status
    if state == NOT_INVITED:
        return Q(invitation__isnull=True)
    if state == status.PENDING:
        return Q(invitation__status__in=(status.PENDING, status.SENDING))
    is_over = Q(invitation__expires_at__lte=Now())
    if state == EXPIRED:
        return Q(invitation__status__in=Invitation.ARRIVED) & is_over
    if state in Invitation.ARRIVED:
        is_good = Q(invitation__expires_at__gt=Now()) | Q(invitation__expires_at__isnull=True)
        return Q(invitation__status=state) & is_good
    return Q(invitation__status=state)


def _of_part(rows: QuerySet[User], part: Part, after: Place | None) -> QuerySet[User]:
    chosen = rows.annotate(key=part.key).filter(part.condition)
    if after:
        chosen = chosen.filter(part.after(after.key, after.id))
    return with_invitation(chosen.order_by(*part.ordering()))


def _filtered(organisation_id: object, filters: Filters, *, with_search: bool) -> QuerySet[User]:
    people = User.objects.of(organisation_id)
    if filters.search and with_search:
        people = people.filter(_begins(EMAIL, filters.search) | _name_begins(filters.search))
    if filters.role:
        people = people.filter(role__in=filters.role)
    if filters.department is not None:
        people = people.filter(department=filters.department)
    if filters.application:
        people = people.filter(**{filters.application: True})
    if filters.invited:
        people = people.filter(invited_as(filters.invited))
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


def _name_begins(text: str) -> Q:
    return _begins(LAST_NAME, text) | _begins(FIRST_NAME, text)


def _begins(key: Any, text: str) -> Q:
    return Q(StartsWith(key, text.lower()))
