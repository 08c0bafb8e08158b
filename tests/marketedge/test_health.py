"""/healthz says that the process runs, and /readyz that the servers it needs can be reached."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.probes import Probe
from imports.models import Heartbeat
from marketedge import health
from tests.conftest import ModuleProcess, serve
from tests.process_helpers import wait_for

READY_DATABASE = {"database": "ok", "migrations": "ok", "workers": "ok"}
READY = READY_DATABASE | {"redis": "ok"}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for answers however slow the machine is, and begins without earlier ones."""
    monkeypatch.setattr(health, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(health, "_DATABASE", Probe(health._database))
    monkeypatch.setattr(health, "_REDIS", Probe(health._redis))


@pytest.fixture
def heartbeat(transactional_db: None) -> None:
    """A worker is alive."""
    Heartbeat.objects.beat("worker", "a-host")


def test_healthz_answers_without_the_database(client: Client) -> None:
    answer = client.get("/healthz")  # without the fixture `db`, pytest-django refuses all queries
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_ok_with_database_migrations_redis_and_a_worker(
    client: Client, heartbeat: None
) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **READY})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_readyz_is_degraded_without_redis(
    client: Client, settings: Any, silent_port: int, kind: str, heartbeat: None
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port if kind == 'hangs' else 1}/0"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", **READY, "redis": "away"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seconds", [None, 65])
def test_readyz_is_degraded_without_a_worker_in_the_last_minute(
    client: Client, seconds: int | None
) -> None:
    if seconds:
        Heartbeat.objects.create(name="worker:a", at=timezone.now() - timedelta(seconds=seconds))
    Heartbeat.objects.beat("beat", "a-host")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", **READY, "workers": "away"}


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_readyz_is_unavailable_without_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent_port: int, kind: str
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", silent_port if kind == "hangs" else 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    found = {"database": "away", "migrations": "unknown", "workers": "unknown", "redis": "ok"}
    assert answer.json() == {"status": "unavailable", **found}
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_counts_the_migrations_that_an_empty_database_lacks(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "template1")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "ok")
    assert int(answer.json()["migrations"].removesuffix(" missing")) > 10
    assert answer.json()["workers"] == "unknown"


@pytest.mark.django_db(transaction=True)
def test_readyz_is_unavailable_when_one_migration_is_missing(client: Client) -> None:
    row = "('imports', '0001_initial')"
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM django_migrations WHERE (app, name) = {row}")
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('imports', '0001_initial', now())"
            )
    assert (answer.status_code, answer.json()["migrations"]) == (503, "1 missing")


@pytest.mark.django_db
def test_readyz_is_ok_with_a_newer_migration_than_this_version_knows(client: Client) -> None:
    """During a deployment, old processes use a database that the new version has migrated."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('imports', '9999_tomorrow', now())"
        )
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_over_plain_http_are_not_redirected(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    assert client.get(path).status_code in (200, 503)
    assert client.get("/admin/").status_code == 301


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_refuse_post(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_readyz_does_not_disclose_host_or_user_of_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    body = client.get("/readyz").content.decode()
    assert "127.0.0.1" not in body
    assert str(connection.settings_dict["USER"]) not in body


# --- servers that hang ------------------------------------------------------------------------


@pytest.mark.slow
def test_both_checks_answer_while_database_and_redis_hang(
    start: Callable[..., ModuleProcess], silent_port: int
) -> None:
    """With the real time limits, in a real web server."""
    hanging = {
        "DATABASE_URL": f"postgresql://marketedge@127.0.0.1:{silent_port}/marketedge",
        "REDIS_URL": f"redis://127.0.0.1:{silent_port}/0",
    }
    url = serve(start, **hanging)
    for _ in range(10):  # more than one process has threads for
        answer = requests.get(f"{url}/readyz", timeout=1)
        assert answer.status_code == 503
        assert answer.json()["database"] == answer.json()["redis"] == "away"
        assert requests.get(f"{url}/healthz", timeout=1).status_code == 200


@pytest.mark.django_db
def test_a_server_that_is_late_once_counts_as_it_did_before(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, silent_port: int
) -> None:
    assert client.get("/readyz").json()["redis"] == "ok"
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    monkeypatch.setattr(health, "REDIS_SECONDS", 600.0)
    monkeypatch.setattr(health._DATABASE, "answer_by", lambda *_: READY_DATABASE)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.0)
    assert client.get("/readyz").json()["redis"] == "ok"
    wait_for(lambda: client.get("/readyz").json()["redis"] == "away")


def test_checks_of_a_server_that_hangs_share_one_thread(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, silent_port: int
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    monkeypatch.setattr(health, "REDIS_SECONDS", 600.0)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.0)
    before = threading.active_count()
    for _ in range(5):
        assert client.get("/readyz").json()["redis"] == "away"
    assert threading.active_count() <= before + 2  # one for Redis, one for the database
