"""Whether the process lives, and whether the service can do its work."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

READY = {"database": "ok", "migrations": "ok", "redis": "ok"}


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_healthz_answers_without_asking_anybody(client: Client) -> None:
    answer = client.get("/healthz")  # pytest-django fails a test that touches the database unasked
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_tells_that_database_migrations_and_redis_are_there(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **READY})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_without_redis_the_service_is_degraded_and_serves(
    client: Client, settings: Any, mute: int, kind: str
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{mute if kind == 'hangs' else 1}/0"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", **READY, "redis": "away"}


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_without_the_database_it_is_unavailable(
    client: Client, monkeypatch: pytest.MonkeyPatch, mute: int, kind: str
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", mute if kind == "hangs" else 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    found = {"database": "away", "migrations": "unknown", "redis": "ok"}
    assert answer.json() == {"status": "unavailable", **found}
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_database_that_was_never_migrated_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "template1")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "ok")
    assert int(answer.json()["migrations"].removesuffix(" missing")) > 10


@pytest.mark.django_db(transaction=True)
def test_one_migration_that_is_missing_is_one_too_many(client: Client) -> None:
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
def test_a_database_that_is_ahead_of_this_version_is_ready(client: Client) -> None:
    """During a deployment the old processes serve on the tables of the new ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('imports', '9999_tomorrow', now())"
        )
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_platform_asks_over_plain_http_and_is_not_sent_elsewhere(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    assert client.get(path).status_code in (200, 503)
    assert client.get("/admin/").status_code == 301


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_for_reading(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_no_answer_tells_where_anything_is(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    said = client.get("/readyz").content.decode()
    assert "127.0.0.1" not in said
    assert str(connection.settings_dict["USER"]) not in said
