"""Questions about the rows of a review: counts, groups of problems, and pages of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from imports.engine.review import records
from imports.models import Review
from imports.schema.columns import Columns
from imports.schema.fields import FULL_NAME, NAME_FIELDS
from imports.validation import problems as sentences

STATES: Final = ("all", "ready", "invalid", "existing", "edited", "dropped")
MAX_GROUPS, MAX_VALUES = 50, 20

# The outcome of each row. A row with problems of its own has no address. `code` is that of a
# problem with other rows or with users.
_ROWS = """
    WITH rows AS (
        SELECT row_number, cells, original, problems, first_row, dropped, invite, email,
            CASE WHEN dropped OR email = '' THEN NULL
                WHEN first_row IS NOT NULL THEN 'duplicate_in_file'
                WHEN taken = 'other' THEN 'address_unavailable'
                WHEN taken = 'own' AND NOT %(skip)s::boolean THEN 'already_exists' END AS code,
            taken
        FROM import_review_rows WHERE upload_id = %(upload)s
    ), outcomes AS (
        SELECT *, CASE WHEN dropped THEN 'dropped'
            WHEN email = '' OR code IS NOT NULL THEN 'invalid'
            WHEN taken = 'own' THEN 'existing' ELSE 'ready' END AS state
        FROM rows
    )
"""
_COUNTS = f"""
    {_ROWS} SELECT
        EXISTS (SELECT FROM import_review_changes WHERE upload_id = %(upload)s),
        count(*),
        count(*) FILTER (WHERE state = 'ready'),
        count(*) FILTER (WHERE state = 'invalid'),
        count(*) FILTER (WHERE state = 'existing'),
        count(*) FILTER (WHERE original IS NOT NULL AND NOT dropped),
        count(*) FILTER (WHERE dropped),
        count(*) FILTER (WHERE state = 'ready' AND invite)
    FROM outcomes
"""  # noqa: S608 - a constant
# Each problem of each row, with the text of its cell. `places`: field -> index of its column.
# `shown`: field -> the field whose cell is shown to have its problems.
_PROBLEMS = f"""
    {_ROWS}, found AS (
        SELECT row_number, cells, first_row,
            coalesce(%(shown)s::jsonb->>(one->>0), one->>0) AS field,
            one->>1 AS code, one->>2 AS message
        FROM outcomes, jsonb_array_elements(problems) one WHERE state = 'invalid'
        UNION ALL
        SELECT row_number, cells, first_row, 'email', code, NULL FROM outcomes
        WHERE code IS NOT NULL
    ), named AS (
        SELECT *, coalesce(cells->>(%(places)s::jsonb->>field)::int, '') AS value FROM found
    )
"""  # noqa: S608 - a constant
_GROUPS = f"""
    {_PROBLEMS}, texts AS (
        SELECT field, code, value, count(*) AS count, min(message) AS message,
            min(first_row) AS first_row, min(row_number) AS at
        FROM named GROUP BY field, code, value
    ), ranked AS (
        SELECT *, sum(count) OVER (PARTITION BY field, code) AS total,
            min(at) OVER (PARTITION BY field, code) AS first_at,
            row_number() OVER (PARTITION BY field, code ORDER BY count DESC, at) AS place
        FROM texts
    )
    SELECT field, code, total, value, count, message, first_row
    FROM ranked WHERE place <= {MAX_VALUES}
    ORDER BY total DESC, first_at, field, code, place
"""  # noqa: S608 - a constant
_COUNT_PAGE = "{rows} SELECT count(*) FROM outcomes WHERE {conditions}"
_PAGE = """
    {rows}
    SELECT row_number, state, cells::text, original::text, problems::text, code, first_row
    FROM outcomes WHERE {conditions} ORDER BY row_number OFFSET %(offset)s LIMIT %(limit)s
