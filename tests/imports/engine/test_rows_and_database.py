"""Rows that only the database has something against, and addresses that two imports share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.world import World
from tests.imports.engine.test_people_in_mid_batch import deadlocks_of


@contextmanager
def trigger(world: World, name: str, body: str) -> Iterator[None]:
    """A row trigger on `users`, before each insert."""
    world.sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {body} RETURN NEW; END $$;"
        f" CREATE TRIGGER {name} BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    try:
        yield
    finally:
        world.sql(f"DROP FUNCTION {name}() CASCADE")


REFUSALS = {
    "a raised exception": "RAISE EXCEPTION 'not this one';",
    "a check": "RAISE check_violation;",
    "a value": "NEW.phone := repeat('0', 21);",
    "another rule of uniqueness": "RAISE unique_violation;",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_row_that_only_the_database_refuses_is_the_only_one_that_fails(
    crew: World, refusal: str
) -> None:
    client = crew.client()
    sample = plain(1000, client.tag)
    refused = ", ".join(f"'person{number:06}@{client.tag}.example'" for number in (0, 350, 999))
    with trigger(crew, "refuse", f"IF NEW.email IN ({refused}) THEN {REFUSALS[refusal]} END IF;"):
        batch_id = crew.submit(sample, client, chunk_size=400)
        assert crew.ended(batch_id) == ["completed"]
    errors = crew.sql(
        "SELECT row_number, error_code FROM import_errors WHERE import_batch_id = %s ORDER BY 1",
        batch_id,
    )
    assert errors == [(row, "refused_by_database") for row in (2, 352, 1001)]
    batch = crew.batch(batch_id)
    assert (batch["successful_rows"], batch["skipped_rows"], batch["failed_rows"]) == (997, 0, 3)
    crew.promises_hold(batch_id)


SLOWLY = "IF NEW.email LIKE '%%0@%%' THEN PERFORM pg_sleep(0.002); END IF;"


@pytest.mark.parametrize("chunk_size", [5000, 500])
@pytest.mark.parametrize("where", ["two organisations", "one organisation"])
def test_the_same_5_000_addresses_in_opposite_order_at_the_same_time(
    crew: World, where: str, chunk_size: int
) -> None:
    one = crew.client()
    two = one if where == "one organisation" else crew.client()
    up = plain(5000, one.tag)
    down = Sample(rows=up.rows[::-1])
    deadlocks = deadlocks_of(crew)
    with trigger(crew, "slowly", SLOWLY):  # so that they meet
        ids = [
            crew.submit(up, one, chunk_size=chunk_size),
            crew.submit(down, two, chunk_size=chunk_size),
        ]
        states = crew.ended(*ids)
    assert deadlocks_of(crew) == deadlocks
    crew.promises_hold(*ids)
    assert overlapped(crew, ids)
    made = [crew.batch(batch_id)["successful_rows"] for batch_id in ids]
    assert sum(made) == 5000
    emails = crew.sql("SELECT email FROM users WHERE import_batch_id = ANY(%s)", ids)
    assert {email for (email,) in emails} == {row.user[0] for row in up.rows if row.user}
    for batch_id, number, state in zip(ids, made, states, strict=True):
        rest = "skipped_rows" if where == "one organisation" else "failed_rows"
        assert crew.batch(batch_id)[rest] == 5000 - number
        assert state == ("failed" if number == 0 and rest == "failed_rows" else "completed")


def overlapped(world: World, ids: list[UUID]) -> bool:
    """Whether each began before the other one ended."""
    return bool(
        world.one(
            "SELECT max(started_at) < min(completed_at) FROM import_batches WHERE id = ANY(%s)", ids
        )
    )


def test_an_address_that_the_file_spells_twice_in_two_ways_is_one_user(crew: World) -> None:
    client = crew.client()
    spellings = [
        "jürgen.müller@example.com",  # no address: the local part is not ASCII
        "user@müller.example",
        "USER@xn--mller-kva.example",
        "user@M\u00dcLLER.example",
        "\u200buser@m\u00fcller.example",
        "ｕｓｅｒ@müller.example",
    ]
    rows = plain(len(spellings), client.tag).rows
    cells = [(spelling, *row.cells[1:]) for spelling, row in zip(spellings, rows, strict=True)]
    batch_id = crew.submit(
        Sample(rows=[type(row)(cells=one) for row, one in zip(rows, cells, strict=True)]), client
    )
    assert crew.ended(batch_id) == ["completed"]
    assert crew.sql("SELECT email FROM users WHERE import_batch_id = %s", batch_id) == [
        ("user@xn--mller-kva.example",)
    ]
    crew.promises_hold(batch_id)


def test_a_file_imported_again_changes_nothing(crew: World) -> None:
    client = crew.client()
    sample = plain(1000, client.tag)
    crew.completed(crew.submit(sample, client), sample)
    users = crew.sql("SELECT * FROM users WHERE organisation_id = %s ORDER BY id",
                     client.organisation_id)  # fmt: skip
    again = crew.submit(sample, client)
    assert crew.ended(again) == ["completed"]
    batch = crew.batch(again)
    assert (batch["successful_rows"], batch["skipped_rows"]) == (0, 1000)
    assert users == crew.sql(
        "SELECT * FROM users WHERE organisation_id = %s ORDER BY id", client.organisation_id
    )


def test_users_who_exist_are_failed_rows_where_that_was_asked_for(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    batch_id = crew.submit(sample, client, skip_duplicates=False)
    assert crew.ended(batch_id) == ["completed"]
    codes = dict(
        crew.sql(
            "SELECT error_code, count(*) FROM import_errors WHERE import_batch_id = %s GROUP BY 1",
            batch_id,
        )
    )
    assert codes["already_exists"] == len(sample.own)
    assert codes["address_unavailable"] == len(sample.foreign)
    crew.promises_hold(batch_id)
