"""The rules of `user_invitations` that the database keeps by itself, whoever changes its tables."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.imports.models.helpers import SampleData
from tests.imports.models.test_user_keys import start_and_wait_for_lock
from tests.paths import ROOT


def invite(data: SampleData, **values: Any) -> UUID:
    found: UUID = data.insert("user_invitations", **{"user_id": data.imported} | values)
    return found


def invitations(data: SampleData) -> list[tuple[Any, ...]]:
    return data.sql("SELECT user_id, organisation_id, invited_by, status FROM user_invitations")


def test_an_invitation_has_defaults_and_the_organisation_of_its_user(data: SampleData) -> None:
    invite(data)
    assert invitations(data) == [(data.imported, data.organisation, None, "pending")]
    due = "SELECT generation, attempts, reason, next_attempt_at <= now() FROM user_invitations"
    assert data.sql(due) == [(1, 0, "", True)]


@pytest.mark.parametrize("column", ["user_id", "invited_by"])
def test_an_invitation_names_users_who_exist(data: SampleData, column: str) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        invite(data, **{column: uuid4()})


def test_an_invitation_is_not_of_another_organisation_than_its_user(data: SampleData) -> None:
    other = data.insert("organisations", name="Globex")
    staff = data.user("root@marketedge.example", role="super_admin", organisation_id=None)
    for user in (data.imported, staff):
        with pytest.raises(errors.ForeignKeyViolation, match="must be the one of its user"):
            invite(data, user_id=user, organisation_id=other)


def test_a_user_has_one_invitation(data: SampleData) -> None:
    invite(data, status="revoked")
    with pytest.raises(errors.UniqueViolation):
        invite(data)


@pytest.mark.parametrize("given", [True, False])
def test_an_invitation_moves_with_its_user(data: SampleData, given: bool) -> None:
    other = data.insert("organisations", name="Globex") if given else None
    invite(data)
    data.sql("UPDATE users SET organisation_id = %s WHERE id = %s", other, data.imported)
    assert invitations(data) == [(data.imported, other, None, "pending")]


@pytest.mark.parametrize(
    ("status", "after"),
    [
        *((status, "revoked") for status in ("pending", "sending", "sent", "unknown")),
        *((status, status) for status in ("accepted", "revoked", "failed", "bounced")),
    ],
)
def test_an_invitation_outlives_its_user_and_is_revoked_if_it_was_open(
    data: SampleData, status: str, after: str
) -> None:
    invite(data, status=status, invited_by=data.admin)
    data.sql("DELETE FROM users WHERE id = ANY(%s)", [data.imported, data.admin])
    assert invitations(data) == [(None, data.organisation, None, after)]


def test_deleting_an_organisation_deletes_its_invitations_and_no_others(data: SampleData) -> None:
    other = data.insert("organisations", name="Globex")
    theirs = data.user("x@globex.example", organisation_id=other)
    for user in (data.imported, data.admin, theirs):
        invite(data, user_id=user, invited_by=data.admin)
    data.sql("DELETE FROM users WHERE id = %s", data.imported)
    data.sql("DELETE FROM organisations WHERE id = %s", data.organisation)
    assert invitations(data) == [(theirs, other, None, "pending")]


def test_deleting_a_user_waits_for_an_uncommitted_invitation(data: SampleData, dsn: str) -> None:
    with psycopg.connect(dsn) as inviting:
        inviting.execute("INSERT INTO user_invitations (user_id) VALUES (%s)", [data.imported])
        statement = f"DELETE FROM users WHERE id = '{data.imported}'"
        deleting = start_and_wait_for_lock(dsn, statement)
    deleting.join()
    assert invitations(data) == [(None, data.organisation, None, "revoked")]


def test_inviting_a_user_who_is_being_deleted_fails(data: SampleData, dsn: str) -> None:
    refused: list[Exception] = []
    with psycopg.connect(dsn) as deleting:
        deleting.execute("DELETE FROM users WHERE id = %s", [data.imported])
        statement = f"INSERT INTO user_invitations (user_id) VALUES ('{data.imported}')"
        inviting = start_and_wait_for_lock(dsn, statement, refused)
    inviting.join()
    assert isinstance(refused[0], errors.ForeignKeyViolation)
    assert invitations(data) == []


def test_a_request_ends_with_its_organisation_and_not_with_who_made_it(data: SampleData) -> None:
    data.insert(
        "user_invitation_requests",
        organisation_id=data.organisation,
        import_batch_id=data.batch,
        invited_by=data.admin,
        first_id=data.imported,
        last_id=data.imported,
        number=1,
    )
    data.sql("DELETE FROM users WHERE id = %s", data.admin)
    assert data.sql("SELECT invited_by FROM user_invitation_requests") == [(None,)]
    data.sql("DELETE FROM organisations")
    assert data.count("user_invitation_requests") == 0


@pytest.mark.slow
def test_the_migration_can_be_reversed(data: SampleData, dsn: str) -> None:
    invite(data, status="sending")
    invite(data, user_id=data.admin, status="accepted")
    gone = data.user("gone@acme.example")
    invite(data, user_id=gone)
    data.sql("DELETE FROM users WHERE id = %s", gone)
    migrate(dsn, "0013")
    rows = data.sql("SELECT user_id, status FROM user_invitations ORDER BY status")
    assert rows == [(data.admin, "accepted"), (data.imported, "revoked")]
    data.sql("INSERT INTO user_invitations (user_id) VALUES (%s)", data.imported)  # a second one
    data.sql("INSERT INTO user_invitations (user_id) VALUES (%s)", data.admin)
    migrate(dsn, "0014")
    assert sorted(invitations(data)) == sorted(
        [
            (data.admin, data.organisation, None, "accepted"),
            (data.imported, data.organisation, None, "pending"),
        ]
    )


def migrate(dsn: str, version: str) -> None:
    """Migrates `users` to a version."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0", "users", version],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": dsn},
        check=True,
    )
