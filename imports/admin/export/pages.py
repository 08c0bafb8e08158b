"""Reads the rows of a list in pages, each in a short query of its own.

No transaction and no cursor is open between two pages. So neither `statement_timeout` nor
`idle_in_transaction_session_timeout` ends a long export, a pooler in transaction mode does not
matter, and nothing runs on in PostgreSQL after a client has left. The next page begins behind the
last row of this one, so that the last page costs as much as the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan

ROWS_PER_PAGE = 2000

Rows = list[tuple[Any, ...]]


class _Row(Func):
    """PostgreSQL's ROW(a, b, …). Two of them are compared in the order of an index."""

    function = "ROW"
    output_field = BooleanField()  # Django wants a type; it is not used


def pages(
    rows: QuerySet[Any], columns: Sequence[str], key: Sequence[str], *, is_descending: bool = False
) -> Iterator[Rows]:
    """The values of `columns` of all rows, in the order of `key`, in pages.

    `key`: columns that are unique together, and never null."""
    names = list(dict.fromkeys([*columns, *key]))
    places = [names.index(name) for name in key]
    order = [F(name).desc() if is_descending else F(name).asc() for name in key]
    ordered = rows.order_by(*order).values_list(*names)
    compare = LessThan if is_descending else GreaterThan
    place = _Row(*map(F, key))
    page = list(ordered[:ROWS_PER_PAGE])
    while page:
        last = page[-1]
        yield [row[: len(columns)] for row in page]
        if len(page) < ROWS_PER_PAGE:
            return
        behind = _Row(*(Value(last[index]) for index in places))
        page = list(ordered.filter(compare(place, behind))[:ROWS_PER_PAGE])
