"""`Stack`: a database, a broker and the processes of one test."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import redis
from django.db import connections
from django.test import override_settings
from kombu import pools

from celery_app import app
from imports import actions
from imports.engine.options import ImportOptions
from imports.engine.staged import staging
from imports.engine.staged.file_reading import read_for_import
from imports.models import ImportBatch, Upload
from tests.imports.engine.support.databases import IDLE_SECONDS, set_timeouts
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import STORED, Sample
from users.invitations import requests
from users.models import User

WORKER = ["-m", "celery", "-A", "celery_app", "worker", "--loglevel", "INFO"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
BEAT = ["-m", "celery", "-A", "celery_app", "beat", "--loglevel", "INFO"]
# Times that are much shorter than in production.
QUICK = {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "PYTHONUNBUFFERED": "1",
    "IMPORT_SLICE_SECONDS": "0.3",
    "IMPORT_TAKEOVER_SECONDS": "0.3",
    "IMPORT_STUCK_SECONDS": "1",
    "IMPORT_SWEEP_SECONDS": "0.5",
    "DATABASE_IDLE_SECONDS": str(IDLE_SECONDS),
}
MAIL = {  # e-mail is on, and nothing listens on this port
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_PORT": "9",
    "DEFAULT_FROM_EMAIL": "MarketEdge <imports@marketedge.example>",
    "PUBLIC_URL": "https://marketedge.example",
}
ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """An organisation and its administrator. `name` also makes e-mail addresses unique."""

    organisation_id: UUID
    user_id: UUID
    name: str


class Stack:
    """A database and a broker, and methods to use, start, break and check what runs on them."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.database_url, self.redis_url, self.folder = database_url, redis_url, folder
        self.of_processes: dict[str, str] = {}  # more environment variables
        self.invites = False  # whether e-mail is on, so that imports write invitations
        self.db = psycopg.connect(database_url, autocommit=True)
        self.faults_file = folder / "failpoints"
        self.processes: list[Process] = []
        self._tenant_count = 0

    def close(self) -> None:
        """Kills all processes."""
        for process in self.processes:
            process.kill()
        self.processes.clear()
        self.db.close()

    def turn_mail_on(self) -> None:
        """Makes imports write invitations: those of processes that start from now on, and those of
        a test that also uses `mail_is_on`. The invitations are never due, and so never sent."""
        self.invites = True
        self.of_processes |= MAIL
        self.sql("ALTER TABLE user_invitations ALTER next_attempt_at SET DEFAULT 'infinity'")

    def reconnect(self) -> None:
        """Connects again after a restart of the server."""
        self.db.close()
        self.db = psycopg.connect(self.database_url, autocommit=True)

    # --- SQL --------------------------------------------------------------------------------

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a statement; gives its rows."""
        cursor = self.db.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: Any) -> Any:
        """Gives the first value of the first row."""
        return self.sql(query, *values)[0][0]

    def batch(self, batch_id: UUID) -> dict[str, Any]:
        """Gives the row of a batch."""
        found: dict[str, Any] = self.value(
            "SELECT to_jsonb(b) FROM import_batches b WHERE id = %s", batch_id
        )
        return found

    def status(self, batch_id: UUID) -> str:
        """Gives the status of a batch."""
        return str(self.value("SELECT status FROM import_batches WHERE id = %s", batch_id))

    def processed(self, batch_id: UUID) -> int:
        """Gives the number of processed rows of a batch."""
        return int(self.value("SELECT processed_rows FROM import_batches WHERE id = %s", batch_id))

    def set_idle_seconds(self, seconds: int) -> None:
        """Changes the time after which the database ends idle transactions of new sessions."""
        set_timeouts(self.database_url, idle_in_transaction_session_timeout=seconds)

    def make_older(self, batch_id: UUID, seconds: int) -> None:
        """Moves all times of a batch into the past."""
        names = ("created_at", "announced_at", "heartbeat_at", "completed_at")
        moves = ", ".join(f"{name} = {name} - make_interval(secs => %s)" for name in names)
        self.sql(
            f"UPDATE import_batches SET {moves} WHERE id = %s", *[seconds] * len(names), batch_id
        )

    # --- imports ----------------------------------------------------------------------------

    def new_tenant(self) -> Tenant:
        """Creates an organisation with an administrator."""
        self._tenant_count += 1
        name = f"tenant{self._tenant_count}"
        organisation_id = self.value(
            "INSERT INTO organisations (name) VALUES (%s) RETURNING id", f"{name} {os.getpid()}"
        )
        user_id = self.value(
            "INSERT INTO users (email, role, organisation_id) VALUES (%s, 'admin', %s)"
            " RETURNING id",
            f"admin@{name}.test",
            organisation_id,
        )
        return Tenant(organisation_id=organisation_id, user_id=user_id, name=name)

    def submit(
        self,
        sample: Sample,
        tenant: Tenant,
        *,
        chunk_size: int = 100,
        enqueue: bool = True,
        filename: str = "users.csv",
        **options: Any,
    ) -> UUID:
        """Creates the users that must exist, stages the file and submits it; gives the batch's id.
        With `enqueue=False` no task is enqueued, as if the process died after COMMIT."""
        self._insert(sample.existing_own, tenant.organisation_id)
        self._insert(sample.existing_foreign, None)
        upload = self.stage(sample, tenant, chunk_size=chunk_size, filename=filename)
        faults = "" if enqueue else "before_enqueue=bug"
        with override_settings(FAILPOINTS=lambda: faults):
            user = User.objects.everywhere().get(id=tenant.user_id)
            return actions.submit(upload, user=user, options=ImportOptions(**options)).id

    def stage(
        self, sample: Sample, tenant: Tenant, *, chunk_size: int, filename: str = "users.csv"
    ) -> Upload:
        """Stages the file."""
        with (
            override_settings(
                IMPORT_CHUNK_SIZE=chunk_size, MAX_ROWS_PER_IMPORT=10**6, MAX_FILE_SIZE=10**9
            ),
            read_for_import(io.BytesIO(sample.file()), filename=filename) as read,
        ):
            return staging.store(
                read, organisation_id=tenant.organisation_id, staged_by=tenant.user_id
            )

    def _insert(self, emails: list[str], organisation_id: UUID | None) -> None:
        self.sql(
            "INSERT INTO users (email, organisation_id) SELECT unnest(%s::text[]), %s",
            emails,
            organisation_id,
        )

    # --- processes --------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """Gives the environment variables of a process of this stack."""
        own = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        own["FAILPOINTS_FILE"] = str(self.faults_file)
        return os.environ | QUICK | own | self.of_processes | more

    def start(self, *command: str, **more: str) -> Process:
        """Starts a Python process."""
        log = self.folder / f"process-{len(self.processes)}.log"
        process = Process(list(command), log, self.environment(**more))
        self.processes.append(process)
        return process

    def worker(self, concurrency: int = 1, *, wait: bool = True, **more: str) -> Process:
        """Starts a Celery worker; waits until it is ready."""
        name = f"worker{len(self.processes)}@test"
        process = self.start(*WORKER, "--concurrency", str(concurrency), "-n", name, **more)
        if wait:
            process.wait_for_output("ready.")
        return process

    def beat(self, **more: str) -> Process:
        """Starts Celery's beat, which sweeps twice a second."""
        schedule = self.folder / f"schedule-{len(self.processes)}"
        return self.start(*BEAT, "--schedule", str(schedule), "--pidfile=", **more)

    def set_faults(self, faults: str) -> None:
        """Sets the faults of all processes (imports/engine/failpoints.py); "" ends them."""
        new = self.faults_file.with_suffix(".new")
        new.write_text(faults)
        new.rename(self.faults_file)

    def wait_until_ended(self, *batch_ids: UUID, seconds: float = 60) -> list[str]:
        """Waits until all batches have a final status; gives the statuses."""
        wait_until(
            lambda: all(self.status(batch_id) in ENDED for batch_id in batch_ids),
            seconds=seconds,
            what=f"the end of {batch_ids}",
        )
        return [self.status(batch_id) for batch_id in batch_ids]

    def queue_is_empty(self) -> bool:
        """Whether no message waits or is unacknowledged."""
        with redis.Redis.from_url(self.redis_url) as broker:
            return not broker.exists("imports:celery", "imports:unacked")

    # --- invariants -------------------------------------------------------------------------

    def check_invariants(self, *batch_ids: UUID) -> None:
        """Checks that no committed change of these batches broke a rule (invariants.py)."""
        violations = self.sql("SELECT * FROM violations WHERE batch = ANY(%s)", list(batch_ids))
        assert violations == []

    def check_outcome(self, batch_id: UUID, sample: Sample) -> None:
        """Checks that users, row errors and counters of a batch are those of the sample."""
        self.check_invariants(batch_id)
        users = self.sql(
            f"SELECT {', '.join(STORED)} FROM users WHERE import_batch_id = %s", batch_id
        )
        assert len(users) == len(set(users))
        assert set(users) == sample.users()
        self._check_invitations(batch_id, sample.invited() if self.invites else set())
        errors = self.sql(
            "SELECT row_number, field_name, error_code FROM import_errors"
            " WHERE import_batch_id = %s",
            batch_id,
        )
        assert sorted(errors) == sorted(sample.errors())
        batch = self.batch(batch_id)
        counters = ["processed_rows", "successful_rows", "skipped_rows", "failed_rows"]
        assert tuple(batch[name] for name in counters) == sample.counters()

    def _all_are_written(self, batch_id: UUID) -> bool:
        """Writes the invitations that an import asked for. A worker may be writing some of them."""
        requests.write_all(batch_id)
        asked = "SELECT count(*) FROM user_invitation_requests WHERE import_batch_id = %s"
        return not self.value(asked, batch_id)

    def _check_invitations(self, batch_id: UUID, expected: set[str | bool]) -> None:
        """Checks that just these users have an invitation, or will get the one that the import has
        asked for."""
        number = self.value(
            "SELECT (SELECT count(*) FROM user_invitations WHERE import_batch_id = batch.id)"
            " + (SELECT coalesce(sum(number), 0) FROM user_invitation_requests"
            "    WHERE import_batch_id = batch.id) FROM import_batches batch WHERE batch.id = %s",
            batch_id,
        )
        assert number == len(expected)
        if expected:
            wait_until(lambda: self._all_are_written(batch_id))
        invited = self.sql(
            "SELECT email FROM user_invitations AS invitation JOIN users ON users.id = user_id"
            " WHERE invitation.import_batch_id = %s",
            batch_id,
        )
        assert sorted(email for (email,) in invited) == sorted(map(str, expected))

    def wait_until_completed(self, batch_id: UUID, sample: Sample, *, seconds: float = 60) -> None:
        """Waits until the batch has completed, and checks its outcome."""
        assert self.wait_until_ended(batch_id, seconds=seconds) == ["completed"], self.batch(
            batch_id
        )
        self.check_outcome(batch_id, sample)
        assert self.batch(batch_id)["error_message"] == sample.message()

    def check_partial_outcome(self, batch_id: UUID, sample: Sample) -> None:
        """Checks that the first rows have their outcome, and the others none."""
        processed = self.processed(batch_id)
        assert 0 < processed < len(sample)
        self.check_outcome(batch_id, sample.first_rows(processed))


