"""What the measurements share: files, an empty database, raw COPY, worker processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.models import ImportBatch, Upload
from imports.models.statuses import Status
from samples.make_sample import write_rows
from users.models import Organisation, User
from users.rights.roles import Role

COLUMNS = (
    "email, first_name, last_name, role, department, location, phone, market_edge_access,"
    " causal_edge_access, value_edge_access, invitation_requested"
)
POLL_SECONDS = 0.01


def make_file(rows: int) -> bytes:
    """A CSV file like the sample, with so many rows."""
    return make_files(rows)[0]


def make_files(*rows: int) -> list[bytes]:
    """CSV files with so many rows each. No e-mail address is in two of them."""
    text = io.StringIO(newline="")
    write_rows(text, sum(rows))
    text.seek(0)
    header = text.readline()
    return ["".join([header, *islice(text, count)]).encode() for count in rows]


def concatenate(files: list[bytes]) -> bytes:
    """One CSV file with the rows of all files."""
    header = files[0].partition(b"\n")[0] + b"\n"
    return header + b"".join(file.removeprefix(header) for file in files)


def empty_tables() -> None:
    """Deletes all users, organisations, uploads and batches."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE users, user_invitations, import_batches, import_uploads, organisations"
            " CASCADE"
        )


def create_users(count: int) -> None:
    """Creates so many users, in one SQL statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (email, first_name, last_name)"
            " SELECT md5(n::text) || '@example.com', 'A', 'B' FROM generate_series(1, %s) n",
            [count],
        )
        cursor.execute("VACUUM ANALYZE users")


def administrator(name: str = "Acme") -> User:
    """Creates an organisation, and a user who is its administrator."""
    organisation = Organisation.objects.create(name=name)
    return User.objects.create_user(
        f"admin@{name.lower()}.test", is_staff=True, role=Role.ADMIN, organisation=organisation
    )


def stage(data: bytes, user: User) -> Upload:
    """Stages the file for the user's organisation."""
    assert user.organisation_id
    return actions.stage_for_import(
        io.BytesIO(data), filename="users.csv", user=user, organisation_id=user.organisation_id
    )


def submit(upload: Upload, user: User) -> ImportBatch:
    """Creates a pending batch of the upload and enqueues it."""
    return actions.submit(upload, user=user, options=ImportOptions())


def engine_seconds(data: bytes, *, empty_first: bool = True) -> float:
    """Returns the seconds that the engine takes for a staged file, in this process."""
    if empty_first:
        empty_tables()
    user = administrator()
    batch = submit(stage(data, user), user)
    started = time.perf_counter()
    result = runner.run(batch.id, lambda: False)
    seconds = time.perf_counter() - started
    wait_for([batch.id])
    assert result is runner.Result.DONE
    return seconds


# The file has values such as "enabled" and "Administrator", which COPY can't turn into a boolean or
# a role. Here these columns are text and are not checked, which makes raw COPY faster.
_CREATE_COPY_TARGET = """
    DROP TABLE IF EXISTS copy_target;
    CREATE TABLE copy_target (LIKE users INCLUDING DEFAULTS INCLUDING INDEXES);
    ALTER TABLE copy_target
        ALTER market_edge_access DROP DEFAULT, ALTER market_edge_access TYPE text,
        ALTER causal_edge_access DROP DEFAULT, ALTER causal_edge_access TYPE text,
        ALTER value_edge_access DROP DEFAULT, ALTER value_edge_access TYPE text,
        ALTER invitation_requested DROP DEFAULT, ALTER invitation_requested TYPE text,
        ALTER market_edge_access DROP NOT NULL, ALTER causal_edge_access DROP NOT NULL,
        ALTER value_edge_access DROP NOT NULL, ALTER invitation_requested DROP NOT NULL;
    ALTER TABLE copy_target ALTER role DROP NOT NULL, ALTER department DROP NOT NULL,
        ALTER location DROP NOT NULL, ALTER phone DROP NOT NULL;
"""


def copy_seconds(data: bytes) -> float:
    """Returns the seconds that raw COPY of the file takes, in one transaction.

    It copies into a table with the columns, defaults and indexes of `users`, but without its
    checks, foreign keys and triggers."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_COPY_TARGET)
        started = time.perf_counter()
        with cursor.copy(f"COPY copy_target ({COLUMNS}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(data)
        return time.perf_counter() - started


def wait_until(condition: Callable[[], bool], *, seconds: float = 600) -> None:
    """Waits until the condition is true. Raises TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"a measurement waited for more than {seconds:.0f} seconds")
        time.sleep(POLL_SECONDS)


def wait_for(batch_ids: list[UUID]) -> None:
    """Waits until all batches have ended. Raises AssertionError unless all have completed."""
    with connection.cursor() as cursor:  # plain SQL, so that waiting takes little processor time

        def statuses() -> set[str]:
            cursor.execute("SELECT status FROM import_batches WHERE id = ANY(%s)", [batch_ids])
            return {status for (status,) in cursor.fetchall()}

        wait_until(lambda: not statuses() & {Status.PENDING, Status.PROCESSING})
        assert statuses() == {Status.COMPLETED}, f"batches ended as {statuses()}"


@contextmanager
def workers(count: int) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a Celery worker with `count` processes, and stops it when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "worker.log"
        command = [
            *(sys.executable, "-m", "celery", "-A", "celery_app", "worker"),
            *("--concurrency", str(count), "--loglevel", "INFO", "--without-gossip"),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, stdout=output, stderr=output, env=os.environ
            )
        try:
            wait_until(lambda: b"ready." in log.read_bytes(), seconds=60)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)
