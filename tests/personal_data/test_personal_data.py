"""Personal data is only where docs/personal-data.md says so, and only for as long as it says.

A file with a text of its own in every cell is previewed, imported, undone and purged, with a real
web server and a real worker. At each of these stages the texts are looked for in every table, every
Redis key and every log, PostgreSQL's own included.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
import string
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from imports import tasks
from imports.models import AuditEvent, ImportBatch, Review, Upload
from tests.conftest import PASSWORD, MakeUser, ModuleProcess, serve
from tests.paths import ROOT
from tests.personal_data import data_search
from tests.process_helpers import wait_for
from users.models import Organisation, User
from users.rights.roles import Role

DOCUMENT = (ROOT / "docs" / "personal-data.md").read_text()
STAGES = ["previewed", "imported", "undone", "purged", "deleted", "run out"]
HEADERS = {
    "e-mail address": "Email",
    "first name": "First name",
    "last name": "Last name",
    "department": "Department",
    "location": "Location",
    "phone": "Phone",
    "password": "Password",
    "unknown column": "Shoe size",
}
SENT = ["own address", "browser", "search", "guess", "key"]  # by a client
KINDS = ["new", "invalid", "existing", "foreign"]  # of rows
TEXT_TYPES = {"text", "character varying", "character", "jsonb", "json", "bytea", "inet", "cidr"}
Labels = dict[str, tuple[str, str]]  # text -> (kind of row, field)


def section(name: str) -> list[list[str]]:
    """The cells of the table between the markers of this name, without its header."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    lines = DOCUMENT.partition(begin)[2].partition(end)[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in lines]


def names(cell: str) -> list[str]:
    """The names in a cell: `users`, `email`."""
    return re.findall(r"`([^`]+)`", cell)


def expected(stage: str) -> set[tuple[str, str, str]]:
    """(table.column, kind of row, field): where the document says that values of a file are."""
    place = STAGES.index(stage) + 3
    return {
        (names(row[0])[0], kind, field)
        for row in section("file")
        if row[place] == "yes"
        for kind in row[1].split(", ")
        for field in row[2].split(", ")
    }


class File:
    """A file with a text of its own in every cell, and `labels`: what each of the texts is."""

    def __init__(self) -> None:
        self._salt = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
        self.labels: Labels = {}
        self.name = self.mark("any", "file name") + ".csv"
        self.rows = {kind: self._row(kind) for kind in KINDS}

    def mark(self, kind: str, field: str) -> str:
        """A text that occurs nowhere else."""
        text = re.sub("[^a-z]", "", f"zq{field}{kind}{self._salt}")
        if field == "phone":
            text = "".join(secrets.choice(string.digits) for _ in range(10))
        self.labels[text] = (kind, field)
        return text

    def _row(self, kind: str) -> dict[str, str]:
        cells = {field: self.mark(kind, field) for field in HEADERS}
        is_invalid = kind == "invalid"
        cells["role"] = self.mark(kind, "role") if is_invalid else "viewer"
        cells["e-mail address"] += "@people..example" if is_invalid else "@people.example"
        cells["phone"] = f"{'call' if is_invalid else '+49 30'} {cells['phone']}"
        return cells

    @property
    def content(self) -> bytes:
        """The file. It has a further column whose name is marked too."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([*HEADERS.values(), "Role", self.mark("any", "column name")])
        for cells in self.rows.values():
            writer.writerow([*cells.values(), ""])
        return text.getvalue().encode()


class Client:
    """Calls the service as an organisation's administrator does, through API and admin."""

    def __init__(self, url: str, user: User, headers: dict[str, str]) -> None:
        self.url, self.email = url, user.email
        self.imports = f"{url}/api/v1/organizations/{user.organisation_id}/users/import"
        self.api, self.admin = requests.Session(), requests.Session()
        for session in (self.api, self.admin):
            session.headers.update(headers)

    def log_in(self, password: str) -> dict[str, str]:
        """Logs in to API and admin; gives the tokens of the API."""
        login = {"email": self.email, "password": password}
        answer = self.api.post(f"{self.url}/api/v1/auth/token", json=login)
        assert answer.ok, answer.text
        tokens: dict[str, str] = answer.json()
        self.api.headers["Authorization"] = f"Bearer {tokens['access']}"
        self.submit("login/", username=self.email, password=password)
        assert "sessionid" in self.admin.cookies
        return tokens

    def submit(self, path: str, **fields: str) -> requests.Response:
        """Posts a form of the admin."""
        page = f"{self.url}/admin/{path}"
        self.admin.get(page)
        fields["csrfmiddlewaretoken"] = self.admin.cookies["csrftoken"]
        return self.admin.post(page, data=fields, headers={"Referer": page})

    def post(self, path: str = "", **options: Any) -> Any:
        """Posts to an import's path of the API; gives the answer's content."""
        answer = self.api.post(self.imports + path, **options)
        assert answer.ok, answer.text
        return answer.json()

    def review(self, upload_id: str, row: int) -> None:
        """Looks at a staged file, changes the role of a row, leaves it out, and takes it back in.
        What was before is kept for an undo: of a row that is left out, the whole row."""
        url = f"{self.imports}/uploads/{upload_id}"
        review = self.api.get(url).json()
        edit = {"row": row, "field": "role", "value": "analyst"}
        for change in ({"edits": [edit]}, {"dropped": [row]}, {"restored": [row]}):
            answer = self.api.patch(url, json={"revision": review["revision"], **change})
            assert answer.ok, answer.text
            review = answer.json()

    def look_at(self, *pages: str) -> None:
        """Opens pages of the admin."""
        for page in pages:
            answer = self.admin.get(f"{self.url}/admin/{page}")
            assert answer.ok, (page, answer.status_code)


