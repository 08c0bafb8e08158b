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

from bench import ground
from users.models import User

PASSWORD = "a password for one measurement"
PORT = 8977


@contextmanager
def web() -> Iterator[str]:
    """gunicorn, ready; gives its address."""
    address = f"http://127.0.0.1:{PORT}"
    environment = os.environ | {"PORT": str(PORT), "RATE_LIMIT_ENABLED": "false"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "marketedge.wsgi", "--bind", f"127.0.0.1:{PORT}"],
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
    except requests.ConnectionError:
        return False


def post_to_completed(*, rounds: int) -> list[float]:
    """Seconds from POST to `completed` for 5,000 rows, a new file each round."""
    ground.clear()
    user = ground.administrator()
    user.set_password(PASSWORD)
    user.save()
    with web() as address, ground.workers(1):
        session = _logged_in(address, user)
        _one(session, address, user, seed=0)  # warms up both
        return [_one(session, address, user, seed=seed) for seed in range(1, rounds + 1)]


def _logged_in(address: str, user: User) -> requests.Session:
    session = requests.Session()
    credentials = {"email": user.email, "password": PASSWORD}
    token = session.post(f"{address}/api/v1/auth/token", json=credentials, timeout=5).json()
    session.headers["Authorization"] = f"Bearer {token['access']}"
    return session


def _one(session: requests.Session, address: str, user: User, *, seed: int) -> float:
    url = f"{address}/api/v1/organizations/{user.organisation_id}/users/import"
    data = ground.make_file(5_000, seed=1000 + seed)
    started = perf_counter()
    answer = session.post(url, files={"file": ("users.csv", data)}, timeout=30)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    while batch["status"] in ("pending", "processing"):
        sleep(0.02)
        batch = session.get(f"{url}/{batch['id']}", timeout=5).json()
    assert batch["status"] == "completed", batch
    return perf_counter() - started
