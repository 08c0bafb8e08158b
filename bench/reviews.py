"""Measures the review of a staged file of 5,000 rows and 11 columns, without HTTP.

Each call goes through the whole application, with Django's test client. It is compared with a call
that answers who is logged in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from rest_framework.test import APIClient

from bench import fixtures
from bench.report import Result
from users.credentials import tokens

ROWS = 5_000
ROUNDS = 5


class _Reviewed:
    """A staged file, and the calls of its review."""

    def __init__(self, data: bytes) -> None:
        fixtures.empty_tables()
        user = fixtures.administrator()
        access = tokens.pair(user)["access"]
        self.client = APIClient(headers={"Authorization": f"Bearer {access}", "Host": "localhost"})
        upload = fixtures.stage(data, user)
        self.url = f"/api/v1/organizations/{user.organisation_id}/users/import/uploads/{upload.id}"
        self.revision = 1

    def get(self, url: str | None = None) -> None:
        """Looks at the review."""
        _check(self.client.get(url or self.url))

    def change(self, **change: Any) -> None:
        """Changes the review."""
        body = json.dumps({"revision": self.revision, **change})
        answer = self.client.patch(self.url, body, content_type="application/json")
        _check(answer)
        self.revision = answer.json()["revision"]


def _check(answer: Any) -> None:
    if answer.status_code != 200:
        raise AssertionError(answer.content[:1000])


def calls(_: int) -> list[Result]:
    """First look, one cell, 5,000 cells, the same text everywhere, and a page of rows."""
    data = fixtures.make_file(ROWS)
    times: dict[str, list[float]] = {}

    def took(name: str, call: Callable[[], object]) -> None:
        started = perf_counter()
        call()
        times.setdefault(name, []).append(1000 * (perf_counter() - started))

    for number in range(ROUNDS):
        review = _Reviewed(data)
        review.get("/api/v1/me")
        took("empty", lambda: review.get("/api/v1/me"))  # noqa: B023 - called at once
        took("first look", review.get)
        took("another look", review.get)
        took("a page of 500 rows", lambda: review.get(review.url + "/rows?limit=500"))  # noqa: B023
        for name, change in _changes(number).items():
            took(name, lambda: review.change(**change))  # noqa: B023
    empty = median(times.pop("empty"))
    return [_result(name, median(found), empty) for name, found in times.items()]


def _changes(number: int) -> dict[str, dict[str, Any]]:
    def edit(row: int, field: str, value: str) -> dict[str, Any]:
        return {"row": row, "field": field, "value": value}

    rows = range(2, ROWS + 2)
    return {
        "one cell": {"edits": [edit(2 + number, "department", "Mended")]},
        "one address": {"edits": [edit(2 + number, "email", "mended@example.com")]},
        f"{ROWS:,} cells": {"edits": [edit(row, "location", f"Oslo {row}") for row in rows]},
        "undo of 5,000 cells": {"undo": True},
        f"one text in {ROWS:,} rows": {
            "edits": [edit(row, "department", "Sales Team") for row in rows]
        },
        f"replace in {ROWS:,} rows": {
            "replace": [{"field": "department", "from": "Sales Team", "to": "Sales"}]
        },
        "another mapping": {"mapping": {"department": ""}},
    }


def _result(name: str, milliseconds: float, empty: float) -> Result:
    target = 30 if name in ("one cell", "one address") else 150
    return Result(
        measure=f"review of {ROWS:,} rows: {name}",
        figure=f"{milliseconds:.0f} ms",
        target=f"< {target} ms",
        detail=f"{milliseconds / empty:.0f} times a call that answers who is logged in"
        f" ({empty:.1f} ms); medians of {ROUNDS}",
    )
