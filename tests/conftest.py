"""What the tests of every door share: two organisations, their people, clients, a real worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from django.db import connection
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from rest_framework.test import APIClient

from core import ratelimit_cache
from devtools.processes import die_with_parent
from tests.imports.quotas.helpers import patient
from tests.paths import ROOT
from tests.process_helpers import wait_for
from users import tokens
from users.models import Organisation, User
from users.roles import Role

PASSWORD = "correct horse battery staple"
# One round of hashing: the real number takes most of a test's time.
FAST_HASH = "django.contrib.auth.hashers.MD5PasswordHasher"

MakeUser = Callable[..., User]


def pytest_configure(config: pytest.Config) -> None:
    """whitenoise misses the folder that `collectstatic` makes, which only a deployment runs."""
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [FAST_HASH]


@receiver(connection_created)
def _let_the_audit_trail_be_emptied(connection: Any, **_: Any) -> None:
    """Which it refuses anywhere else; Django empties all tables after tests with real processes."""
    with connection.cursor() as cursor:
        cursor.execute("SET marketedge.audit_may_be_emptied = 'on'")


@pytest.fixture
def patient_store(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts on Redis however slow this machine is at the moment; the service itself would wait a
    fraction of a second, and count in the database."""
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", 60)
    settings.CACHES = patient(settings.CACHES)


@pytest.fixture
def acme(db: None) -> Organisation:
    """The organisation whose people the tests act as."""
    return Organisation.objects.create(name="Acme")


@pytest.fixture
def globex(db: None) -> Organisation:
    """Another one."""
    return Organisation.objects.create(name="Globex")


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """make_user("ada@acme.example", Role.ADMIN, acme)"""

    def make(
        email: str, role: str = Role.VIEWER, organisation: Organisation | None = None, **fields: Any
    ) -> User:
        names = {"first_name": "Ada", "last_name": "Lovelace"}
        return User.objects.create_user(
            email, PASSWORD, role=role, organisation=organisation, **names | fields
        )

    return make


@pytest.fixture
def admin(make_user: MakeUser, acme: Organisation) -> User:
    """Acme's administrator."""
    return make_user("admin@acme.example", Role.ADMIN, acme)


@pytest.fixture
def viewer(make_user: MakeUser, acme: Organisation) -> User:
    """Of Acme, may not import."""
    return make_user("viewer@acme.example", Role.VIEWER, acme)


@pytest.fixture
def other_admin(make_user: MakeUser, globex: Organisation) -> User:
    """Globex's administrator."""
    return make_user("admin@globex.example", Role.ADMIN, globex)


@pytest.fixture
def root(make_user: MakeUser) -> User:
    """Platform staff."""
    return make_user("root@marketedge.example", Role.SUPER_ADMIN, is_staff=True, is_superuser=True)


def client_of(user: User | None) -> APIClient:
    """A client of the API with the user's access token."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.pair(user)['access']}")
    return client


@pytest.fixture
def api(admin: User) -> APIClient:
    """Acme's administrator, with a token."""
    return client_of(admin)


# --- real processes ---------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """For a process that works on the test database."""
    found = connection.settings_dict
    login = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    address = f"{login}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    return os.environ | {"DATABASE_URL": f"postgresql://{address}", "PYTHONUNBUFFERED": "1"}


class Running:
    """A process in a session of its own, which writes to a file."""

    def __init__(self, command: list[str], log: Path, **extra: str) -> None:
        self.log = log
        with log.open("wb") as file:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment() | extra,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # also where pytest itself is killed
            )

    def says(self, text: str) -> bool:
        """Whether it has written this. Raises AssertionError where it has ended."""
        written = self.log.read_text(errors="replace")
        assert self.popen.poll() is None, written
        return text in written

    def stop(self) -> None:
        """Ends it as a deployment does."""
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, 9)
            self.popen.wait()


@pytest.fixture
def start(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """start("gunicorn", "--bind", …): a process that is stopped when the test is over."""
    running: list[Running] = []

    def run(*command: str, **extra: str) -> Running:
        log = tmp_path / f"{command[0]}-{len(running)}.log"
        running.append(Running(list(command), log, **extra))
        return running[-1]

    yield run
    for process in reversed(running):
        process.stop()


@pytest.fixture
def server(start: Callable[..., Running]) -> str:
    """A real web server on the test database: its address."""
    return serve(start)


def serve(start: Callable[..., Running], **extra: str) -> str:
    """A real web server on the test database, with more in its environment; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = f"--bind {address} --worker-class gthread --workers 2 --threads 4 --preload"
    process = start("gunicorn", "marketedge.wsgi", "--no-control-socket", *options.split(), **extra)
    wait_for(lambda: process.says("Booting worker") and _answers(f"http://{address}/healthz"))
    return f"http://{address}"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def worker(start: Callable[..., Running]) -> Running:
    """A real worker on the test database, ready to work."""
    options = "--concurrency 2 --loglevel INFO --without-gossip --without-mingle"
    process = start("celery", "-A", "celery_app", "worker", *options.split())
    wait_for(lambda: process.says("ready"))
    return process
