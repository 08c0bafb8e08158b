"""The operators' door: manage.py."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from imports.engine import runner
from imports.models import ImportBatch, Upload, UploadChunk
from imports.models.statuses import Status
from tests.conftest import ModuleProcess
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from tests.process_helpers import wait_for
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def command(*arguments: Any, **options: Any) -> str:
    """What a command says on stdout."""
    out = StringIO()
    call_command(*map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """file(content): a file on disk; three good rows unless told otherwise."""

    def make(content: bytes | None = None, name: str = "users.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(csv_bytes(valid_rows(3)) if content is None else content)
        return path

    return make


# --- import_users -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Acme", "id"])
def test_a_file_is_imported_into_an_organisation_by_name_or_id(
    acme: Organisation, file: Callable[..., Path], name: str
) -> None:
    said = command("import_users", file(), "--organization", acme.id if name == "id" else name)
    batch = ImportBatch.objects.get()
    assert (batch.status, batch.successful_rows, batch.source) == (Status.COMPLETED, 3, "command")
    assert batch.uploaded_by is None
    assert "imported          3" in said
    assert str(batch.id) in said


def test_invalid_rows_are_told_and_do_not_make_it_fail(
    acme: Organisation, file: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    path = file(csv_bytes([*valid_rows(2), INVALID_ROW]))
    said = command("import_users", path, "--organization", "Acme", "--errors", out)
    assert 'row 4: "boss" is not a role' in said
    assert f"The rows that failed are in {out}." in said
    header, row = csv.reader(StringIO(out.read_text("utf-8-sig"), newline=""))
    assert row[: len(INVALID_ROW)] == list(INVALID_ROW)
    assert header[-1] == "import_errors"


def test_an_import_in_which_nothing_succeeded_ends_with_status_1(
    acme: Organisation, file: Callable[..., Path]
) -> None:
    with pytest.raises(CommandError, match="No user was imported: 1 rows failed"):
        command("import_users", file(csv_bytes([INVALID_ROW])), "--organization", "Acme")


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(
    acme: Organisation, viewer: User, file: Callable[..., Path]
) -> None:
    rows = [*valid_rows(2), INVALID_ROW, (viewer.email, "A", "B", "", "", "")]
    said = command("import_users", file(csv_bytes(rows)), "--organization", "Acme", "--dry-run")
    for line in ("would be imported          2", "would be skipped           1"):
        assert line in said
    assert 'row 4: "boss" is not a role' in said
    assert "Nothing was imported." in said
    assert not ImportBatch.objects.exists()
    assert not Upload.objects.exists()
    assert not UploadChunk.objects.exists()
    assert User.objects.count() == 1


def test_options_reach_the_import(
    acme: Organisation, admin: User, file: Callable[..., Path]
) -> None:
    content = csv_bytes([("zoe@new.example", "Zoë", "M")], ("Contact", "Vor", "Nach"), "\t")
    path = file(content.decode().encode("windows-1252"))
    columns = ["email=Contact", "first_name=Vor", "last_name = Nach"]
    command(
        *("import_users", path, "--organization", "Acme", "--as", " ADMIN@acme.example"),
        *("--encoding", "windows-1252", "--delimiter", "tab", "--default-role", "analyst"),
        *("--no-invitations", "--fail-duplicates"),
        mapping=columns,
    )
    batch = ImportBatch.objects.get()
    assert batch.uploaded_by == admin
    assert batch.options == {
        "send_invitations": False,
        "skip_duplicates": False,
        "default_role": "analyst",
    }
    user = User.objects.get(email="zoe@new.example")
    assert (user.first_name, user.role) == ("Zoë", "analyst")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--organization", "Acm"], "Did you mean Acme"),
        (["--organization", "Acme", "--as", "nobody@acme.example"], "There is no user"),
        (["--organization", "Acme", "--as", "viewer@acme.example"], "Only administrators"),
        (["--organization", "Acme", "--as", "admin@globex.example"], "no such organisation"),
        (["--organization", "Acme", "--mapping", "email"], "--mapping is FIELD=HEADER"),
        (["--organization", "Acme", "--mapping", "email=Mail"], "the file does not have"),
        (["--organization", "Acme", "--errors", "users.csv"], "would be overwritten"),
        (["--organization", "Acme", "--errors", "no/such/folder.csv"], "can't be written"),
        (["--organization", "Acme", "--dry-run", "--errors", "a.csv"], "--errors is for an import"),
    ],
)
def test_what_can_not_be_done_is_refused_in_a_sentence(
    viewer: User,
    other_admin: User,
    file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    path = file()
    monkeypatch.chdir(path.parent)
    with pytest.raises(CommandError, match=said):
        command("import_users", path, *arguments)
    assert not ImportBatch.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "no columns for email"),
        (csv_bytes(valid_rows(5001)), "5,000"),
        ("email,first_name,last_name\nz@new.example,Zoë,M\n".encode("cp1252"), "encoding"),
    ],
)
def test_a_file_that_is_refused_is_refused_in_a_sentence(
    acme: Organisation, file: Callable[..., Path], content: bytes, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        command("import_users", file(content), "--organization", "Acme")
    assert not Upload.objects.exists()


def test_a_file_that_is_not_there_is_said_to_be_missing(acme: Organisation) -> None:
    with pytest.raises(CommandError, match="No such file"):
        command("import_users", "no-such-file.csv", "--organization", "Acme")


def test_with_user_management_switched_off_nobody_is_imported(
    acme: Organisation, file: Callable[..., Path], settings: Any
) -> None:
    settings.FEATURE_USER_MANAGEMENT = False
    with pytest.raises(CommandError, match="switched off"):
        command("import_users", file(), "--organization", "Acme")


def test_after_ctrl_c_the_import_goes_on_in_the_background(
    start: Callable[..., ModuleProcess], acme: Organisation, file: Callable[..., Path]
) -> None:
    path = file(csv_bytes(valid_rows(300)))
    arguments = ["import_users", str(path), "--organization", "Acme"]
    # Chunks of one row: it takes a while, and stops after any of them.
    running = start("manage", *arguments, IMPORT_CHUNK_SIZE="1")
    wait_for(lambda: ImportBatch.objects.filter(processed_rows__gt=0).exists())
    running.popen.send_signal(signal.SIGINT)
    assert running.popen.wait() == 128 + signal.SIGINT
    batch = ImportBatch.objects.get()
    assert "goes on in the background" in running.log.read_text()
    assert (batch.status, batch.heartbeat_at) == (Status.PROCESSING, None)  # free at once
    assert 0 < batch.processed_rows < 300
    queue = redis.Redis.from_url(django_settings.REDIS_URL)
    assert str(batch.id) in str(queue.lrange("imports:celery", 0, -1))
    queue.delete("imports:celery")
    runner.run(batch.id, lambda: False)
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.COMPLETED, 300)


def test_the_exit_status_and_the_sentence_are_those_of_a_process(
    start: Callable[..., ModuleProcess], acme: Organisation, file: Callable[..., Path]
) -> None:
    bad = start(
        "manage", "import_users", str(file(csv_bytes([INVALID_ROW]))), "--organization", "Acme"
    )
    assert bad.popen.wait() == 1
    assert "CommandError: No user was imported" in bad.log.read_text()
    assert "Traceback" not in bad.log.read_text()
    good = start("manage", "import_users", str(file()), "--organization", "Acme")
    assert good.popen.wait() == 0, good.log.read_text()


# --- cleanup_stuck_imports --------------------------------------------------------------------


@pytest.fixture
def batch(acme: Organisation, file: Callable[..., Path], settings: Any) -> ImportBatch:
    """One of six rows, two of which are done."""
    settings.IMPORT_CHUNK_SIZE = 2
    call_command(
        "import_users",
        str(file(csv_bytes(valid_rows(6)))),
        "--organization",
        "Acme",
        stdout=StringIO(),
    )
    User.objects.exclude(email__in=[row[0] for row in valid_rows(2)]).delete()
    counters = {"processed_rows": 2, "successful_rows": 2, "next_chunk": 1, "completed_at": None}
    ImportBatch.objects.update(status=Status.PROCESSING, **counters)
    return ImportBatch.objects.get()


def silent_for(batch: ImportBatch, minutes: int) -> None:
    """As if its worker had died that long ago."""
    ago = Now() - timedelta(minutes=minutes)
    ImportBatch.objects.filter(id=batch.id).update(heartbeat_at=ago, enqueued_at=ago)


def test_a_silent_import_is_announced_again_and_goes_on_where_it_stopped(
    batch: ImportBatch,
) -> None:
    silent_for(batch, 11)
    said = command("cleanup_stuck_imports")
    assert str(batch.id) in said
    assert "2 of 6" in said
    assert "announced to the workers" in said
    assert command("cleanup_stuck_imports") == "Nothing is stuck.\n"
    runner.run(batch.id, lambda: False)
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.COMPLETED, 6)


def test_a_dry_run_of_the_cleanup_changes_nothing(batch: ImportBatch) -> None:
    silent_for(batch, 11)
    before = ImportBatch.objects.values().get()
    for _ in range(2):
        assert "would be announced" in command("cleanup_stuck_imports", "--dry-run")
    assert "would be marked as failed" in command("cleanup_stuck_imports", "--dry-run", "--fail")
    assert ImportBatch.objects.values().get() == before


def test_with_fail_a_silent_import_is_marked_as_failed_with_the_reason(batch: ImportBatch) -> None:
    silent_for(batch, 11)
    assert "marked as failed" in command("cleanup_stuck_imports", "--fail")
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.FAILED, 2)
    assert "no worker got any further with this import for 10 minutes" in batch.error_message
    assert command("cleanup_stuck_imports", "--fail") == "Nothing is stuck.\n"


def test_minutes_say_what_is_silent(batch: ImportBatch) -> None:
    silent_for(batch, 5)
    assert command("cleanup_stuck_imports") == "Nothing is stuck.\n"
    assert str(batch.id) in command("cleanup_stuck_imports", "--minutes", "4")
    with pytest.raises(CommandError, match="1 or more"):
        command("cleanup_stuck_imports", "--minutes", "0")


def test_a_pending_import_that_no_queue_holds_is_announced(batch: ImportBatch) -> None:
    ago = Now() - timedelta(minutes=2)
    zero = {"processed_rows": 0, "successful_rows": 0, "next_chunk": 0}
    ImportBatch.objects.update(status=Status.PENDING, enqueued_at=ago, created_at=ago, **zero)
    assert "no message is on its way" in command("cleanup_stuck_imports")


def test_where_redis_is_away_the_cleanup_says_so_and_the_next_one_tries_again(
    batch: ImportBatch, start: Callable[..., ModuleProcess]
) -> None:
    silent_for(batch, 11)
    away = start("manage", "cleanup_stuck_imports", REDIS_URL="redis://127.0.0.1:1/0")
    assert away.popen.wait() == 1
    assert "Redis did not answer" in away.log.read_text()
    assert "Traceback" not in away.log.read_text()


# --- purge_imports ----------------------------------------------------------------------------


def test_old_imports_and_unused_files_are_deleted_and_users_stay(
    batch: ImportBatch, admin: User, settings: Any
) -> None:
    old = Now() - timedelta(days=31)
    running, young = batch.id, None
    Upload.objects.filter(import_batch=batch).update(created_at=old)
    ImportBatch.objects.filter(id=running).update(created_at=old)
    done = ImportBatch.objects.create(
        filename="old.csv", organisation=batch.organisation, status=Status.COMPLETED
    )
    ImportBatch.objects.filter(id=done.id).update(created_at=old)
    young = ImportBatch.objects.create(
        filename="new.csv", organisation=batch.organisation, status=Status.COMPLETED
    )
    users = User.objects.count()
    dry = command("purge_imports", "--dry-run")
    assert dry.startswith("Would delete 1 import older than 30 days")
    assert ImportBatch.objects.count() == 3
    assert command("purge_imports").startswith("Deleted 1 import older than 30 days")
    assert set(ImportBatch.objects.values_list("id", flat=True)) == {running, young.id}
    assert User.objects.count() == users
    assert command("purge_imports").startswith("Deleted 0 imports")


def test_an_upload_of_a_preview_is_kept_for_an_hour(
    admin: User, acme: Organisation, file: Callable[..., Path]
) -> None:
    from imports import actions

    with file().open("rb") as content:
        actions.stage_for_import(content, filename="a.csv", user=admin, organisation_id=acme.id)
    assert ", 0 staged files" in command("purge_imports")
    Upload.objects.update(created_at=Now() - timedelta(minutes=61))
    assert ", 1 staged file that" in command("purge_imports")
    assert not UploadChunk.objects.exists()


def test_days_must_be_at_least_one() -> None:
    with pytest.raises(CommandError, match="1 or more"):
        command("purge_imports", "--days", "0")
