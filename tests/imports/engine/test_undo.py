"""An import taken back: all of it that nobody has touched, once, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from uuid import UUID

import psycopg
import pytest
from django.db import connections
from django.test import override_settings

from core.errors import NotAllowed
from imports import actions
from imports.engine import failpoints, runner, undo
from imports.engine.undo import UndoResult
from imports.errors import UndoNotPossible
from tests.imports.engine.support.processes import until
from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.world import Client, World, batch_object
from users.models import User


@pytest.fixture
def client(world: World) -> Client:
    """Who imports, and undoes."""
    return world.client()


@pytest.fixture
def sample(client: Client) -> Sample:
    """Some users, some skipped rows, some failed ones."""
    return mixed(400, client.tag)


@pytest.fixture
def batch_id(world: World, client: Client, sample: Sample) -> UUID:
    """A completed batch."""
    made = world.submit(sample, client)
    runner.run(made, lambda: False)
    return made


def undone(batch_id: UUID, client: Client) -> UndoResult:
    """What a person asks for, and is told."""
    return actions.undo(batch_object(batch_id), user=User.objects.get(id=client.user_id))


def user_of(world: World, batch_id: UUID, number: int = 0) -> UUID:
    """One of the users that a batch made."""
    found: UUID = world.one(
        "SELECT id FROM users WHERE import_batch_id = %s ORDER BY email OFFSET %s LIMIT 1",
        batch_id,
        number,
    )
    return found


def count(world: World, client: Client) -> int:
    """The users of an organisation."""
    return int(
        world.one("SELECT count(*) FROM users WHERE organisation_id = %s", client.organisation_id)
    )


def test_every_user_that_the_batch_made_goes_and_nobody_else(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    made = len(sample.users())
    told = undone(batch_id, client)
    assert told == UndoResult(is_finished=True, removed_rows=made, kept_rows=0, kept=[])
    assert count(world, client) == len(sample.own) + 1  # who was there before, and the uploader
    assert world.status(batch_id) == "completed"  # what it became does not change
    world.promises_hold(batch_id)


REASONS = {
    "logged_in": "UPDATE users SET last_login = now() WHERE id = %(user)s",
    "invitation_accepted": "INSERT INTO user_invitations (user_id, accepted_at)"
    " VALUES (%(user)s, now())",
    "referenced": "INSERT INTO import_batches (filename, organisation_id, uploaded_by)"
    " SELECT 'x', organisation_id, id FROM users WHERE id = %(user)s",
    "edited": "UPDATE users SET phone = '' WHERE id = %(user)s",
}
OTHER_REFERENCES = {
    "a file that they staged": "INSERT INTO import_uploads (organisation_id, staged_by, filename,"
    " size_bytes, sha256, kind, encoding, delimiter, sheet, header_row, columns, warnings,"
    " total_rows) SELECT organisation_id, id, 'x', 1, '', 'csv', '', '', '', 1, '{}', '[]', 0"
    " FROM users WHERE id = %(user)s",
    "an invitation that they sent": "INSERT INTO user_invitations (user_id, invited_by)"
    " SELECT min(id::text)::uuid, %(user)s FROM users WHERE import_batch_id IS NULL",
}


@pytest.mark.parametrize("reason", REASONS)
def test_who_was_touched_is_kept_and_listed_with_the_reason(
    world: World, client: Client, sample: Sample, batch_id: UUID, reason: str
) -> None:
    kept = user_of(world, batch_id, 5)
    world.db.execute(REASONS[reason], {"user": kept})
    told = undone(batch_id, client)
    assert (told.removed_rows, told.kept_rows) == (len(sample.users()) - 1, 1)
    [one] = told.kept
    assert (one["user_id"], one["reason"]) == (str(kept), reason)
    assert one["message"] == f"{one['email']} {undo.SENTENCES[reason]}."
    assert world.sql("SELECT id FROM users WHERE import_batch_id = %s", batch_id) == [(kept,)]
    world.promises_hold(batch_id)


@pytest.mark.parametrize("reference", OTHER_REFERENCES)
def test_who_has_done_something_is_kept(
    world: World, client: Client, batch_id: UUID, reference: str
) -> None:
    kept = user_of(world, batch_id)
    world.db.execute(OTHER_REFERENCES[reference], {"user": kept})
    assert [one["reason"] for one in undone(batch_id, client).kept] == ["referenced"]


def test_an_invitation_that_waits_keeps_nobody_and_goes_with_its_user(
    world: World, client: Client, batch_id: UUID
) -> None:
    world.sql("INSERT INTO user_invitations (user_id) VALUES (%s)", user_of(world, batch_id))
    assert undone(batch_id, client).kept == []
    assert world.one("SELECT count(*) FROM user_invitations") == 0


def test_everything_that_points_at_a_user_in_the_database_counts(world: World) -> None:
    """A table that is added later, and keeps or loses its row with the user, must be known."""
    own = {("user_invitations", "user_id")}
    in_database = {
        (table, column)
        for table, column in world.sql(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
            " WHERE contype = 'f' AND confrelid = 'users'::regclass"
        )
    }
    known = {(key.model._meta.db_table, key.column) for key in undo.references()}
    assert in_database - own <= known


def test_a_second_undo_changes_nothing(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    first = undone(batch_id, client)
    before, people = world.batch(batch_id), count(world, client)
    # the same addresses come again: as users of another batch, whom the first undo does not own
    again = world.submit(plain(10, "again"), client)
    runner.run(again, lambda: False)
    assert undone(batch_id, client) == first
    assert world.batch(batch_id) == before
    assert count(world, client) == people + 10


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_batch_that_runs_can_not_be_undone(world: World, client: Client, status: str) -> None:
    batch_id = world.submit(plain(300, client.tag), client)
    if status == "processing":
        runner.run(batch_id, lambda: True)
    with pytest.raises(UndoNotPossible, match="still running"):
        undone(batch_id, client)


def test_a_batch_that_was_cancelled_in_the_middle_can_be_undone(
    world: World, client: Client
) -> None:
    batch_id = world.submit(plain(300, client.tag), client)
    runner.run(batch_id, lambda: True)
    user = User.objects.get(id=client.user_id)
    actions.cancel(batch_object(batch_id), user=user)
    assert undone(batch_id, client).removed_rows == 100
    world.promises_hold(batch_id)


def test_thirty_days_and_not_a_moment_longer(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    day = 86_400
    world.later(batch_id, 30 * day + 1)
    with pytest.raises(UndoNotPossible, match="could be undone until"):
        undone(batch_id, client)
    assert world.batch(batch_id)["undo_requested_at"] is None
    world.later(batch_id, -60)
    assert undone(batch_id, client).removed_rows == len(sample.users())


def test_an_undo_that_was_asked_for_in_time_is_finished_later(
    world: World, client: Client, batch_id: UUID
) -> None:
    world.sql("UPDATE import_batches SET undo_requested_at = now()")
    world.later(batch_id, 31 * 86_400)
    assert undone(batch_id, client).is_finished


def test_who_may_not_import_may_not_undo(world: World, client: Client, batch_id: UUID) -> None:
    world.sql("UPDATE users SET role = 'viewer' WHERE id = %s", client.user_id)
    with pytest.raises(NotAllowed):
        undone(batch_id, client)


# --- in the middle ----------------------------------------------------------------------------


@pytest.fixture
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "USERS_AT_A_TIME", 100)


@pytest.mark.usefixtures("_small_steps")
def test_it_stops_when_told_to_and_the_next_one_carries_on(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    made = len(sample.users())
    assert not undo.run(batch_id, lambda: True)
    told = undo.result(batch_object(batch_id))
    assert told == UndoResult(is_finished=False, removed_rows=100, kept_rows=0, kept=[])
    assert count(world, client) == made - 100 + len(sample.own) + 1
    world.promises_hold(batch_id)
    assert undo.run(batch_id, lambda: False)
    assert undo.result(batch_object(batch_id)).removed_rows == made
    world.promises_hold(batch_id)


@pytest.mark.usefixtures("_small_steps")
def test_an_error_in_the_middle_of_a_step_leaves_the_step_before_it(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    failpoints.reset()
    with (
        override_settings(FAILPOINTS=lambda: "mid_undo=bug@2"),
        pytest.raises(ZeroDivisionError),
    ):
        undone(batch_id, client)
    assert world.batch(batch_id)["undone_rows"] == 100
    world.promises_hold(batch_id)
    assert undone(batch_id, client).removed_rows == len(sample.users())
    world.promises_hold(batch_id)


@pytest.mark.usefixtures("_small_steps")
def test_undos_at_the_same_time_remove_everybody_once(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    told: list[UndoResult] = []
    all_at_once = threading.Barrier(4)

    def ask() -> None:
        all_at_once.wait()
        told.append(undone(batch_id, client))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.removed_rows for one in told} == {len(sample.users())}
    assert count(world, client) == len(sample.own) + 1
    world.promises_hold(batch_id)


def test_who_is_touched_while_the_undo_waits_for_them_is_kept(
    world: World, client: Client, sample: Sample, batch_id: UUID
) -> None:
    kept = user_of(world, batch_id)
    told: list[UndoResult] = []

    def ask() -> None:
        told.append(undone(batch_id, client))
        connections.close_all()

    with psycopg.connect(world.database_url) as other:
        # a reference: it locks the user's row, and changes nothing in it
        other.execute(
            "INSERT INTO import_batches (filename, organisation_id, uploaded_by)"
            " VALUES ('x', %s, %s)",
            [client.organisation_id, kept],
        )
        thread = threading.Thread(target=ask)
        thread.start()
        until(lambda: world.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    thread.join()
    assert [one["user_id"] for one in told[0].kept] == [str(kept)]
    assert told[0].removed_rows == len(sample.users()) - 1
    assert world.one("SELECT count(*) FROM import_batches WHERE uploaded_by = %s", kept) == 1
    world.promises_hold(batch_id)


def test_a_worker_killed_in_the_middle_of_an_undo(crew: World) -> None:
    client = crew.client()
    sample = plain(5000, client.tag)
    filename = f"{client.tag}.csv"
    batch_id = crew.submit(sample, client, chunk_size=5000, filename=filename)
    crew.completed(batch_id, sample)
    until(crew.is_quiet)
    worker = crew.processes[-1]
    crew.fail_at(f"mid_undo:{filename}=freeze@2")  # the second step of two thousand users
    crew.sql("UPDATE import_batches SET undo_requested_at = now() WHERE id = %s", batch_id)
    actions.tasks.enqueue_undo(batch_id)
    until(worker.frozen)
    crew.fail_at("")
    [frozen] = worker.frozen()
    os.kill(frozen, signal.SIGKILL)
    until(lambda: crew.batch(batch_id)["undone_at"])
    assert crew.batch(batch_id)["undone_rows"] == 5000
    assert count(crew, client) == 1
    crew.promises_hold(batch_id)