"""
# What is asked for -> the condition.
_OF_STATE = "state = %(state)s"
_EDITED = "original IS NOT NULL AND NOT dropped"
_OF_ROWS = "row_number = ANY(string_to_array(%(rows)s::text, ' ')::int[])"
_OF_VALUE = "coalesce(cells->>(%(places)s::jsonb->>%(field)s::text)::int, '') = %(value)s::text"
_OF_PROBLEM = """
    row_number IN (SELECT row_number FROM named
        WHERE (%(field)s::text IS NULL OR field = %(field)s::text)
          AND (%(code)s::text IS NULL OR code = %(code)s::text))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which rows are asked for. None: any."""

    state: str = "all"
    field: str | None = None
    code: str | None = None
    value: str | None = None
    offset: int = 0
    limit: int = 100


class Page(NamedTuple):
    """Some of the rows that were asked for, and how many there are in all."""

    revision: int
    total: int
    rows: list[dict[str, Any]]


def counts(review: Review) -> dict[str, int]:
    """Gives the numbers of rows, by the names that the API has for them."""
    return counts_and_undo(review)[0]


def counts_and_undo(review: Review) -> tuple[dict[str, int], bool]:
    """Gives the numbers of rows, and whether a change can be taken back."""
    names = ("all", "ready", "invalid", "existing", "edited", "dropped", "invitations")
    with records.cursor() as db:
        db.execute(_COUNTS, _values(review))
        can_undo, *numbers = db.fetchone() or (False,)
    return dict(zip(names, numbers, strict=True)), bool(can_undo)


def groups(review: Review) -> list[dict[str, Any]]:
    """Gives the problems of all rows by field and code, the most frequent first."""
    columns = Columns.from_json(review.columns)
    with records.cursor() as db:
        db.execute(_GROUPS, _values(review))
        rows = db.fetchall()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for field, code, total, value, count, message, first_row in rows:
        position = columns.positions.get(field)
        group = found.setdefault(
            (field, code),
            {
                "field": field,
                "column": None if position is None else columns.headers[position],
                "code": code,
                "count": int(total),
                "values": [],
            },
        )
        sentence = message or _sentence(code, first_row)
        group["values"].append({"value": value, "count": count, "message": sentence})
    return list(found.values())[:MAX_GROUPS]


def page(review: Review, wanted: Wanted, rows: Iterable[int] | None = None) -> Page:
    """Gives some rows in the order of the file. `rows`: only rows with these numbers."""
    columns = Columns.from_json(review.columns)
    field = wanted.field
    by_value = wanted.value is not None and field
    by_problem = wanted.code is not None or (field is not None and wanted.value is None)
    asked = {
        "rows": None if rows is None else " ".join(map(str, rows)),
        "state": wanted.state,
        "field": field,
        "code": wanted.code,
        "value": wanted.value,
        "offset": wanted.offset,
        "limit": wanted.limit,
    }
    conditions = {
        _EDITED: wanted.state == "edited",
        _OF_STATE: wanted.state not in ("all", "edited"),
        _OF_ROWS: rows is not None,
        _OF_VALUE: by_value,
        _OF_PROBLEM: by_problem,
    }
    parts = {
        "rows": _PROBLEMS if by_problem else _ROWS,
        "conditions": " AND ".join(one for one, holds in conditions.items() if holds) or "true",
    }
    values = _values(review) | asked
    with records.cursor() as db:
        db.execute(_COUNT_PAGE.format(**parts), values, prepare=False)
        total = int((db.fetchone() or (0,))[0])
        found = []
        if total > wanted.offset:
            db.execute(_PAGE.format(**parts), values, prepare=False)
            found = db.fetchall()
    return Page(review.revision, total, _rows_json(columns, found))


def filled(review: Review, column: int) -> int:
    """Gives the number of rows that have a value in a column."""
    with records.cursor() as db:
        db.execute(
            "SELECT count(*) FROM import_review_rows WHERE upload_id = %s AND NOT dropped"
            " AND coalesce(cells->>%s::int, '') !~ '^[[:space:]]*$'",
            [review.upload_id, column],
        )
        return int((db.fetchone() or (0,))[0])


def _values(review: Review) -> dict[str, Any]:
    columns = Columns.from_json(review.columns)
    return {
        "upload": review.upload_id,
        "skip": bool(review.options.get("skip_duplicates", True)),
        "places": json.dumps(columns.positions),
        "shown": json.dumps(_shown(columns)),
    }


def _shown(columns: Columns) -> dict[str, str]:
    """The fields whose problems are shown at another one: the names of a file with full names."""
    return dict.fromkeys(NAME_FIELDS, FULL_NAME) if FULL_NAME in columns.positions else {}


def _rows_json(columns: Columns, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows of the result of _PAGE, as the API shows them."""
    if not rows:
        return []
    numbers, states, cells, originals, problems, codes, first_rows = zip(*rows, strict=True)
    shown, positions = _shown(columns), list(columns.positions.items())
    found = zip(records.decoded(problems), codes, first_rows, strict=True)
    return [
        {
            "row": row,
            "state": state,
            "values": {name: _cell(texts, at) for name, at in positions},
            "edited": [name for name, at in positions if _cell(texts, at) != _cell(original, at)]
            if original
            else [],
            "problems": [] if state == "dropped" else _problems_json(shown, *one),
        }
        for row, state, texts, original, one in zip(
            numbers, states, records.decoded(cells), records.decoded(originals), found, strict=True
        )
    ]


def _problems_json(
    shown: Mapping[str, str], own: list[Any], code: str | None, first_row: int | None
) -> list[dict[str, Any]]:
    """The problems of a row, its own and that with other rows or with users."""
    other = [["email", code, _sentence(code, first_row)]] if code else []
    return [
        {"field": shown.get(one[0], one[0]), "code": one[1], "message": one[2]}
        for one in (*own, *other)
    ]


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


_SENTENCES: Final[Mapping[str, Any]] = {
    "address_unavailable": sentences.address_unavailable,
    "already_exists": sentences.already_exists,
}


def _sentence(code: str, first_row: int | None) -> str:
    """The sentence of a problem with another row or with a user. It holds no address."""
    if first_row is not None and code == "duplicate_in_file":
        return sentences.duplicate_in_file("", first_row).message
    return str(_SENTENCES[code]("").message)
