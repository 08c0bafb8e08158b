"""`manage.py import_users`."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import CommandError

from imports.engine import runner
from imports.models import ImportBatch, Upload, UploadChunk
from imports.models.statuses import Status
from imports.schema.warnings import FileWarning
from tests.conftest import ModuleProcess
from tests.imports.management.conftest import MakeFile
from tests.imports.management.helpers import INVALID_ROW, csv_bytes, output_of, valid_rows
from tests.process_helpers import wait_for
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["Acme", "id"])
def test_a_file_is_imported_into_an_organisation_by_name_or_id(
    acme: Organisation, make_file: MakeFile, name: str
) -> None:
    output = output_of(
        "import_users", make_file(), "--organization", acme.id if name == "id" else name
    )
    batch = ImportBatch.objects.everywhere().get()
    assert (batch.status, batch.successful_rows, batch.source) == (Status.COMPLETED, 3, "command")
    assert batch.uploaded_by is None
    assert "imported          3" in output
    assert str(batch.id) in output


def test_invalid_rows_are_listed_and_do_not_fail_the_import(
    acme: Organisation, make_file: MakeFile, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    path = make_file(csv_bytes([*valid_rows(2), INVALID_ROW]))
    output = output_of("import_users", path, "--organization", "Acme", "--errors", out)
    assert 'row 4: "boss" is not a role' in output
    assert f"The failed rows are in {out}." in output
    header, row = csv.reader(StringIO(out.read_text("utf-8-sig"), newline=""))
    assert row[: len(INVALID_ROW)] == list(INVALID_ROW)
    assert header[-1] == "import_errors"


def test_an_import_lists_the_warnings_of_its_file(acme: Organisation, make_file: MakeFile) -> None:
    content = b"email,first_name,last_name\nuna@example.com;,Una,Moe\n"
    output = output_of("import_users", make_file(content), "--organization", "Acme")
    (warning,) = Upload.objects.everywhere().get().warnings
    assert warning["code"] == "separator_removed"
    assert f"  warning: {FileWarning.from_json(warning).text()}\n" in output


def test_an_import_in_which_nothing_succeeded_ends_with_status_1(
    acme: Organisation, make_file: MakeFile
) -> None:
    with pytest.raises(CommandError, match="No user was imported: 1 rows failed"):
        output_of("import_users", make_file(csv_bytes([INVALID_ROW])), "--organization", "Acme")


def test_a_dry_run_shows_what_would_happen_and_stores_nothing(
    acme: Organisation, viewer: User, make_file: MakeFile
) -> None:
    rows = [*valid_rows(2), INVALID_ROW, (viewer.email, "A", "B", "", "", "")]
    output = output_of(
        "import_users", make_file(csv_bytes(rows)), "--organization", "Acme", "--dry-run"
    )
    for line in ("would be imported          2", "would be skipped           1"):
        assert line in output
    assert 'row 4: "boss" is not a role' in output
    assert "Nothing was imported." in output
    assert not ImportBatch.objects.everywhere().exists()
    assert not Upload.objects.everywhere().exists()
    assert not UploadChunk.objects.everywhere().exists()
    assert User.objects.everywhere().count() == 1


def test_options_reach_the_import(acme: Organisation, admin: User, make_file: MakeFile) -> None:
    content = csv_bytes([("zoe@new.example", "Zoë", "M")], ("Contact", "Vor", "Nach"), "\t")
    path = make_file(content.decode().encode("windows-1252"))
    columns = ["email=Contact", "first_name=Vor", "last_name = Nach"]
    output_of(
        *("import_users", path, "--organization", "Acme", "--as", " ADMIN@acme.example"),
        *("--encoding", "windows-1252", "--delimiter", "tab", "--default-role", "analyst"),
        *("--no-invitations", "--fail-duplicates"),
        mapping=columns,
    )
    batch = ImportBatch.objects.everywhere().get()
    assert batch.uploaded_by == admin
    assert batch.options == {
        "send_invitations": False,
        "skip_duplicates": False,
        "default_role": "analyst",
    }
    user = User.objects.everywhere().get(email="zoe@new.example")
    assert (user.first_name, user.role) == ("Zoë", "analyst")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--organization", "Acm"], "Did you mean Acme"),
        (["--organization", "Acme", "--as", "nobody@acme.example"], "There is no user"),
        (["--organization", "Acme", "--as", "viewer@acme.example"], "Only administrators"),
        (["--organization", "Acme", "--as", "admin@globex.example"], "no such organisation"),
        (["--organization", "Acme", "--mapping", "email"], "--mapping takes FIELD=HEADER"),
        (["--organization", "Acme", "--mapping", "email=Mail"], "the file does not have"),
        (["--organization", "Acme", "--errors", "users.csv"], "would be overwritten"),
        (["--organization", "Acme", "--errors", "no/such/folder.csv"], "can't be written"),
        (["--organization", "Acme", "--dry-run", "--errors", "a.csv"], "--errors is for an import"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(
    viewer: User,
    other_admin: User,
    make_file: MakeFile,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    path = make_file()
    monkeypatch.chdir(path.parent)
    with pytest.raises(CommandError, match=sentence):
        output_of("import_users", path, *arguments)
    assert not ImportBatch.objects.everywhere().exists()
    assert not Upload.objects.everywhere().exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no columns for email"),
        (csv_bytes(valid_rows(5001)), "5,000"),
        ("email,first_name,last_name\nz@new.example,Zoë,M\n".encode("cp1252"), "encoding"),
    ],
)
def test_a_file_is_refused_with_a_sentence(
    acme: Organisation, make_file: MakeFile, content: bytes, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        output_of("import_users", make_file(content), "--organization", "Acme")
    assert not Upload.objects.everywhere().exists()


def test_a_missing_file_is_named(acme: Organisation) -> None:
    with pytest.raises(CommandError, match="No such file"):
        output_of("import_users", "no-such-file.csv", "--organization", "Acme")


def test_nothing_is_imported_with_user_management_switched_off(
    acme: Organisation, make_file: MakeFile, settings: Any
) -> None:
    settings.FEATURE_USER_MANAGEMENT = False
    with pytest.raises(CommandError, match="switched off"):
        output_of("import_users", make_file(), "--organization", "Acme")


def test_an_interrupted_import_is_enqueued_for_the_workers(
    start: Callable[..., ModuleProcess], acme: Organisation, make_file: MakeFile
) -> None:
    path = make_file(csv_bytes(valid_rows(300)))
    arguments = ["import_users", str(path), "--organization", "Acme"]
    # It can stop after each chunk of one row.
    running = start("manage", *arguments, IMPORT_CHUNK_SIZE="1")
    wait_for(lambda: ImportBatch.objects.everywhere().filter(processed_rows__gt=0).exists())
    running.popen.send_signal(signal.SIGINT)
    assert running.popen.wait() == 128 + signal.SIGINT
    batch = ImportBatch.objects.everywhere().get()
    assert "goes on in the background" in running.log.read_text()
    assert (batch.status, batch.heartbeat_at) == (Status.PROCESSING, None)  # released
    assert 0 < batch.processed_rows < 300
    queue = redis.Redis.from_url(django_settings.REDIS_URL)
    assert str(batch.id) in str(queue.lrange("imports:celery", 0, -1))
    queue.delete("imports:celery")
    runner.run(batch.id, lambda: False)
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.COMPLETED, 300)


def test_a_failed_import_ends_the_process_with_status_1_and_without_a_traceback(
    start: Callable[..., ModuleProcess], acme: Organisation, make_file: MakeFile
) -> None:
    bad = start(
        "manage", "import_users", str(make_file(csv_bytes([INVALID_ROW]))), "--organization", "Acme"
    )
    assert bad.popen.wait() == 1
    assert "CommandError: No user was imported" in bad.log.read_text()
    assert "Traceback" not in bad.log.read_text()
    good = start("manage", "import_users", str(make_file()), "--organization", "Acme")
    assert good.popen.wait() == 0, good.log.read_text()
