"""What the logs contain, and that they contain no personal data."""

from __future__ import annotations

import ast
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
import structlog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from structlog.stdlib import ProcessorFormatter

from imports.models import ImportBatch
from marketedge import logs
from tests.conftest import PASSWORD, ROOT, ModuleProcess
from tests.imports.api.helpers import csv_bytes, imports_url, valid_rows
from tests.marketedge.render_helpers import PROXY_HEADERS, Deployed, query
from tests.process_helpers import wait_for
from users.models import Organisation, User

REQUEST_ID = "5e0f-a1"
SECRET = "Zoë Müller, zoe.mueller@secret.example, +44 20 7946 0123"


@pytest.fixture
def written() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """written() returns the lines that the service's formatter writes, parsed."""
    options = dict(logs.LOGGING["formatters"]["json"])
    options.pop("()")
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Handler()
    handler.setFormatter(ProcessorFormatter(**options))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in lines]
    logging.getLogger().removeHandler(handler)


Written = Callable[[], list[dict[str, Any]]]
log = structlog.get_logger("imports.test")


def test_an_event_is_logged_with_its_ids_and_numbers(written: Written) -> None:
    batch = "0b3c9b0e-5b0e-4b8e-9a51-0f6f3c7d1f11"
    log.info("csv_import_completed", batch_id=batch, rows=7, failed=0)
    (line,) = written()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "csv_import_completed",
        "logger": "imports.test",
        "batch_id": batch,
        "rows": 7,
        "failed": 0,
    }


def test_a_key_that_is_not_on_the_list_is_dropped(written: Written) -> None:
    log.info("csv_import_started", email="a@b.example", row=SECRET, filename="zoe.csv", rows=1)
    (line,) = written()
    assert set(line) == {"timestamp", "level", "event", "logger", "rows"}


def test_values_lose_e_mail_addresses_and_ids_must_be_uuids(written: Written) -> None:
    log.info("csv_import_error", reason="no a@b.example\nhere", batch_id="Zoë", rows=["Zoë"])
    (line,) = written()
    assert line["reason"] == "no … here"
    assert "batch_id" not in line
    assert line["rows"] == "…"


def test_an_exception_is_logged_with_class_and_place_but_not_its_message(written: Written) -> None:
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise LookupError(SECRET) from error
    except LookupError:
        log.exception("csv_import_error")
        logging.getLogger("django.request").error("%s: %s", "/x", SECRET, exc_info=True)
    for line in written():
        assert line["exception"] == "LookupError from ValueError"
        assert "tests/marketedge/test_logs.py" in line["location"]
        assert "Zoë" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize(
    ("arguments", "event"),
    [
        (("Listening at: %s (%s)", SECRET, 5), "Listening at: … (5)"),
        (("took %.2f s", 0.5), "took 0.50 s"),
        ((f'Key (email)=("{SECRET}") exists',), "Key …"),
        ((ValueError(SECRET),), "ValueError"),
        (("%s", SECRET), "kombu"),
    ],
)
def test_messages_of_libraries_lose_their_values(
    written: Written, arguments: tuple[Any, ...], event: str
) -> None:
    logging.getLogger("kombu").warning(*arguments)
    assert [line["event"] for line in written()] == [event]


def test_messages_of_celery_keep_the_name_and_id_of_the_task(written: Written) -> None:
    task = {"name": "imports.run", "id": "6f0f8a54-9a4f-4c9f-8f0e-2a5a0f6b7c11", "exc": SECRET}
    logging.getLogger("celery.app.trace").info("Task %(name)s[%(id)s] failed: %(exc)s", task)
    (line,) = written()
    assert (line["task"], line["task_id"]) == (task["name"], task["id"])
    assert line["event"] == "Task …[…] failed: …"


def test_on_a_terminal_a_line_is_plain_text_without_personal_data() -> None:
    code = """if True:
        import structlog
        from marketedge import logs
        logs.configure()
        log = structlog.get_logger("imports")
        log.info("csv_import_completed", rows=7, filename="zoe.csv", reason="of zoe@x.example")
    """
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=theirs, check=True)
    os.close(theirs)
    line = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "csv_import_completed" in line
    assert not line.startswith("{")
    assert "zoe" not in line


def test_every_key_that_the_code_logs_is_on_the_list() -> None:
    sources = [
        path for app in ("imports", "users", "marketedge") for path in (ROOT / app).rglob("*.py")
    ]
    calls = [
        (path.name, node)
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
    ]
    assert len(calls) > 5
    keys = {(name, word.arg) for name, call in calls for word in call.keywords if word.arg}
    unknown = {(name, key) for name, key in keys if key not in (*logs.ALLOWED, "exc_info")}
    assert not unknown


# --- real processes ---------------------------------------------------------------------------

# A trigger that refuses every row with an error whose message contains the row.
REFUSE_ROWS = """
    CREATE OR REPLACE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE internal_error USING MESSAGE = 'can''t have ' || NEW::text; END $$;
    CREATE TRIGGER refuse_row BEFORE INSERT ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_row();
"""


