"""Everything that locks organisations, batches and users, at the same time: no deadlock."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest
from django.contrib.admin import site
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from django.test import RequestFactory

from core.errors import Refusal
from imports import actions
from imports.engine.upkeep import recovery, retention
from imports.models import ImportBatch
from tests.imports.engine.support.samples import plain
from tests.imports.engine.support.servers import OwnPostgres
from tests.imports.engine.support.stack import Stack, Tenant
from users.models import Organisation, User

EXPECTED = (Refusal, DatabaseError, ImportBatch.DoesNotExist, User.DoesNotExist)
EXPECTED += (Organisation.DoesNotExist, psycopg.Error)


class Work:
    """What users, operators and Celery do. Each method does one thing, to something random."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.submitting = threading.Lock()

    def submit(self) -> None:
        """A new organisation or an old one imports a file, often with addresses that exist."""
        with self.submitting:  # `Stack.sql` has one connection
            organisations = self.stack.sql("SELECT id FROM organisations")
            tenant = self.stack.new_tenant()
            if organisations and random.random() < 0.7:
                tenant = self._other_tenant(random.choice(organisations)[0]) or tenant
        self.stack.submit(plain(300, f"shared{random.randrange(4)}"), tenant, chunk_size=50)

    def _other_tenant(self, organisation_id: UUID) -> Tenant | None:
        found = self.stack.sql(
            "SELECT id FROM users WHERE organisation_id = %s AND role = 'admin' LIMIT 1",
            organisation_id,
        )
        if not found:
            return None
        return Tenant(organisation_id=organisation_id, user_id=found[0][0], name="old")

    def undo(self) -> None:
        """An administrator undoes an import."""
        batch = self._batch("completed", "cancelled", "failed")
        actions.undo(batch, user=None)

    def cancel(self) -> None:
        """An administrator cancels an import."""
        actions.cancel(self._batch("pending", "processing"), user=None)

    def retry(self) -> None:
        """An administrator runs an import again."""
        actions.retry(self._batch("cancelled", "failed"), user=None, ip=None)

    def purge(self) -> None:
        """Retention deletes old imports."""
        connection.cursor().execute(
            "UPDATE import_batches SET created_at = now() - interval '40 days'"
            " WHERE completed_at IS NOT NULL AND id IN"
            " (SELECT id FROM import_batches ORDER BY random() LIMIT 3)"
            " AND (SELECT count(*) FROM import_batches) > 8"
        )
        retention.purge()

    def delete_batches(self) -> None:
        """An operator deletes imports with SQL."""
        connection.cursor().execute(
            "DELETE FROM import_batches WHERE id IN"
            " (SELECT id FROM import_batches ORDER BY random() LIMIT 3)"
            " AND (SELECT count(*) FROM import_batches) > 8"
        )

    def sweep(self) -> None:
        """Celery's beat looks for batches without a worker."""
        recovery.sweep(stuck_seconds=1)

    def delete_user(self) -> None:
        """Platform staff delete users in the admin."""
        admin = site.get_model_admin(User)
        users = User.objects.everywhere().filter(id__in=self._users(2))
        with transaction.atomic():
            admin.delete_queryset(RequestFactory().get("/"), users)

    def delete_organisation(self) -> None:
        """An operator deletes an organisation with SQL."""
        connection.cursor().execute(
            "DELETE FROM organisations WHERE id IN"
            " (SELECT id FROM organisations ORDER BY random() LIMIT 1)"
            " AND (SELECT count(*) FROM organisations) > 5"
        )

    def edit_user(self) -> None:
        """An administrator demotes a user, or a user logs in."""
        User.objects.everywhere().filter(id__in=self._users(1)).update(
            role=random.choice(["admin", "viewer"])
        )

    def _users(self, count: int) -> list[object]:
        users = User.objects.everywhere().order_by("?").values_list("id", flat=True)
        return list(users[:count])

    def _batch(self, *statuses: str) -> ImportBatch:
        batch = ImportBatch.objects.everywhere().filter(status__in=statuses).order_by("?").first()
        if batch is None:
            raise ImportBatch.DoesNotExist
        return batch


def repeat(work: Callable[[], None], until: float, done: Counter[str]) -> None:
    """Does something again and again, and counts. What meets deleted rows is refused."""
    while time.monotonic() < until:
        with suppress(*EXPECTED):
            work()
            done[work.__name__] += 1
        time.sleep(random.random() * 0.02)  # not a wait: it lets other threads begin
    connections.close_all()


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_nothing_ends_in_a_deadlock(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres, seconds: int
) -> None:
    stack = stack_with_own_postgres
    stack.worker(2)
    work = Work(stack)
    names = [
        "submit",
        "submit",
        "submit",
        "undo",
        "cancel",
        "retry",
        "purge",
        "delete_batches",
        "sweep",
    ]
    names += ["delete_user", "delete_organisation", "edit_user"]
    until = time.monotonic() + seconds
    done: Counter[str] = Counter()
    threads = [
        threading.Thread(target=repeat, args=(getattr(work, name), until, done)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = (own_postgres.server.folder / "logs" / "postgres.log").read_text()
    assert "deadlock detected" not in log
    assert set(done) == set(names)
    print(done)
