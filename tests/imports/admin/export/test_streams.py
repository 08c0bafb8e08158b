"""Exports on a real web server, and the memory that they take."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import requests
from django.db import connection

from imports.admin.export import pages
from tests.imports.admin.export.helpers import (
    CSV,
    XLSX,
    add_people,
    export,
    form_for,
    read_xlsx,
)
from tests.imports.admin.helpers import admin_client
from tests.imports.audit.helpers import events
from tests.process_helpers import wait_for
from users.models import Organisation, User

MANY, LONG = 60_000, 100  # rows, letters: more bytes than a web process stores for a client


def post(server: str, user: User, file_format: str, query: str = "") -> requests.Response:
    """The answer to the form of an export of users, whose body is not read yet."""
    url = f"{server}/admin/users/user/export/{query}"
    session = requests.Session()
    session.cookies.set("sessionid", admin_client(user).cookies["sessionid"].value)
    session.get(url)
    token = session.cookies["csrftoken"]
    return session.post(
        url,
        form_for("users/user", file_format) | {"csrfmiddlewaretoken": token},
        headers={"Referer": url},
        stream=True,
    )


def running_queries() -> int:
    """How many other sessions are at work, or in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_a_web_server_sends_a_whole_file(
    server: str, admin: User, acme: Organisation, file_format: str
) -> None:
    add_people(acme, 5000)
    content = post(server, admin, file_format).content
    rows = content.splitlines() if file_format == CSV else read_xlsx(content)
    assert len(rows) == 5002


def test_a_client_that_leaves_in_the_middle_ends_the_queries(
    server: str, admin: User, acme: Organisation
) -> None:
    add_people(acme, MANY, letters=LONG)
    answer = post(server, admin, CSV)
    assert next(answer.iter_content(100))
    answer.close()
    wait_for(lambda: events(event_type="export_stopped"))
    begun, stopped = events(event_type__startswith="export")
    assert begun.details["rows"] == MANY + 1
    assert 0 < stopped.details["rows"] < MANY
    assert stopped.user_id == admin.id
    wait_for(lambda: running_queries() == 0)
    assert post(server, admin, CSV, "?q=admin").content.count(b"\r\n") == 2  # its place is free


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_ten_times_the_rows_take_no_more_memory(
    admin: User, acme: Organisation, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are 1.5 MB. `script/bench export` measures a process with 1,000,000 rows."""
    monkeypatch.setattr(pages, "ROWS_PER_PAGE", 100)
    client = admin_client(admin)
    peak_bytes(client, acme, 100, file_format)  # what is loaded once
    peaks = [peak_bytes(client, acme, rows, file_format) for rows in (300, 3_000)]
    assert peaks[1] < peaks[0] + 250_000


def peak_bytes(client: Any, acme: Organisation, rows: int, file_format: str) -> int:
    """The most memory that Python's objects take while an export is read and thrown away."""
    User.objects.of(acme.id).filter(role="viewer").delete()
    add_people(acme, rows, letters=LONG)
    tracemalloc.start()
    try:
        answer = export(client, "users/user", "", file_format)
        size = sum(map(len, answer.streaming_content))
        assert size > rows  # bytes
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