@contextmanager
def connected_to(stack: Stack) -> Iterator[None]:
    """Makes this process use the database and the broker of the stack."""
    connection, before = connections["default"], dict(connections["default"].settings_dict)
    connection.close()
    connection.settings_dict.update(_parts_of(stack.database_url))
    broker = os.environ.get("CELERY_BROKER_URL")
    os.environ["CELERY_BROKER_URL"] = stack.redis_url
    forget_broker()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        os.environ.pop("CELERY_BROKER_URL")
        if broker is not None:
            os.environ["CELERY_BROKER_URL"] = broker
        forget_broker()


def _parts_of(database_url: str) -> dict[str, Any]:
    parts = psycopg.conninfo.conninfo_to_dict(database_url)
    return {
        "NAME": parts["dbname"],
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        # this process may be slower than those of the service
        "OPTIONS": {"options": "-c idle_in_transaction_session_timeout=30s"},
    }


def forget_broker() -> None:
    """Drops the connections that Celery keeps, so that it connects to the broker of now."""
    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


class ConsistencyChecker:
    """Reads a batch all the time, each time in one snapshot, and checks its counters."""

    def __init__(self, stack: Stack, batch_id: UUID) -> None:
        self.reads = 0
        self.violations: list[Any] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(stack.database_url, batch_id))

    def __enter__(self) -> ConsistencyChecker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self, database_url: str, batch_id: UUID) -> None:
        with psycopg.connect(database_url, autocommit=True, application_name="checker") as db:
            last = (0,) * 4
            while not self._stop.wait(0.01):
                snapshot = db.execute("SELECT * FROM snapshot(%s)", [batch_id]).fetchone()
                assert snapshot
                _, total, *counters, users, errors = snapshot
                processed, successful, skipped, failed = counters
                self.reads += 1
                if (
                    processed != successful + skipped + failed
                    or processed > total
                    or (users, errors) != (successful, failed)
                    or any(now < before for now, before in zip(counters, last, strict=True))
                ):
                    self.violations.append((last, snapshot))
                last = (processed, successful, skipped, failed)


def batch_object(batch_id: UUID) -> ImportBatch:
    """Gives the batch, for the functions of imports.actions."""
    return ImportBatch.objects.everywhere().get(id=batch_id)
