"""Measures over HTTP, with gunicorn and a worker that run as in production."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

import requests
from django.conf import settings

from bench import fixtures, polling
from users.models import User

PASSWORD = "the password of a benchmark"
PORT = 8977
GUNICORN = f"--bind 127.0.0.1:{PORT} --workers 2 --preload"
GUNICORN += " --no-control-socket --keep-alive 5"


@contextmanager
def web() -> Iterator[str]:
    """Runs gunicorn, and stops it when the block ends. Gives its URL."""
    url = f"http://127.0.0.1:{PORT}"
    environment = os.environ | {"PORT": str(PORT), "RATE_LIMIT_ENABLED": "false"}
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "gunicorn", "marketedge.wsgi", *GUNICORN.split()]
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            fixtures.wait_until(lambda: _answers(url), seconds=60)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=1).ok
    except requests.RequestException:
        return False


def post_to_completed_seconds(*, rounds: int) -> list[float]:
    """Returns the seconds from POST to `completed` for 5,000 rows, with a new file each round."""
    user = administrator()
    with web() as url, fixtures.workers(1):
        session = _log_in(url, user)
        files = fixtures.make_files(*[5_000] * (rounds + 1))
        seconds = [_post_and_wait(session, url, user, data) for data in files]
        return seconds[1:]  # the first round is for warming up


def poll_seconds() -> list[float]:
    """Returns the seconds that each of 2,000 polls takes while a large import runs."""
    user = administrator()
    upload = fixtures.stage(fixtures.make_file(2_000_000), user)
    with web() as url, fixtures.workers(1):
        token = str(_log_in(url, user).headers["Authorization"]).split()[1]
        batch = fixtures.submit(upload, user)
        path = polling.batch_path(user.organisation_id, batch.id)
        seconds = polling.latencies(PORT, path, token)
        batch.refresh_from_db()
        assert batch.is_live, "the import ended before the polling did"
        return seconds


def upload_seconds(*, rounds: int) -> list[float]:
    """Returns the seconds from POST to 202 for a file of 10 MB."""
    user = administrator()
    with web() as url:
        session = _log_in(url, user)
        import_url = f"{url}/api/v1/organizations/{user.organisation_id}/users/import"
        seconds = []
        for file in fixtures.make_files(*[5_000] * (rounds + 1)):
            data = _with_notes(file.decode().splitlines())
            started = perf_counter()
            answer = session.post(import_url, files={"file": ("users.csv", data)}, timeout=30)
            seconds.append(perf_counter() - started)
            assert answer.status_code == 202, answer.text
        return seconds[1:]  # the first round is for warming up


def _with_notes(lines: list[str]) -> bytes:
    """Adds a column with 1,900 characters, which makes 5,000 rows a file of 10 MB."""
    notes = "x" * 1900
    return "\n".join([lines[0] + ",Notes", *(f"{line},{notes}" for line in lines[1:])]).encode()


def administrator() -> User:
    """An administrator with a password, in an organisation without anything else."""
    fixtures.empty_tables()
    user = fixtures.administrator()
    user.set_password(PASSWORD)
    user.save()
    return user


def _log_in(url: str, user: User) -> requests.Session:
    session = requests.Session()
    credentials = {"email": user.email, "password": PASSWORD}
    token = session.post(f"{url}/api/v1/auth/token", json=credentials, timeout=5).json()
    session.headers["Authorization"] = f"Bearer {token['access']}"
    return session


def _post_and_wait(session: requests.Session, url: str, user: User, data: bytes) -> float:
    import_url = f"{url}/api/v1/organizations/{user.organisation_id}/users/import"
    started = perf_counter()
    answer = session.post(import_url, files={"file": ("users.csv", data)}, timeout=30)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    while batch["status"] in ("pending", "processing"):
        sleep(0.02)
        batch = session.get(f"{import_url}/{batch['id']}", timeout=5).json()
    assert batch["status"] == "completed", batch
    return perf_counter() - started
