"""What the audit trail keeps of an export: the list, the format, the columns, the filters and the
number of rows. No personal data: a search is kept as a fact, without its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from core.text import count_of
from imports import audit
from imports.audit.middleware import answering
from imports.models import EventType
from imports.models.statuses import Status
from imports.schema.fields import FIELDS
from users.admin.base import current_user
from users.people import queries
from users.rights.roles import Role

SEARCH = "search"
HIDDEN = "…"  # in place of a value that could be anything
_NO_FILTERS = {"o", "p", "e", "all", "_facets", "_changelist_filters"}  # parameters of the page
# Somebody can write anything into a URL. Kept are ids, times, booleans and words of our own.
_FORMAL = re.compile(
    r"[01]|True|False"
    r"|[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"
    r"|\d{4}(-\d\d){2}( \d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:\d\d)?)?"
)
_WORDS = frozenset({*Role.values, *Status.values, *queries.INVITED, *FIELDS})
MAX_FILTERS = 20


def details(
    model: str, file_format: str, columns: Sequence[str], parameters: Mapping[str, str], rows: int
) -> dict[str, Any]:
    """What is recorded. `parameters`: those of the list's URL. `rows`: how many."""
    return {
        "list": model,
        "format": file_format,
        "columns": list(columns),
        "filters": _filters(parameters),
        "rows": rows,
    }


def _filters(parameters: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in list(parameters.items())[:MAX_FILTERS]:
        if name == "q" and value.strip():
            found[SEARCH] = HIDDEN
        elif name != "q" and name not in _NO_FILTERS:
            is_known = value in _WORDS or _FORMAL.fullmatch(value)
            found[name] = value if is_known else HIDDEN
    return found


def in_words(facts: Mapping[str, Any]) -> str:
    """What `details` gave, as a line of text. "" where nothing was recorded."""
    if not facts:
        return ""
    filters = ", ".join(f"{name}={value}" for name, value in facts["filters"].items())
    return (
        f"{count_of(facts['rows'], 'row')} of {facts['list']} as {facts['format']};"
        f" filters: {filters or 'none'}; columns: {', '.join(facts['columns'])}"
    )


def record(request: HttpRequest, event_type: EventType, facts: Mapping[str, Any]) -> None:
    """Records an event, for the organisation of the user. May also be called while the answer is
    being sent, when the request is over for the middleware."""
    user = current_user(request)
    with answering(request):
        audit.record(
            event_type, user=user, organisation_id=user.organisation_id, details=dict(facts)
        )
