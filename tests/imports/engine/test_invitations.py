"""Whom an import invites: each user that it creates and whose row asks for it, exactly once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connections

from imports import invitations, tasks
from imports.engine import runner
from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.in_process import always, injected_faults, never
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.stack import Stack, batch_object, connected_to
from tests.imports.engine.support.undo import undo_batch
from users.invitations import claims, outbox, requests


@pytest.fixture(params=["terse", "default"])
def inviting(
    request: pytest.FixtureRequest,
    databases: Databases,
    broker_url: str,
    tmp_path: Path,
    settings: Any,
    django_db_blocker: Any,
) -> Iterator[Stack]:
    """A stack with e-mail, whose imports copy into `users`, or into a temporary table
    (imports/engine/writing/insert_table.py)."""
    verbose = request.param == "default"
    created = Stack(databases.new(verbose=verbose), broker_url, tmp_path)
    created.turn_mail_on()
    settings.EMAIL_HOST = "127.0.0.1"
    with django_db_blocker.unblock(), connected_to(created):
        yield created
    created.close()


def test_new_users_whose_rows_ask_for_it_are_invited_in_the_uploaders_name(
    inviting: Stack,
) -> None:
    tenant = inviting.new_tenant()
    sample = mixed(400, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    inviting.check_outcome(batch_id, sample)
    facts = inviting.sql(
        "SELECT DISTINCT organisation_id, import_batch_id, invited_by, status, generation, attempts"
        " FROM user_invitations"
    )
    assert facts == [(tenant.organisation_id, batch_id, tenant.user_id, "pending", 1, 0)]


def test_nobody_is_invited_where_the_import_says_so(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    batch_id = inviting.submit(plain(10, tenant.name), tenant, send_invitations=False)
    runner.run(batch_id, never)
    assert inviting.batch(batch_id)["successful_rows"] == 10
    assert inviting.value("SELECT count(*) FROM user_invitation_requests") == 0


def test_nobody_is_invited_while_email_is_off(inviting: Stack, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    inviting.invites = False
    tenant = inviting.new_tenant()
    sample = plain(10, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    inviting.check_outcome(batch_id, sample)
    assert invitations.sentence(batch_object(batch_id)) == invitations.MAIL_IS_OFF


def test_an_import_of_an_operator_invites_in_nobodys_name(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    batch_id = inviting.submit(plain(4, tenant.name), tenant)
    inviting.sql(
        "UPDATE import_batches SET uploaded_by = NULL, door = 'command' WHERE id = %s", batch_id
    )
    runner.run(batch_id, never)
    requests.write_all()
    assert inviting.sql("SELECT DISTINCT invited_by FROM user_invitations") == [(None,)]


def test_users_who_exist_already_are_not_invited_by_a_second_import(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    sample = plain(30, tenant.name)
    first, second = (inviting.submit(sample, tenant) for _ in range(2))
    for batch_id in (first, second):
        runner.run(batch_id, never)
    assert inviting.batch(second)["skipped_rows"] == 30
    requests.write_all()
    assert inviting.sql("SELECT DISTINCT import_batch_id FROM user_invitations") == [(first,)]
    inviting.check_outcome(first, sample)


def test_rows_that_the_database_refuses_are_not_invited(inviting: Stack) -> None:
    """Then the chunk is halved until these rows are alone, and each part is inserted by itself."""
    tenant = inviting.new_tenant()
    sample = plain(100, tenant.name)
    inviting.sql("ALTER TABLE users ADD CHECK (first_name NOT IN ('First 7', 'First 8'))")
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    assert inviting.batch(batch_id)["failed_rows"] == 2
    assert inviting.value("SELECT count(*) FROM user_invitation_requests") > 1
    numbers = invitations.of(batch_object(batch_id))
    requests.write_all()
    refused = {f"person{number:06}@{tenant.name}.example" for number in (7, 8)}
    invited = inviting.sql(
        "SELECT email FROM user_invitations JOIN users ON users.id = user_invitations.user_id"
    )
    assert sorted(email for (email,) in invited) == sorted(sample.invited() - refused)
    assert numbers == invitations.Invitations(pending=len(invited))
    assert invitations.of(batch_object(batch_id)) == numbers


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_a_chunk_that_is_repeated_invites_once(inviting: Stack, point: str) -> None:
    tenant = inviting.new_tenant()
    sample = mixed(400, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    while inviting.processed(batch_id) < len(sample):
        with injected_faults(f"{point}=bug"), pytest.raises(ZeroDivisionError):
            runner.run(batch_id, never)
        inviting.check_outcome(batch_id, sample.first_rows(inviting.processed(batch_id)))
        with injected_faults(""):
            runner.run(batch_id, always)
        inviting.check_outcome(batch_id, sample.first_rows(inviting.processed(batch_id)))
    inviting.check_outcome(batch_id, sample)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_workers_that_are_killed_invite_once(inviting: Stack, point: str) -> None:
    tenant = inviting.new_tenant()
    sample = mixed(1000, tenant.name)
    filename = f"{tenant.name}.csv"
    inviting.beat(DELIVER_TWICE="")
    inviting.worker(2, DELIVER_TWICE="")
    inviting.set_faults(f"{point}:{filename}=kill@3")
    batch_id = inviting.submit(sample, tenant, filename=filename)
    inviting.wait_until_completed(batch_id, sample)
    assert inviting.batch(batch_id)["attempt"] >= 3


# --- writing what was asked for ------------------------------------------------------------------


def test_invitations_that_are_asked_for_are_written_once_by_many_at_the_same_time(
    inviting: Stack,
) -> None:
    tenant = inviting.new_tenant()
    sample = mixed(1000, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    assert inviting.value("SELECT count(*) FROM user_invitation_requests") == 10
    all_at_once = threading.Barrier(4)

    def write() -> None:
        all_at_once.wait()
        requests.write_all()
        connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inviting.value("SELECT count(*) FROM user_invitation_requests") == 0
    inviting.check_outcome(batch_id, sample)


def test_a_request_whose_invitations_can_not_be_written_is_kept(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    sample = plain(30, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    inviting.sql("ALTER TABLE user_invitations ADD CONSTRAINT broken CHECK (generation > 1)")
    with pytest.raises(IntegrityError):
        requests.write_all()
    inviting.sql("ALTER TABLE user_invitations DROP CONSTRAINT broken")
    inviting.check_outcome(batch_id, sample)


def test_who_was_invited_by_hand_deleted_or_moved_meanwhile_is_left_out(inviting: Stack) -> None:
    tenant, other = inviting.new_tenant(), inviting.new_tenant()
    sample = plain(9, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    wanted = "SELECT id FROM users WHERE invitation_requested ORDER BY id LIMIT 3"
    by_hand, deleted, moved = (found for (found,) in inviting.sql(wanted))
    inviting.sql("INSERT INTO user_invitations (user_id) VALUES (%s)", by_hand)
    inviting.sql("DELETE FROM users WHERE id = %s", deleted)
    inviting.sql(
        "UPDATE users SET organisation_id = %s WHERE id = %s", other.organisation_id, moved
    )
    requests.write_all()
    found = inviting.sql("SELECT user_id FROM user_invitations WHERE import_batch_id IS NOT NULL")
    assert len(found) == 3
    assert not {by_hand, deleted, moved} & {user_id for (user_id,) in found}
    assert inviting.value("SELECT count(*) FROM user_invitations") == 4


def test_the_few_of_one_organisation_do_not_wait_for_the_many_of_another(inviting: Stack) -> None:
    many, few = inviting.new_tenant(), inviting.new_tenant()
    first = inviting.submit(plain(500, many.name), many, chunk_size=100)
    second = inviting.submit(plain(5, few.name), few)
    for batch_id in (first, second):
        runner.run(batch_id, never)
    requests.write_some(0)  # one request
    assert inviting.sql("SELECT DISTINCT import_batch_id FROM user_invitations") == [(second,)]


def test_the_uploader_may_be_deleted_before_the_invitations_are_written(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    batch_id = inviting.submit(plain(4, tenant.name), tenant)
    runner.run(batch_id, never)
    inviting.sql("DELETE FROM users WHERE id = %s", tenant.user_id)
    requests.write_all()
    assert inviting.sql("SELECT DISTINCT invited_by FROM user_invitations") == [(None,)]
    inviting.sql("DELETE FROM organisations WHERE id = %s", tenant.organisation_id)
    assert inviting.value("SELECT count(*) FROM user_invitations") == 0


# --- undo ----------------------------------------------------------------------------------------


def test_an_undo_revokes_the_invitations_of_the_users_it_removes(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    sample = plain(30, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    requests.write_all()
    kept = inviting.value("SELECT user_id FROM user_invitations ORDER BY id LIMIT 1")
    inviting.sql(
        "UPDATE user_invitations SET status = 'accepted', accepted_at = now() WHERE user_id = %s",
        kept,
    )
    result = undo_batch(batch_id, tenant)
    assert [(one["user_id"], one["reason"]) for one in result.kept] == [
        (str(kept), "invitation_accepted")
    ]
    rows = inviting.sql("SELECT user_id, status, count(*) FROM user_invitations GROUP BY 1, 2")
    revoked = len(sample.invited()) - 1
    assert set(rows) == {(kept, "accepted", 1), (None, "revoked", revoked)}
    numbers = invitations.of(batch_object(batch_id))
    assert numbers == invitations.Invitations(accepted=1, revoked=revoked)


def test_what_waits_or_is_claimed_is_not_sent_after_an_undo(
    inviting: Stack, mailoutbox: list[Any]
) -> None:
    tenant = inviting.new_tenant()
    batch_id = inviting.submit(plain(30, tenant.name), tenant)
    runner.run(batch_id, never)
    requests.write_all()
    inviting.sql("UPDATE user_invitations SET next_attempt_at = now()")
    claimed = claims.take(5)
    assert len(claimed) == 5
    undo_batch(batch_id, tenant)
    assert [claims.begin(claim, None) for claim in claimed] == [None] * 5
    assert not outbox.expire_and_check()
    assert not outbox.send_due()
    assert mailoutbox == []


def test_an_undo_revokes_invitations_that_were_not_written_yet(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    sample = plain(30, tenant.name)
    batch_id = inviting.submit(sample, tenant)
    runner.run(batch_id, never)
    undo_batch(batch_id, tenant)
    assert inviting.value("SELECT count(*) FROM user_invitation_requests") == 0
    assert state(inviting, batch_id) == [("revoked", False)]
    revoked = invitations.Invitations(revoked=len(sample.invited()))
    assert invitations.of(batch_object(batch_id)) == revoked


@pytest.mark.slow
def test_an_undo_that_is_killed_revokes_all_in_the_end(inviting: Stack) -> None:
    tenant = inviting.new_tenant()
    sample = plain(5000, tenant.name)
    filename = f"{tenant.name}.csv"
    batch_id = inviting.submit(sample, tenant, chunk_size=5000, filename=filename)
    runner.run(batch_id, never)
    inviting.set_faults(f"mid_undo:{filename}=freeze@2")
    inviting.beat()
    worker = inviting.worker(2)
    inviting.sql("UPDATE import_batches SET undo_requested_at = now() WHERE id = %s", batch_id)
    tasks.enqueue_undo(batch_id)
    wait_until(worker.frozen)
    inviting.set_faults("")
    assert sorted(state(inviting, batch_id)) == [("pending", True), ("revoked", False)]
    [frozen] = worker.frozen()
    os.kill(frozen, signal.SIGKILL)
    wait_until(lambda: inviting.batch(batch_id)["undone_at"])
    assert state(inviting, batch_id) == [("revoked", False)]


def state(stack: Stack, batch_id: UUID) -> list[tuple[str, bool]]:
    """Gives the statuses of a batch's invitations, each with whether there is a user."""
    return stack.sql(
        "SELECT DISTINCT status, user_id IS NOT NULL FROM user_invitations"
        " WHERE import_batch_id = %s",
        batch_id,
    )
