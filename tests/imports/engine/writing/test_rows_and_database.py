"""Rows that only the database refuses, and e-mail addresses that two imports share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.imports.engine.faults.test_changes_during_import import deadlocks_of
from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.stack import Stack


@contextmanager
def trigger(stack: Stack, name: str, body: str) -> Iterator[None]:
    """Creates a trigger that runs before each row is inserted into `users`."""
    stack.sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {body} RETURN NEW; END $$;"
        f" CREATE TRIGGER {name} BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    try:
        yield
    finally:
        stack.sql(f"DROP FUNCTION {name}() CASCADE")


REFUSALS = {
    "a raised exception": "RAISE EXCEPTION 'not this one';",
    "a check": "RAISE check_violation;",
    "a value": "NEW.phone := repeat('0', 21);",
    "another unique constraint": "RAISE unique_violation;",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_only_the_row_that_the_database_refuses_fails(live_stack: Stack, refusal: str) -> None:
    tenant = live_stack.new_tenant()
    sample = plain(1000, tenant.name)
    refused = ", ".join(f"'person{number:06}@{tenant.name}.example'" for number in (0, 350, 999))
    with trigger(
        live_stack, "refuse", f"IF NEW.email IN ({refused}) THEN {REFUSALS[refusal]} END IF;"
    ):
        batch_id = live_stack.submit(sample, tenant, chunk_size=400)
        assert live_stack.wait_until_ended(batch_id) == ["completed"]
    errors = live_stack.sql(
        "SELECT row_number, error_code FROM import_errors WHERE import_batch_id = %s ORDER BY 1",
        batch_id,
    )
    assert errors == [(row, "refused_by_database") for row in (2, 352, 1001)]
    batch = live_stack.batch(batch_id)
    assert (batch["successful_rows"], batch["skipped_rows"], batch["failed_rows"]) == (997, 0, 3)
    live_stack.check_invariants(batch_id)


SLOWLY = "IF NEW.email LIKE '%%0@%%' THEN PERFORM pg_sleep(0.002); END IF;"


@pytest.mark.parametrize("chunk_size", [5000, 500])
@pytest.mark.parametrize("where", ["two organisations", "one organisation"])
def test_two_imports_of_the_same_addresses_in_opposite_order(
    live_stack: Stack, where: str, chunk_size: int
) -> None:
    one = live_stack.new_tenant()
    two = one if where == "one organisation" else live_stack.new_tenant()
    up = plain(5000, one.name)
    down = Sample(rows=up.rows[::-1])
    deadlocks = deadlocks_of(live_stack)
    with trigger(live_stack, "slowly", SLOWLY):  # so that the imports overlap
        ids = [
            live_stack.submit(up, one, chunk_size=chunk_size),
            live_stack.submit(down, two, chunk_size=chunk_size),
        ]
        states = live_stack.wait_until_ended(*ids)
    assert deadlocks_of(live_stack) == deadlocks
    live_stack.check_invariants(*ids)
    assert overlapped(live_stack, ids)
    made = [live_stack.batch(batch_id)["successful_rows"] for batch_id in ids]
    assert sum(made) == 5000
    emails = live_stack.sql("SELECT email FROM users WHERE import_batch_id = ANY(%s)", ids)
    assert {email for (email,) in emails} == {row.user[0] for row in up.rows if row.user}
    for batch_id, number, state in zip(ids, made, states, strict=True):
        rest = "skipped_rows" if where == "one organisation" else "failed_rows"
        assert live_stack.batch(batch_id)[rest] == 5000 - number
        assert state == ("failed" if number == 0 and rest == "failed_rows" else "completed")


def overlapped(stack: Stack, ids: list[UUID]) -> bool:
    """Whether each began before the other one ended."""
    return bool(
        stack.value(
            "SELECT max(started_at) < min(completed_at) FROM import_batches WHERE id = ANY(%s)", ids
        )
    )


def test_different_spellings_of_an_address_are_one_user(
    live_stack: Stack,
) -> None:
    tenant = live_stack.new_tenant()
    spellings = [
        "jürgen.müller@example.com",  # no address: the local part is not ASCII
        "user@müller.example",
        "USER@xn--mller-kva.example",
        "user@M\u00dcLLER.example",
        "\u200buser@m\u00fcller.example",
        "ｕｓｅｒ@müller.example",
    ]
    rows = plain(len(spellings), tenant.name).rows
    cells = [(spelling, *row.cells[1:]) for spelling, row in zip(spellings, rows, strict=True)]
    batch_id = live_stack.submit(
        Sample(rows=[type(row)(cells=one) for row, one in zip(rows, cells, strict=True)]), tenant
    )
    assert live_stack.wait_until_ended(batch_id) == ["completed"]
    assert live_stack.sql("SELECT email FROM users WHERE import_batch_id = %s", batch_id) == [
        ("user@xn--mller-kva.example",)
    ]
    live_stack.check_invariants(batch_id)


def test_a_file_imported_again_changes_nothing(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = plain(1000, tenant.name)
    live_stack.wait_until_completed(live_stack.submit(sample, tenant), sample)
    users = live_stack.sql("SELECT * FROM users WHERE organisation_id = %s ORDER BY id",
                     tenant.organisation_id)  # fmt: skip
    again = live_stack.submit(sample, tenant)
    assert live_stack.wait_until_ended(again) == ["completed"]
    batch = live_stack.batch(again)
    assert (batch["successful_rows"], batch["skipped_rows"]) == (0, 1000)
    assert users == live_stack.sql(
        "SELECT * FROM users WHERE organisation_id = %s ORDER BY id", tenant.organisation_id
    )


def test_existing_users_are_failed_rows_without_skip_duplicates(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    batch_id = live_stack.submit(sample, tenant, skip_duplicates=False)
    assert live_stack.wait_until_ended(batch_id) == ["completed"]
    codes = dict(
        live_stack.sql(
            "SELECT error_code, count(*) FROM import_errors WHERE import_batch_id = %s GROUP BY 1",
            batch_id,
        )
    )
    assert codes["already_exists"] == len(sample.existing_own)
    assert codes["address_unavailable"] == len(sample.existing_foreign)
    live_stack.check_invariants(batch_id)
