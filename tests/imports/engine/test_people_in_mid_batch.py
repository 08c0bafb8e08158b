"""What people do while a batch runs: operators with SQL, a cancel, a right that is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest

from imports import actions
from tests.imports.engine.support.processes import until
from tests.imports.engine.support.samples import Sample, mixed
from tests.imports.engine.support.world import Client, World, batch_object
from users.models import User


@contextmanager
def halfway(world: World, client: Client, sample: Sample, point: str) -> Iterator[UUID]:
    """A batch whose worker stands still in the middle for as long as the block takes."""
    worker = world.processes[-1]
    world.fail_at(f"{point}:{client.tag}.csv=freeze@2")
    batch_id = world.submit(sample, client, filename=f"{client.tag}.csv")
    until(worker.frozen)
    world.fail_at("")
    yield batch_id
    worker.go_on()


def test_an_operator_sets_failed_by_sql_and_it_stays_so(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    with halfway(crew, client, sample, "after_commit") as batch_id:
        crew.sql(
            "UPDATE import_batches SET status = 'failed', error_message = 'Manual intervention -"
            " stuck import', completed_at = NOW() WHERE id = %s",
            batch_id,
        )
    until(crew.is_quiet)
    assert crew.status(batch_id) == "failed"
    assert crew.batch(batch_id)["error_message"] == "Manual intervention - stuck import"
    crew.stopped_early(batch_id, sample)


def test_an_operator_sets_failed_by_sql_while_a_chunk_is_being_written(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    with halfway(crew, client, sample, "mid_chunk") as batch_id:
        waiting = in_background(
            crew, "UPDATE import_batches SET status = 'failed', completed_at = NOW()"
            f" WHERE id = '{batch_id}'"
        )  # fmt: skip
    waiting.join()
    until(crew.is_quiet)
    assert crew.status(batch_id) == "failed"
    crew.stopped_early(batch_id, sample)
    assert crew.processed(batch_id) in (100, 200)  # the chunk was committed, or went with the lock


def in_background(world: World, statement: str) -> threading.Thread:
    """Runs a statement that has to wait for a lock; returns once it does."""
    pid: list[int] = []

    def run() -> None:
        with psycopg.connect(world.database_url, autocommit=True) as db:
            pid.append(db.info.backend_pid)
            db.execute(statement)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: pid)
    until(lambda: world.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            " AND pid = %s", pid[0]))  # fmt: skip
    return thread


def test_cancel_stops_within_two_seconds_and_the_counters_stay_true(crew: World) -> None:
    client = crew.client()
    sample = mixed(20_000, client.tag)
    batch_id = crew.submit(sample, client, chunk_size=500)
    until(lambda: crew.processed(batch_id))
    cancelled: list[str] = []

    def cancel() -> None:
        batch = actions.cancel(batch_object(batch_id), user=User.objects.get(id=client.user_id))
        cancelled.append(batch.status)

    cancel()
    processed = crew.processed(batch_id)
    until(crew.is_quiet, seconds=2)
    assert cancelled == ["cancelled"]
    assert crew.processed(batch_id) == processed
    crew.stopped_early(batch_id, sample)
    cancel()  # a second time changes nothing
    assert cancelled == ["cancelled", "cancelled"]


LOSSES = {
    "the organisation is deactivated": (
        "UPDATE organisations SET is_active = false WHERE id = %(organisation)s",
        "Stopped: the organisation is no longer active.",
    ),
    "the uploader is deactivated": (
        "UPDATE users SET is_active = false WHERE id = %(user)s",
        "Stopped: the account that uploaded the file is no longer active.",
    ),
    "the uploader loses the role": (
        "UPDATE users SET role = 'analyst' WHERE id = %(user)s",
        "Stopped: the account that uploaded the file may no longer import users here.",
    ),
    "the uploader changes the organisation": (
        "UPDATE users SET organisation_id = %(other)s WHERE id = %(user)s",
        "Stopped: the account that uploaded the file may no longer import users here.",
    ),
    "the uploader is deleted": (
        "DELETE FROM users WHERE id = %(user)s",
        "Stopped: the account that uploaded the file no longer exists.",
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_right_lost_in_mid_batch_stops_it_with_that_reason(crew: World, loss: str) -> None:
    client, other = crew.client(), crew.client()
    sample = mixed(1000, client.tag)
    statement, reason = LOSSES[loss]
    with halfway(crew, client, sample, "after_commit") as batch_id:
        crew.db.execute(
            statement,
            {
                "organisation": client.organisation_id,
                "user": client.user_id,
                "other": other.organisation_id,
            },
        )
    assert crew.ended(batch_id) == ["failed"]
    assert crew.batch(batch_id)["error_message"] == reason
    crew.stopped_early(batch_id, sample)


def gone(world: World, client: Client) -> bool:
    """Whether nothing is left of an organisation."""
    return not world.one(
        "SELECT (SELECT count(*) FROM users WHERE organisation_id = %(id)s)"
        " + (SELECT count(*) FROM import_batches WHERE organisation_id = %(id)s)"
        " + (SELECT count(*) FROM import_uploads WHERE organisation_id = %(id)s)".replace(
            "%(id)s", f"'{client.organisation_id}'"
        )
    )


def test_the_organisation_deleted_between_two_chunks(crew: World) -> None:
    client = crew.client()
    with halfway(crew, client, mixed(1000, client.tag), "after_commit"):
        crew.sql("DELETE FROM organisations WHERE id = %s", client.organisation_id)
    until(crew.is_quiet)
    assert gone(crew, client)


def test_the_organisation_deleted_while_a_chunk_is_being_written(crew: World) -> None:
    client = crew.client()
    deadlocks = deadlocks_of(crew)
    with halfway(crew, client, mixed(1000, client.tag), "mid_chunk"):
        deleted = in_background(
            crew, f"DELETE FROM organisations WHERE id = '{client.organisation_id}'"
        )
    deleted.join()
    until(crew.is_quiet)
    assert gone(crew, client)
    assert deadlocks_of(crew) == deadlocks


def deadlocks_of(world: World) -> int:
    """How many PostgreSQL has had to resolve."""
    world.sql("SELECT pg_stat_force_next_flush()")
    return int(
        world.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    )
