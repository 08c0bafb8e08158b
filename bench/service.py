"""The whole way over HTTP: gunicorn and a worker as they are deployed, a client beside them."""

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

from bench import ground, polling
from users.models import User

PASSWORD = "a password for one measurement"
PORT = 8977
GUNICORN = f"--bind 127.0.0.1:{PORT} --worker-class gthread --workers 2 --threads 4 --preload"
GUNICORN += " --no-control-socket --keep-alive 5"


@contextmanager
def web() -> Iterator[str]:
    """gunicorn, ready; gives its address."""
    address = f"http://127.0.0.1:{PORT}"
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
            ground.wait_until(lambda: _answers(address), seconds=60)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=1).ok
    except requests.RequestException:
        return False


def post_to_completed(*, rounds: int) -> list[float]:
    """Seconds from POST to `completed` for 5,000 rows, a new file each round."""
    user = _administrator()
    with web() as address, ground.workers(1):
        session = _logged_in(address, user)
        files = ground.make_files(*[5_000] * (rounds + 1))
        return [_one(session, address, user, data) for data in files][1:]  # the first warms up both


def polled() -> list[float]:
    """Seconds that each of 2,000 polls takes while a large import runs."""
    user = _administrator()
    upload = ground.stage(ground.make_file(2_000_000), user)
    with web() as address, ground.workers(1):
        token = str(_logged_in(address, user).headers["Authorization"]).split()[1]
        batch = ground.submit(upload, user)
        path = polling.batch_path(user.organisation_id, batch.id)
        found = polling.latencies(PORT, path, token)
        batch.refresh_from_db()
        assert batch.is_live, "the import was over before the polling was"
        return found


def uploaded(*, rounds: int) -> list[float]:
    """Seconds from POST to 202 for a file of 10 MB."""
    user = _administrator()
    wide = ",Notes\n" + "x" * 1900
    with web() as address:
        session = _logged_in(address, user)
        url = f"{address}/api/v1/organizations/{user.organisation_id}/users/import"
        took = []
        for file in ground.make_files(*[5_000] * (rounds + 1)):
            data = _widened(file.decode().splitlines(), wide)
            started = perf_counter()
            answer = session.post(url, files={"file": ("users.csv", data)}, timeout=30)
            took.append(perf_counter() - started)
            assert answer.status_code == 202, answer.text
        return took[1:]  # the first one warms up


def _widened(lines: list[str], wide: str) -> bytes:
    header, filling = wide.split("\n")
    return "\n".join([lines[0] + header, *(f"{line},{filling}" for line in lines[1:])]).encode()


def _administrator() -> User:
    ground.clear()
    user = ground.administrator()
    user.set_password(PASSWORD)
    user.save()
    return user


def _logged_in(address: str, user: User) -> requests.Session:
    session = requests.Session()
    credentials = {"email": user.email, "password": PASSWORD}
    token = session.post(f"{address}/api/v1/auth/token", json=credentials, timeout=5).json()
    session.headers["Authorization"] = f"Bearer {token['access']}"
    return session


def _one(session: requests.Session, address: str, user: User, data: bytes) -> float:
    url = f"{address}/api/v1/organizations/{user.organisation_id}/users/import"
    started = perf_counter()
    answer = session.post(url, files={"file": ("users.csv", data)}, timeout=30)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    while batch["status"] in ("pending", "processing"):
        sleep(0.02)
        batch = session.get(f"{url}/{batch['id']}", timeout=5).json()
    assert batch["status"] == "completed", batch
    return perf_counter() - started