@pytest.fixture
def logs(tmp_path: Path) -> Callable[[], list[Path]]:
    """A function that gives the logs of web, worker, PostgreSQL and Valkey, and the files that the
    web server has not deleted."""
    (tmp_path / "temporary").mkdir()
    return lambda: [
        *data_search.server_logs(),
        *tmp_path.glob("*.log"),
        *(tmp_path / "temporary").rglob("*"),
    ]


@pytest.fixture
def url(start: Any, tmp_path: Path) -> str:
    """The URL of a web server whose clients name their IP address themselves."""
    return serve(start, TRUSTED_PROXY_HOPS="1", TMPDIR=str(tmp_path / "temporary"))


@pytest.fixture(autouse=True)
def _slow_passwords(settings: Any) -> None:
    """The hashes that the web server knows."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


def found(labels: Labels, logs: list[Path]) -> set[tuple[str, str, str]]:
    """(place, kind of row, field) of each text that is stored anywhere."""
    places = data_search.in_tables(labels) | data_search.in_redis(labels)
    places |= data_search.in_files(labels, logs)
    return {(place, *labels[text]) for place, text in places}


def test_values_of_a_file_are_only_where_the_document_says(
    logs: Any, url: str, worker: ModuleProcess, make_user: MakeUser, acme: Any, globex: Any
) -> None:
    file = File()
    for stage in life_of_a_file(file, url, make_user, acme, globex):
        assert found(file.labels, logs()) == expected(stage), stage


def life_of_a_file(
    file: File, url: str, make_user: MakeUser, acme: Organisation, globex: Organisation
) -> Iterator[str]:
    """Takes a file from one stage to the next; gives the name of each."""
    user = make_user("admin@acme.example", Role.ADMIN, acme, is_staff=True)
    existing = make_user(file.rows["existing"]["e-mail address"], Role.VIEWER, acme)
    make_user(file.rows["foreign"]["e-mail address"], Role.VIEWER, globex)
    client = Client(url, user, {})
    client.log_in(PASSWORD)
    content, name = file.content, file.name

    upload = client.post("/preview", files={"file": (name, content)})
    client.review(upload["upload_id"], row=2)
    client.api.post(client.imports, files={"file": (name, b"no file")})  # refused
    yield "previewed"

    client.post(files={"file": (name, content)})  # its preview is not used
    wait_for(lambda: ImportBatch.objects.everywhere().get().status == "completed")
    batch = ImportBatch.objects.everywhere().get()
    assert (batch.successful_rows, batch.skipped_rows, batch.failed_rows) == (1, 1, 2)
    yield from after_import(client, file, batch)

    make_old(ImportBatch, Upload)
    Review.objects.everywhere().update(changed_at=F("changed_at") - timedelta(days=8))
    call_command("purge_imports")
    assert not Upload.objects.everywhere().filter(id=upload["upload_id"]).exists()
    yield "purged"

    staff = make_user("root@marketedge.example", Role.SUPER_ADMIN, is_staff=True, is_superuser=True)
    of_staff = Client(url, staff, {})
    of_staff.log_in(PASSWORD)
    of_staff.submit(f"users/user/{existing.id}/delete/", post="yes")
    assert not User.objects.everywhere().filter(id=existing.id).exists()
    yield "deleted"

    let_everything_run_out()
    yield "run out"


def after_import(client: Client, file: File, batch: ImportBatch) -> Iterator[str]:
    """Looks at an import everywhere, then undoes it."""
    path = f"/{batch.id}"
    for call in ("", path, f"{path}/errors", f"{path}/errors?format=csv"):
        assert client.api.get(client.imports + call).ok
    client.look_at("users/user/", "imports/importbatch/", f"imports/importbatch/{batch.id}/change/")
    client.look_at(f"users/user/?q={file.rows['new']['e-mail address']}")
    yield "imported"

    client.post(f"{path}/undo")
    wait_for(lambda: ImportBatch.objects.everywhere().filter(undone_at__isnull=False).exists())
    assert not User.objects.everywhere().filter(email=file.rows["new"]["e-mail address"]).exists()
    yield "undone"


def make_old(*models: Any) -> None:
    """Makes all rows of these tables 40 days older."""
    for model in models:
        model._base_manager.update(created_at=F("created_at") - timedelta(days=40))


def let_everything_run_out() -> None:
    """Makes everything that has a date older than its limit, and deletes what the hourly task of
    retention deletes."""
    make_old(ImportBatch, Upload)
    past = Now() - timedelta(days=400)
    LogEntry.objects.update(action_time=past)
    Session.objects.update(expire_date=past)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_events DISABLE TRIGGER USER")
        AuditEvent.objects.everywhere().update(created_at=past)
        cursor.execute("ALTER TABLE audit_events ENABLE TRIGGER USER")
    tasks.purge()
    assert not LogEntry.objects.exists()
    assert not Session.objects.exists()
    assert not AuditEvent.objects.everywhere().exists()


def test_what_a_client_sends_is_only_where_the_document_says(
    logs: Any, url: str, worker: ModuleProcess, make_user: MakeUser, acme: Organisation
) -> None:
    """Of those who use the service: their account, IP address, passwords, searches and headers."""
    sent = {what: File().mark("client", what) for what in SENT}
    password, ip = f"Zq1{secrets.token_hex(8)}", "2001:db8:5a17::77"
    user = make_user(f"{sent['own address']}@acme.example", Role.ADMIN, acme, is_staff=True)
    user.set_password(password)
    user.save()
    client = Client(url, user, {"User-Agent": sent["browser"], "X-Forwarded-For": ip})
    guess_a_password(client, sent["guess"])
    tokens = client.log_in(password)
    client.look_at(f"users/user/?q={sent['search']}")
    assert client.api.get(f"{url}/{sent['search']}?{sent['search']}").status_code == 404
    content = b"email,first_name,last_name\nada@acme.example,Ada,Lovelace\n"
    headers = {"Idempotency-Key": sent["key"]}
    client.post(files={"file": ("users.csv", content)}, headers=headers)
    wait_for(lambda: ImportBatch.objects.everywhere().get().status == "completed")

    sent |= tokens | {"password": password, "IP address": ip}
    sent["session"] = client.admin.cookies["sessionid"]
    labels = {text: ("client", what) for what, text in sent.items()}
    allowed = {(names(place)[0], "client", what) for place, what in section("clients")}
    assert found(labels, logs()) == allowed

    let_everything_run_out()
    assert found(labels, logs()) == {("users.email", "client", "own address")}


def guess_a_password(client: Client, text: str) -> None:
    """Tries to log in as a user who does not exist, to API and admin."""
    login = {"email": f"{text}@acme.example", "password": text}
    assert client.api.post(f"{client.url}/api/v1/auth/token", json=login).status_code == 401
    client.submit("login/", username=login["email"], password=text)
    assert "sessionid" not in client.admin.cookies


# --- the list of columns --------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_column_with_text_is_in_the_document() -> None:
    listed = {
        (table, column)
        for row in section("columns")
        for table in names(row[0])
        for column in names(row[1] + row[2])
    }
    stored = {key for key, kind in data_search.columns().items() if kind in TEXT_TYPES}
    assert sorted(stored - listed) == []
    assert sorted(listed - data_search.columns().keys()) == []


def test_the_columns_where_values_of_a_file_are_have_personal_data() -> None:
    personal = {
        f"{table}.{column}"
        for row in section("columns")
        for table in names(row[0])
        for column in names(row[1])
    }
    used = {names(row[0])[0] for row in [*section("file"), *section("clients")]}
    assert sorted(used - personal) == []


# --- the search itself ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_search_finds_a_text_in_rows_json_bytes_and_packed_sessions(
    acme: Organisation, make_user: MakeUser
) -> None:
    session = SessionStore()
    session["note"] = "ZqSought in a session"
    session.create()
    make_user("zqsought@acme.example", organisation=acme)
    upload = Upload.objects.create(
        organisation=acme, size_bytes=1, header_row=1, columns=["ZQSOUGHT é"], total_rows=0
    )
    upload.chunks.create(number=0, first_row=2, row_count=1, content=b"\xffzqsought\n")
    assert data_search.in_tables(["zqsought"]) == {
        ("django_session.session_data", "zqsought"),
        ("import_upload_chunks.content", "zqsought"),
        ("import_uploads.columns", "zqsought"),
        ("users.email", "zqsought"),
    }
