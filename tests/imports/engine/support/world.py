"""A database of a test's own, the processes that work on it, and what must be true of it."""

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
from imports.engine import staging
from imports.engine.options import ImportOptions
from imports.models import ImportBatch, Upload
from tests.imports.engine.support.processes import Process, until
from tests.imports.engine.support.samples import STORED, Sample
from users.models import User

WORKER = ["-m", "celery", "-A", "celery_app", "worker", "--loglevel", "INFO"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
BEAT = ["-m", "celery", "-A", "celery_app", "beat", "--loglevel", "INFO"]
# What takes seconds or minutes in production takes moments here.
QUICK = {
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "PYTHONUNBUFFERED": "1",
    "IMPORT_SLICE_SECONDS": "0.3",
    "IMPORT_TAKEOVER_SECONDS": "0.3",
    "IMPORT_STUCK_SECONDS": "1",
    "IMPORT_SWEEP_SECONDS": "0.5",
    "DATABASE_IDLE_SECONDS": "1",
}
ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An organisation, its administrator, and the domain of its addresses."""

    organisation_id: UUID
    user_id: UUID
    tag: str


class World:
    """Everything that an engine has around it. Close it, and nothing is left."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.database_url, self.redis_url, self.folder = database_url, redis_url, folder
        self.db = psycopg.connect(database_url, autocommit=True)
        self.rules = folder / "failpoints"
        self.processes: list[Process] = []
        self._clients = 0

    def close(self) -> None:
        """Ends all processes."""
        for process in self.processes:
            process.kill()
        self.processes.clear()
        self.db.close()

    def reconnect(self) -> None:
        """After the server was away."""
        self.db.close()
        self.db = psycopg.connect(self.database_url, autocommit=True)

    # --- SQL --------------------------------------------------------------------------------

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a statement; gives its rows."""
        cursor = self.db.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    def one(self, query: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.sql(query, *values)[0][0]

    def batch(self, batch_id: UUID) -> dict[str, Any]:
        """A batch's row."""
        found: dict[str, Any] = self.one(
            "SELECT to_jsonb(b) FROM import_batches b WHERE id = %s", batch_id
        )
        return found

    def status(self, batch_id: UUID) -> str:
        """A batch's status."""
        return str(self.one("SELECT status FROM import_batches WHERE id = %s", batch_id))

    def processed(self, batch_id: UUID) -> int:
        """How many rows of a batch are committed."""
        return int(self.one("SELECT processed_rows FROM import_batches WHERE id = %s", batch_id))

    def later(self, batch_id: UUID, seconds: int) -> None:
        """Puts whatever happened to a batch that much further into the past."""
        names = ("created_at", "announced_at", "heartbeat_at", "completed_at")
        moves = ", ".join(f"{name} = {name} - make_interval(secs => %s)" for name in names)
        self.sql(
            f"UPDATE import_batches SET {moves} WHERE id = %s", *[seconds] * len(names), batch_id
        )

    # --- people -----------------------------------------------------------------------------

    def client(self) -> Client:
        """A new organisation with an administrator."""
        self._clients += 1
        tag = f"client{self._clients}"
        organisation_id = self.one(
            "INSERT INTO organisations (name) VALUES (%s) RETURNING id", f"{tag} {os.getpid()}"
        )
        user_id = self.one(
            "INSERT INTO users (email, role, organisation_id) VALUES (%s, 'admin', %s)"
            " RETURNING id",
            f"admin@{tag}.test",
            organisation_id,
        )
        return Client(organisation_id=organisation_id, user_id=user_id, tag=tag)

    def submit(
        self,
        sample: Sample,
        client: Client,
        *,
        chunk_size: int = 100,
        enqueue: bool = True,
        filename: str = "users.csv",
        **options: Any,
    ) -> UUID:
        """What a door does with a file; gives the batch's id. `announce=False`: the process died
        after COMMIT."""
        self._insert(sample.own, client.organisation_id)
        self._insert(sample.foreign, None)
        upload = self.stage(sample, client, chunk_size=chunk_size, filename=filename)
        rules = "" if enqueue else "before_enqueue=bug"
        with override_settings(FAILPOINTS=lambda: rules):
            user = User.objects.get(id=client.user_id)
            return actions.submit(upload, user=user, options=ImportOptions(**options)).id

    def stage(
        self, sample: Sample, client: Client, *, chunk_size: int, filename: str = "users.csv"
    ) -> Upload:
        """A staged file."""
        with override_settings(
            IMPORT_CHUNK_SIZE=chunk_size, MAX_ROWS_PER_IMPORT=10**6, MAX_FILE_SIZE=10**9
        ):
            return staging.stage_for_import(
                io.BytesIO(sample.file()),
                filename=filename,
                organisation_id=client.organisation_id,
                staged_by=client.user_id,
            )

    def _insert(self, emails: list[str], organisation_id: UUID | None) -> None:
        self.sql(
            "INSERT INTO users (email, organisation_id) SELECT unnest(%s::text[]), %s",
            emails,
            organisation_id,
        )

    # --- processes --------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """Of a process that works on this world."""
        own = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        own["FAILPOINTS_FILE"] = str(self.rules)
        return os.environ | QUICK | own | more

    def start(self, *command: str, **more: str) -> Process:
        """Any Python process."""
        log = self.folder / f"process-{len(self.processes)}.log"
        process = Process(list(command), log, self.environment(**more))
        self.processes.append(process)
        return process

    def worker(self, concurrency: int = 1, *, wait: bool = True, **more: str) -> Process:
        """A Celery worker, ready to work."""
        name = f"worker{len(self.processes)}@test"
        process = self.start(*WORKER, "--concurrency", str(concurrency), "-n", name, **more)
        if wait:
            process.wait_until_it_says("ready.")
        return process

    def beat(self, **more: str) -> Process:
        """Celery's beat, which sweeps twice a second."""
        schedule = self.folder / f"schedule-{len(self.processes)}"
        return self.start(*BEAT, "--schedule", str(schedule), "--pidfile=", **more)

    def fail_at(self, rules: str) -> None:
        """What is to go wrong from now on, in which place (imports/engine/failpoints.py)."""
        new = self.rules.with_suffix(".new")
        new.write_text(rules)
        new.rename(self.rules)

    def ended(self, *batch_ids: UUID, seconds: float = 60) -> list[str]:
        """Waits until all have a final status; gives these."""
        until(
            lambda: all(self.status(batch_id) in ENDED for batch_id in batch_ids),
            seconds=seconds,
            what=f"the end of {batch_ids}",
        )
        return [self.status(batch_id) for batch_id in batch_ids]

    def is_quiet(self) -> bool:
        """Whether no message waits, and no worker has one in its hands."""
        with redis.Redis.from_url(self.redis_url) as broker:
            return not broker.exists("imports:celery", "imports:unacked")

    # --- invariants -------------------------------------------------------------------------

    def promises_hold(self, *batch_ids: UUID) -> None:
        """Nothing that was ever committed of these batches broke an invariant (ledger.py)."""
        broken = self.sql("SELECT * FROM broken_promises WHERE batch = ANY(%s)", list(batch_ids))
        assert broken == []

    def holds_exactly(self, batch_id: UUID, sample: Sample) -> None:
        """Users, row errors and counters of a batch are those of an undisturbed run of the sample:
        of all of a file, or of its first rows where it was stopped."""
        self.promises_hold(batch_id)
        users = self.sql(
            f"SELECT {', '.join(STORED)} FROM users WHERE import_batch_id = %s", batch_id
        )
        assert len(users) == len(set(users))
        assert set(users) == sample.users()
        errors = self.sql(
            "SELECT row_number, field_name, error_code FROM import_errors"
            " WHERE import_batch_id = %s",
            batch_id,
        )
        assert sorted(errors) == sorted(sample.errors())
        batch = self.batch(batch_id)
        counters = ["processed_rows", "successful_rows", "skipped_rows", "failed_rows"]
        assert tuple(batch[name] for name in counters) == sample.counters()

    def completed(self, batch_id: UUID, sample: Sample, *, seconds: float = 60) -> None:
        """The batch ends by itself, as if nothing had happened."""
        assert self.ended(batch_id, seconds=seconds) == ["completed"], self.batch(batch_id)
        self.holds_exactly(batch_id, sample)
        assert self.batch(batch_id)["error_message"] == sample.message()

    def stopped_early(self, batch_id: UUID, sample: Sample) -> None:
        """The batch ended in the middle: the rows before that are whole, of the rest is nothing."""
        processed = self.processed(batch_id)
        assert 0 < processed < len(sample)
        self.holds_exactly(batch_id, sample.first(processed))


@contextmanager
def inside(world: World) -> Iterator[None]:
    """This process is a web process of that world: its database, its broker."""
    connection, before = connections["default"], dict(connections["default"].settings_dict)
    connection.close()
    connection.settings_dict.update(_parts_of(world.database_url))
    broker = os.environ.get("CELERY_BROKER_URL")
    os.environ["CELERY_BROKER_URL"] = world.redis_url
    _forget_broker()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        os.environ.pop("CELERY_BROKER_URL")
        if broker is not None:
            os.environ["CELERY_BROKER_URL"] = broker
        _forget_broker()


def _parts_of(database_url: str) -> dict[str, Any]:
    parts = psycopg.conninfo.conninfo_to_dict(database_url)
    return {
        "NAME": parts["dbname"],
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
    }


def _forget_broker() -> None:
    """Celery keeps its connections: the next one is made anew."""
    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


class Watcher:
    """A reader who looks at a batch all the time, each time in one snapshot, and checks it."""

    def __init__(self, world: World, batch_id: UUID) -> None:
        self.glances = 0
        self.wrong: list[Any] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(world.database_url, batch_id))

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self, database_url: str, batch_id: UUID) -> None:
        with psycopg.connect(database_url, autocommit=True, application_name="watcher") as db:
            last = (0,) * 4
            while not self._over.wait(0.01):
                glance = db.execute("SELECT * FROM glance(%s)", [batch_id]).fetchone()
                assert glance
                _, total, *counters, users, errors = glance
                processed, successful, skipped, failed = counters
                self.glances += 1
                if (
                    processed != successful + skipped + failed
                    or processed > total
                    or (users, errors) != (successful, failed)
                    or any(now < before for now, before in zip(counters, last, strict=True))
                ):
                    self.wrong.append((last, glance))
                last = (processed, successful, skipped, failed)


def batch_object(batch_id: UUID) -> ImportBatch:
    """For the functions of imports.actions."""
    return ImportBatch.objects.get(id=batch_id)
