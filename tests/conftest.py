"""Fixtures of all tests: two organisations, their users, API clients, real servers and workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests import servers_of_workers
from tests.imports.quotas.helpers import patient
from tests.paths import ROOT
from tests.process_helpers import wait_for
from users.credentials import tokens
from users.models import Organisation, User
from users.rights.roles import Role

PASSWORD = "correct horse battery staple"
# One round of hashing. The default hasher would take most of a test's time.
FAST_HASH = "django.contrib.auth.hashers.MD5PasswordHasher"

MakeUser = Callable[..., User]


def pytest_configure(config: pytest.Config) -> None:
    """Ignores a warning of whitenoise: only a deployment runs `collectstatic`.

    Refuses several processes of pytest-xdist that have no servers of their own."""
    servers_of_workers.check(config.getoption("numprocesses", 0) or 0)
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [FAST_HASH]


@receiver(connection_created)
def _let_the_audit_trail_be_emptied(connection: Any, **_: Any) -> None:
    """The audit trail normally refuses this. Django does it after transactional tests."""
    with connection.cursor() as cursor:
        cursor.execute("SET marketedge.audit_may_be_emptied = 'on'")


@pytest.fixture
def patient_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for Redis however slow the machine is at the moment.

    The service itself waits for a fraction of a second only, and then does without Redis."""
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", 60)
    settings.CACHES = patient(settings.CACHES)


@pytest.fixture
def acme(db: None) -> Organisation:
    """The organisation whose users most tests act as."""
    return Organisation.objects.create(name="Acme")


@pytest.fixture
def globex(db: None) -> Organisation:
    """Another organisation."""
    return Organisation.objects.create(name="Globex")


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """A function that creates users: make_user("ada@acme.example", Role.ADMIN, acme)."""

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
    """A user of Acme who may not import."""
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
    """A client of the API that sends the user's access token. None: it sends no token."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.pair(user)['access']}")
    return client


@pytest.fixture
def api(admin: User) -> APIClient:
    """A client of the API that sends the token of Acme's administrator."""
    return client_of(admin)


@contextmanager
def silent_server() -> Iterator[int]:
    """Runs a server that accepts connections and never answers. Gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with silent_server() as port:
        yield port


# --- real processes ---------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """The environment of a process that uses the test database."""
    found = connection.settings_dict
    login = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    url = f"postgresql://{login}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    return os.environ | {"DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}


class ModuleProcess:
    """A Python module that runs in a process session of its own. Its output goes to a file."""

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
                preexec_fn=die_with_parent(),  # also when pytest itself is killed
            )

    def says(self, text: str) -> bool:
        """Whether the output contains this text. Raises AssertionError if the process has ended."""
        written = self.log.read_text(errors="replace")
        assert self.popen.poll() is None, written
        return text in written

    def stop(self) -> None:
        """Sends SIGTERM, as a deployment does, and SIGKILL after 15 seconds."""
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, 9)
            self.popen.wait()


@contextmanager
def processes_in(folder: Path) -> Iterator[Callable[..., ModuleProcess]]:
    """Gives a function that starts a module as a process: start("gunicorn", "--bind", …).

    All processes are stopped at the end. Their output goes to files in the folder."""
    running: list[ModuleProcess] = []

    def run(*command: str, **extra: str) -> ModuleProcess:
        log = folder / f"{command[0]}-{len(running)}.log"
        running.append(ModuleProcess(list(command), log, **extra))
        return running[-1]

    try:
        yield run
    finally:
        for process in reversed(running):
            process.stop()


@pytest.fixture
def start(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., ModuleProcess]]:
    """A function that starts a module as a process, until the end of the test."""
    with processes_in(tmp_path) as started:
        yield started


@pytest.fixture
def server(start: Callable[..., ModuleProcess]) -> str:
    """The URL of a real web server that uses the test database."""
    return serve(start)


@pytest.fixture(scope="module")
def shared_server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real web server that the tests of a module share."""
    with processes_in(tmp_path_factory.mktemp("server")) as start:
        yield serve(start)


def serve(start: Callable[..., ModuleProcess], **extra: str) -> str:
    """Starts a real web server on the test database, with more environment variables.

    Returns its URL once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    options = f"--bind {host} --workers 2 --preload"
    process = start("gunicorn", "marketedge.wsgi", "--no-control-socket", *options.split(), **extra)
    wait_for(lambda: process.says("Booting worker") and _answers(f"http://{host}/healthz"))
    return f"http://{host}"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def worker(start: Callable[..., ModuleProcess]) -> ModuleProcess:
    """A real Celery worker that uses the test database and is ready to work."""
    options = "--concurrency 2 --loglevel INFO --without-gossip --without-mingle"
    process = start("celery", "-A", "celery_app", "worker", *options.split())
    wait_for(lambda: process.says("ready"))
    return process
