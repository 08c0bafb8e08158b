"""PostgreSQL compares the rows of a new file by a hash table, and never each with every other.

It knows nothing of a new file where it knows all rows of another one, and then expects one row.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from rest_framework.test import APIClient

from imports.engine.review import comparing, records
from tests.imports.reviews.helpers import Reviewed, reviewed, row
from users.models import Organisation

ROWS = 300
pytestmark = pytest.mark.django_db


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plans of all changes of rows."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def explained(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        if "UPDATE import_review_rows" in str(query):
            execute(self, f"EXPLAIN {query}", *args, **options)
            found.append("\n".join(line for (line,) in self.fetchall()))
        return execute(self, query, *args, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", explained)
    return found


@pytest.fixture
def new(api: APIClient, acme: Organisation) -> Reviewed:
    """A review of a file, begun after PostgreSQL has counted the rows of another one."""
    rows = [row(f"Grace{number}") for number in range(ROWS)]
    reviewed(api, acme, rows).get()
    with connection.cursor() as db:
        db.execute("ANALYZE import_review_rows")
    return reviewed(api, acme, rows)


def test_the_first_look_joins_no_rows(new: Reviewed, plans: list[str]) -> None:
    new.get()
    assert plans
    assert not any("Nested Loop" in plan for plan in plans)


def test_a_change_of_all_rows_joins_them_by_a_hash_table(new: Reviewed, plans: list[str]) -> None:
    new.get()
    plans.clear()
    numbers = range(2, ROWS + 2)
    new.change(edits=[{"row": n, "field": "email", "value": f"{n}@n.example"} for n in numbers])
    assert sum("Hash Join" in plan for plan in plans) == 2  # the cells, and the first of an address
    assert not any("Nested Loop" in plan for plan in plans)


def test_the_comparison_of_all_rows_joins_them_by_a_hash_table(
    acme: Organisation, new: Reviewed, plans: list[str]
) -> None:
    new.get()
    plans.clear()
    comparing.compare(new.upload_id, acme.id)  # type: ignore[arg-type]
    assert "Hash Join" in plans[0]
    assert not any("Nested Loop" in plan for plan in plans)


def test_a_change_of_one_row_reads_no_other(new: Reviewed, plans: list[str]) -> None:
    new.get()
    plans.clear()
    new.edit(2, "department", "Research")
    assert len(plans) == 1  # the address is the same: no row is compared with it
    assert "Hash Join" not in plans[0]


def test_other_statements_may_join_by_nested_loops_again(new: Reviewed) -> None:
    new.get()
    with records.cursor() as db:
        assert db.execute("SHOW enable_nestloop").fetchone() == ("on",)
