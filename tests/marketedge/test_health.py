"""/healthz says that the process runs, and /readyz that the servers it needs can be reached."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

READY = {"database": "ok", "migrations": "ok", "redis": "ok"}


def test_healthz_answers_without_the_database(client: Client) -> None:
    answer = client.get("/healthz")  # without the fixture `db`, pytest-django refuses all queries
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_ok_with_database_migrations_and_redis(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **READY})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_readyz_is_degraded_without_redis(
    client: Client, settings: Any, silent_port: int, kind: str
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port if kind == 'hangs' else 1}/0"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", **READY, "redis": "away"}


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_readyz_is_unavailable_without_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent_port: int, kind: str
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", silent_port if kind == "hangs" else 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    found = {"database": "away", "migrations": "unknown", "redis": "ok"}
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