@pytest.fixture
def break_table(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """break_table("users") makes the table refuse every row until the test ends."""
    yield lambda table: query(REFUSE_ROWS.format(table=table))
    query("DROP FUNCTION IF EXISTS refuse_row() CASCADE")


@pytest.fixture
def deployed(transactional_db: None, tmp_path: Path) -> Iterator[dict[str, Deployed]]:
    """Web and worker, started with the commands of render.yaml."""
    names = ("marketedge-web", "marketedge-worker")
    services = {name.partition("-")[2]: Deployed(name, tmp_path) for name in names}
    wait_for(lambda: services["web"].says("Booting worker") and services["worker"].says("ready."))
    yield services
    for service in services.values():
        service.stop()


def lines_of(service: Deployed) -> list[dict[str, Any]]:
    """Every line on stdout. Each has to be JSON."""
    return [json.loads(line) for line in service.stdout.read_text().splitlines()]


def upload(web: Deployed, user: User, organisation: Organisation, name: str) -> requests.Response:
    """Uploads a file with three users over HTTP."""
    return requests.post(
        web.url + imports_url(organisation),
        files={"file": (name, csv_bytes(valid_rows(3, domain="secret.example")))},
        headers=PROXY_HEADERS
        | {"Authorization": f"Bearer {token(web, user)}", "X-Request-ID": REQUEST_ID},
        timeout=30,
    )


def token(web: Deployed, user: User) -> str:
    """Logs in and returns the access token."""
    answer = requests.post(
        f"{web.url}/api/v1/auth/token",
        json={"email": user.email, "password": PASSWORD},
        headers=PROXY_HEADERS,
        timeout=30,
    )
    return str(answer.json()["access"])


def test_web_and_worker_log_nothing_of_a_file_even_when_the_database_refuses_it(
    deployed: dict[str, Deployed],
    admin: User,
    acme: Organisation,
    break_table: Callable[[str], None],
) -> None:
    web, worker = deployed["web"], deployed["worker"]
    # The server does not know the fast hasher of the tests.
    password_hash = PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
    User.objects.everywhere().filter(id=admin.id).update(password=password_hash)
    good = upload(web, admin, acme, "zoe.mueller@secret.example.csv").json()["id"]
    wait_for(lambda: ImportBatch.objects.everywhere().get(id=good).status == "completed")
    User.objects.everywhere().filter(import_batch_id=good).delete()
    break_table("users")
    bad = upload(web, admin, acme, "second-of-zoe.mueller@secret.example.csv").json()["id"]
    wait_for(lambda: worker.says("csv_import_error"))
    break_table("import_uploads")
    assert upload(web, admin, acme, "third-of-zoe.csv").status_code == 500
    search = "/admin/users/user/?q=zoe.mueller@secret.example"
    requests.get(web.url + search, headers=PROXY_HEADERS, timeout=30)
    wait_for(lambda: web.says('"route": "admin/users/user/"') and web.says('"exception"'))

    for service in (web, worker):
        written = service.stdout.read_text() + service.stderr.read_text()
        for secret in ("secret.example", "zoe", "First0", "Last1", "20 7946 0123", admin.email):
            assert secret not in written
    events = [line for line in lines_of(worker) if line.get("batch_id") in (good, bad)]
    assert [line["event"] for line in events[:2]] == ["csv_import_started", "csv_import_completed"]
    assert {"csv_import_started", "csv_import_error"} <= {line["event"] for line in events[2:]}
    for line in events[:2]:
        assert (line["organization_id"], line["user_id"]) == (str(acme.id), str(admin.id))
        assert line["task_id"]
        assert line["request_id"] == REQUEST_ID
    done = events[1]
    assert (done["rows"], done["succeeded"], done["failed"]) == (3, 3, 0)
    assert done["seconds"] > 0
    assert all(line["request_id"] == REQUEST_ID for line in events)
    assert all(line["error_type"] for line in events if line["event"] == "csv_import_error")
    failed = next(line for line in lines_of(web) if "exception" in line)
    assert "imports/engine/staged/staging.py" in failed["location"]
    assert failed["request_id"]


def test_a_request_is_logged_with_user_route_status_and_duration(
    client: Client, admin: User, written: Written
) -> None:
    client.force_login(admin)
    answer = client.get(
        "/admin/users/user/?q=zoe@secret.example", headers={"X-Request-ID": "ab-12"}
    )
    (line,) = [line for line in written() if line["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "admin/users/user/", 302)
    assert (line["user_id"], line["request_id"]) == (str(admin.id), "ab-12")
    assert answer["X-Request-ID"] == "ab-12"
    assert line["duration_ms"] >= 0


def test_an_invalid_request_id_is_replaced(client: Client, db: None) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "zoe@secret.example"})
    assert UUID(answer["X-Request-ID"])


def test_health_checks_are_not_logged(client: Client, written: Written) -> None:
    client.get("/healthz")
    assert written() == []


def test_the_log_lines_of_a_command_are_whole_and_go_to_stderr(
    start: Callable[..., ModuleProcess], acme: Organisation, tmp_path: Path
) -> None:
    """The fixture writes stdout and stderr to one file."""
    (tmp_path / "users.csv").write_bytes(csv_bytes(valid_rows(2)))
    done = start("manage", "import_users", str(tmp_path / "users.csv"), "--organization", "Acme")
    assert done.popen.wait() == 0
    lines = [line for line in done.log.read_text().splitlines() if line.startswith("{")]
    assert {json.loads(line)["event"] for line in lines} == {
        "csv_import_started",
        "csv_import_completed",
    }
