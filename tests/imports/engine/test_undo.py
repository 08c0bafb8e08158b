"""Undo of an import: deletes the users that nobody has changed or used, and each of them once."""

from __future__ import annotations

from uuid import UUID

import pytest

from core.errors import NotAllowed
from imports import actions
from imports.engine import runner, undo
from imports.engine.undo import UndoResult
from imports.errors import UndoNotPossible
from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.stack import Stack, Tenant, batch_object
from tests.imports.engine.support.undo import count, undo_batch, user_of
from users.models import User


@pytest.fixture
def tenant(stack: Stack) -> Tenant:
    """The organisation that imports and undoes."""
    return stack.new_tenant()


@pytest.fixture
def sample(tenant: Tenant) -> Sample:
    """A file with new users, skipped rows and failed rows."""
    return mixed(400, tenant.name)


@pytest.fixture
def batch_id(stack: Stack, tenant: Tenant, sample: Sample) -> UUID:
    """A completed batch."""
    made = stack.submit(sample, tenant)
    runner.run(made, lambda: False)
    return made


def test_every_user_that_the_batch_created_is_deleted_and_nobody_else(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    made = len(sample.users())
    result = undo_batch(batch_id, tenant)
    assert result == UndoResult(
        is_finished=True, removed_rows=made, kept_rows=0, moved_rows=0, kept=[]
    )
    assert count(stack, tenant) == len(sample.existing_own) + 1  # and the uploader
    assert stack.status(batch_id) == "completed"  # an undo is no status
    stack.check_invariants(batch_id)


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
def test_a_user_who_was_changed_or_used_is_kept_with_the_reason(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID, reason: str
) -> None:
    kept = user_of(stack, batch_id, 5)
    stack.db.execute(REASONS[reason], {"user": kept})
    result = undo_batch(batch_id, tenant)
    assert (result.removed_rows, result.kept_rows) == (len(sample.users()) - 1, 1)
    [one] = result.kept
    assert (one["user_id"], one["reason"]) == (str(kept), reason)
    assert one["message"] == f"{one['email']} {undo.SENTENCES[reason]}."
    assert stack.sql("SELECT id FROM users WHERE import_batch_id = %s", batch_id) == [(kept,)]
    stack.check_invariants(batch_id)


@pytest.mark.parametrize("reference", OTHER_REFERENCES)
def test_a_user_to_whom_other_rows_refer_is_kept(
    stack: Stack, tenant: Tenant, batch_id: UUID, reference: str
) -> None:
    kept = user_of(stack, batch_id)
    stack.db.execute(OTHER_REFERENCES[reference], {"user": kept})
    assert [one["reason"] for one in undo_batch(batch_id, tenant).kept] == ["referenced"]


@pytest.mark.parametrize(("status", "after"), [("sent", "revoked"), ("failed", "failed")])
def test_an_open_invitation_of_a_user_who_is_removed_is_revoked(
    stack: Stack, tenant: Tenant, batch_id: UUID, status: str, after: str
) -> None:
    user = user_of(stack, batch_id)
    stack.sql("INSERT INTO user_invitations (user_id, status) VALUES (%s, %s)", user, status)
    assert undo_batch(batch_id, tenant).kept == []
    kept = stack.sql("SELECT user_id, organisation_id, status FROM user_invitations")
    assert kept == [(None, tenant.organisation_id, after)]


def test_every_foreign_key_to_users_is_known(stack: Stack) -> None:
    """Also those of tables that are added later."""
    in_database = {
        (table, column)
        for table, column in stack.sql(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
            " WHERE contype = 'f' AND confrelid = 'users'::regclass"
        )
    }
    known = {(key.model._meta.db_table, key.column) for key in undo.references()}
    assert in_database <= known


def test_a_second_undo_changes_nothing(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    first = undo_batch(batch_id, tenant)
    before, people = stack.batch(batch_id), count(stack, tenant)
    # another batch creates users, which the first undo must not delete
    again = stack.submit(plain(10, "again"), tenant)
    runner.run(again, lambda: False)
    assert undo_batch(batch_id, tenant) == first
    assert stack.batch(batch_id) == before
    assert count(stack, tenant) == people + 10


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_running_batch_can_not_be_undone(stack: Stack, tenant: Tenant, status: str) -> None:
    batch_id = stack.submit(plain(300, tenant.name), tenant)
    if status == "processing":
        runner.run(batch_id, lambda: True)
    with pytest.raises(UndoNotPossible, match="still running"):
        undo_batch(batch_id, tenant)


def test_a_cancelled_batch_can_be_undone(stack: Stack, tenant: Tenant) -> None:
    batch_id = stack.submit(plain(300, tenant.name), tenant)
    runner.run(batch_id, lambda: True)
    user = User.objects.everywhere().get(id=tenant.user_id)
    actions.cancel(batch_object(batch_id), user=user)
    assert undo_batch(batch_id, tenant).removed_rows == 100
    stack.check_invariants(batch_id)


def test_a_batch_can_be_undone_for_thirty_days(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    day = 86_400
    stack.make_older(batch_id, 30 * day + 1)
    with pytest.raises(UndoNotPossible, match="could be undone until"):
        undo_batch(batch_id, tenant)
    assert stack.batch(batch_id)["undo_requested_at"] is None
    stack.make_older(batch_id, -60)
    assert undo_batch(batch_id, tenant).removed_rows == len(sample.users())


def test_an_undo_that_was_requested_in_time_is_finished_later(
    stack: Stack, tenant: Tenant, batch_id: UUID
) -> None:
    stack.sql("UPDATE import_batches SET undo_requested_at = now()")
    stack.make_older(batch_id, 31 * 86_400)
    assert undo_batch(batch_id, tenant).is_finished


def test_a_user_who_may_not_import_may_not_undo(
    stack: Stack, tenant: Tenant, batch_id: UUID
) -> None:
    stack.sql("UPDATE users SET role = 'viewer' WHERE id = %s", tenant.user_id)
    with pytest.raises(NotAllowed):
        undo_batch(batch_id, tenant)
