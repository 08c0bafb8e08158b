"""The orders in which people are listed, and the place where a page ends.

A list goes on after the last row of a page (its key and its id), not after a number of rows: the
millionth row costs as much as the first. A text is compared by its code points, so that the same
index serves the order and the search for the beginning of a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate, Lower
from django.utils.dateparse import parse_datetime

from users.people.refusals import WrongCursor

# The unique index of the address serves lists, too: whose organisation is small is found by another
# index. The names have indexes of their own (migration 0016).
EMAIL = F("email")
FIRST_NAME = Collate(Lower("first_name"), "C")
LAST_NAME = Collate(Lower("last_name"), "C")
DEFAULT_SORT = "email"
ALL_ROWS = Q()
_SALT = "users.people.cursor"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list: the rows that match, in the order of one key."""

    key: Combinable
    is_descending: bool = False
    condition: Q = ALL_ROWS

    def ordering(self) -> list[Any]:
        """The order, for `order_by`."""
        key, last = F("key"), F("id")
        return [key.desc(), last.desc()] if self.is_descending else [key.asc(), last.asc()]

    def after(self, key: Any, id_: UUID) -> Q:
        """The rows behind a row. The first condition is for the index."""
        if self.is_descending:
            return Q(key__lte=key) & (Q(key__lt=key) | Q(id__lt=id_))
        return Q(key__gte=key) & (Q(key__gt=key) | Q(id__gt=id_))


def _both_ways(name: str, key: Combinable) -> dict[str, tuple[Part, ...]]:
    return {name: (Part(key),), f"-{name}": (Part(key, is_descending=True),)}


def _logins(name: str, *, is_descending: bool) -> dict[str, tuple[Part, ...]]:
    """People who have never logged in come last, by their address."""
    return {
        name: (
            Part(F("last_login"), is_descending, Q(last_login__isnull=False)),
            Part(EMAIL, condition=Q(last_login__isnull=True)),
        )
    }


SORTS: dict[str, tuple[Part, ...]] = {
    **_both_ways("email", EMAIL),
    **_both_ways("last_name", LAST_NAME),
    **_both_ways("created_at", F("created_at")),
    **_logins("last_login", is_descending=False),
    **_logins("-last_login", is_descending=True),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: in which part of the list, and after which row."""

    part: int
    key: Any
    id: UUID

    def as_cursor(self, name: str) -> str:
        """A text for clients, in which they can't change anything. `name`: that of the order."""
        is_text = isinstance(self.key, str)
        key = self.key if is_text else self.key.isoformat()
        return signing.dumps([name, self.part, key, is_text, self.id.hex], salt=_SALT)


def place_of(cursor: str, name: str, parts: Sequence[Part]) -> Place:
    """The place of a cursor. Raises WrongCursor, also for one of another order."""
    try:
        made_for, part, key, is_text, id_ = signing.loads(cursor, salt=_SALT)
        place = Place(part, key if is_text else parse_datetime(key), UUID(id_))
    except (signing.BadSignature, ValueError, TypeError):
        raise WrongCursor from None
    if made_for != name or not 0 <= part < len(parts):
        raise WrongCursor
    return place
