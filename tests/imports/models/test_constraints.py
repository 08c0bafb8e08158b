"""Constraints, defaults and triggers of the tables."""

from __future__ import annotations

import json

import pytest
from psycopg import errors

from tests.imports.models.helpers import SampleData


@pytest.mark.parametrize("table", ["organisations", "users", "import_batches", "import_uploads"])
def test_every_update_sets_updated_at(data: SampleData, table: str) -> None:
    assert data.one(f"SELECT bool_and(updated_at = created_at) FROM {table}")
    data.sql(f"UPDATE {table} SET id = id")
    assert data.one(f"SELECT bool_and(updated_at > created_at) FROM {table}")


IMPOSSIBLE_BATCHES = {
    "counters that do not add up": {"total_rows": 9, "processed_rows": 5, "successful_rows": 4},
    "more rows processed than there are": {
        "total_rows": 1,
        "processed_rows": 2,
        "successful_rows": 2,
    },
    "completed before the last row": {"total_rows": 2, "status": "completed"},
    "an unknown status": {"status": "queued"},
    "a status with a capital letter": {"status": "Failed"},
}


@pytest.mark.parametrize("case", IMPOSSIBLE_BATCHES)
def test_impossible_batches_are_refused(data: SampleData, case: str) -> None:
    with pytest.raises(errors.CheckViolation):
        data.insert_batch(**IMPOSSIBLE_BATCHES[case])


def test_updates_are_checked_too(data: SampleData) -> None:
    with pytest.raises(errors.CheckViolation):
        data.sql("UPDATE import_batches SET successful_rows = 1")


def test_an_email_with_a_capital_letter_is_refused(data: SampleData) -> None:
    with pytest.raises(errors.CheckViolation):
        data.user("Ada@new.example")


def test_an_email_is_unique_across_organisations(data: SampleData) -> None:
    with pytest.raises(errors.UniqueViolation):
        data.user("ada@acme.example", organisation_id=None)


def test_an_unknown_role_is_refused(data: SampleData) -> None:
    with pytest.raises(errors.CheckViolation):
        data.user("eve@acme.example", role="emperor")


def test_the_same_error_of_a_row_is_stored_only_once(data: SampleData) -> None:
    with pytest.raises(errors.UniqueViolation):
        data.insert_error(error_message="Again.")


def test_columns_have_defaults(data: SampleData) -> None:
    user = data.one("SELECT to_jsonb(u) FROM users u WHERE id = %s", data.imported)
    assert user["role"] == "viewer"
    assert [user[name] for name in ("is_active", "is_staff", "is_superuser")] == [
        True,
        False,
        False,
    ]
    assert user["password"] == "!"  # not a hash: nobody can log in with it
    batch = data.one("SELECT to_jsonb(b) FROM import_batches b")
    assert (batch["status"], batch["total_rows"], batch["error_message"]) == ("pending", 0, "")
    assert json.loads(data.one("SELECT row_data::text FROM import_errors")) == {}
