"""The e-mail about the end of an import: who gets it, what it says, and that it is one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from structlog.testing import capture_logs

from imports import actions, notifications, tasks
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from imports.models.statuses import MailState, Status
from imports.notifications import messages, queue
from tests.conftest import ROOT, MakeUser, ModuleProcess, environment
from tests.imports.admin.helpers import at_the_admin
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, csv_upload, valid_rows
from tests.imports.notifications.mail_server import MailServer
from tests.imports.quotas.helpers import in_parallel
from tests.process_helpers import wait_for
from users.models import Organisation, User
from users.roles import Role

ANA = ("ana.petrova@new.example", "Anastasia", "Petrova", "viewer", "Sales", "")


@pytest.fixture
def mail_server(tmp_path: Path, settings: Any) -> Iterator[MailServer]:
    """A mail server that runs, and settings that name it."""
    server = MailServer(tmp_path)
    for name, value in server.environment().items():
        setattr(settings, name, value)
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, False
    settings.EMAIL_BACKEND = (
        "django.core.mail.backends.smtp.EmailBackend"  # pytest-django's is none
    )
    server.start()
    yield server
    server.stop()


def submitted(user: User, content: bytes | None = None, name: str = "users.csv") -> ImportBatch:
    """An import that waits for a worker."""
    file, organisation_id = csv_upload(content, name), user.organisation_id
    upload = actions.stage_for_import(
        file.file, filename=file.name, user=user, organisation_id=organisation_id
    )
    return actions.submit(upload, user=user, options=ImportOptions())


def ended(user: User, content: bytes | None = None, name: str = "users.csv") -> ImportBatch:
    """An import that has run to its end."""
    batch = submitted(user, content, name)
    runner.run(batch.id, lambda: False)
    return now(batch)


def now(batch: ImportBatch) -> ImportBatch:
    """As the database has it."""
    return ImportBatch.objects.select_related("organisation").get(id=batch.id)


def after(**time: float) -> None:
    """Lets time pass for the e-mails: all moments that count for them move back."""
    age = timedelta(**time)
    ImportBatch.objects.update(
        mail_after=F("mail_after") - age, completed_at=F("completed_at") - age
    )


def body(letter: Any, kind: str = "plain") -> str:
    """The text of one of its two forms, in one line."""
    return " ".join(letter.get_body((kind,)).get_content().split())


# --- what it says --------------------------------------------------------------------------------


def test_the_uploader_gets_one_letter_with_outcome_counts_and_link(
    admin: User, mail_server: MailServer
) -> None:
    batch = ended(admin, csv_bytes([*valid_rows(3), INVALID_ROW]), name="staff 2026.csv")
    for _ in range(3):
        assert not notifications.send_due()
    (letter,) = mail_server.letters()
    assert letter["To"] == "admin@acme.example"
    assert letter["From"] == "MarketEdge <imports@marketedge.example>"
    assert letter["Subject"] == "Import of staff 2026.csv: completed, 1 row failed"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = body(letter)
    assert text.startswith(
        "The import is complete. 1 row could not be imported. File: staff 2026.csv"
    )
    assert "Organisation: Acme Users created: 3 Rows that failed: 1 The import:" in text
    assert f" https://marketedge.example/imports/{batch.id} " in text
    assert f'href="https://marketedge.example/imports/{batch.id}"' in body(letter, "html")
    assert now(batch).mail_state == MailState.SENT


def test_no_letter_holds_anything_of_the_people_in_the_file(
    admin: User, make_user: MakeUser, globex: Organisation, mail_server: MailServer
) -> None:
    make_user("taken@globex.example", Role.VIEWER, globex)
    taken = ("taken@globex.example", *ANA[1:])
    wrong = ("wrong.petrova@new", *ANA[1:])
    ended(admin, csv_bytes([ANA, ANA, taken, wrong]))
    ended(admin, csv_bytes([wrong]))
    notifications.send_due()
    letters = mail_server.letters()
    assert [letter["Subject"] for letter in letters] == [
        "Import of users.csv: completed, 3 rows failed",
        "Import of users.csv: failed",
    ]
    for letter in letters:
        whole = letter.as_string() + body(letter) + body(letter, "html")
        for piece in (
            "Petrova",
            "petrova",
            "Anastasia",
            "taken",
            "Globex",
            "globex",
            "new.example",
        ):
            assert piece not in whole


@pytest.mark.parametrize(
    "name", ['"><img src=x onerror=alert(1)>.csv', "a\r\nBcc: all@acme.example\r\n.csv", "名簿.csv"]
)
def test_a_file_name_can_do_no_harm(admin: User, mail_server: MailServer, name: str) -> None:
    batch = submitted(admin)
    ImportBatch.objects.filter(id=batch.id).update(filename=name)
    runner.run(batch.id, lambda: False)
    notifications.send_due()
    (letter,) = mail_server.letters()
    assert letter["Bcc"] is None
    assert "<img" not in letter.get_body(("html",)).get_content()
    assert str(letter["Subject"]).endswith(".csv: completed")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "completed"}, "The import is complete."),
        (
            {"status": "completed", "skipped_rows": 3, "successful_rows": 0},
            "There was nothing to do",
        ),
        ({"status": "failed", "error_message": "Stopped: it rains."}, "Stopped: it rains. File"),
        ({"status": "failed", "error_message": ""}, "The import failed. File"),
        ({"status": "cancelled", "processed_rows": 1, "successful_rows": 1}, "looked at: 2 The"),
        ({"status": "cancelled"}, "Somebody else cancelled the import."),
    ],
)
def test_every_end_has_its_words(
    admin: User, settings: Any, fields: dict[str, Any], words: str
) -> None:
    rows = {"total_rows": 3, "processed_rows": 3, "successful_rows": 3}
    batch = ImportBatch(
        filename="a.csv", organisation=admin.organisation, uploaded_by=admin, **rows | fields
    )
    assert words in " ".join(str(messages.message(batch, admin).body).split())


def test_the_link_leads_to_the_page_of_the_import(admin: User, settings: Any) -> None:
    batch = ended(admin)
    settings.PUBLIC_URL = "https://marketedge.example/"
    path = messages.link(batch).removeprefix("https://marketedge.example")
    page = at_the_admin(admin).get(path, follow=True, headers={"host": "localhost"})
    assert page.status_code == 200
    assert "users.csv" in page.content.decode()


# --- who gets it ---------------------------------------------------------------------------------


def _unwilling(batch: ImportBatch) -> None:
    User.objects.update(wants_import_mail=False)


def _deactivated(batch: ImportBatch) -> None:
    User.objects.update(is_active=False)


def _moved(batch: ImportBatch) -> None:
    User.objects.update(organisation=Organisation.objects.create(name="Elsewhere"))


def _deleted(batch: ImportBatch) -> None:
    User.objects.filter(id=batch.uploaded_by_id)._raw_delete("default")


def _an_operators(batch: ImportBatch) -> None:
    ImportBatch.objects.update(source="command")


@pytest.mark.parametrize("change", [_unwilling, _deactivated, _moved, _deleted, _an_operators])
def test_nobody_else_is_told(
    admin: User, mail_server: MailServer, change: Callable[[ImportBatch], None]
) -> None:
    change(ended(admin))
    assert not notifications.send_due()
    assert not notifications.expire_and_check()
    assert mail_server.letters() == []


def test_who_cancels_their_own_import_knows_and_everybody_else_is_told(
    admin: User, make_user: MakeUser, acme: Organisation, mail_server: MailServer
) -> None:
    actions.cancel(submitted(admin), user=admin)
    notifications.send_due()
    assert mail_server.letters() == []
    colleague = make_user("boss@acme.example", Role.ADMIN, acme)
    actions.cancel(submitted(admin), user=colleague)
    actions.cancel(submitted(admin), user=None)
    notifications.send_due()
    assert [letter["To"] for letter in mail_server.letters()] == ["admin@acme.example"] * 2
    assert "boss" not in mail_server.letters()[0].as_string()


def test_the_uploader_hears_of_an_import_that_the_sweep_gave_up(
    admin: User, mail_server: MailServer
) -> None:
    batch = submitted(admin)
    silent = Now() - timedelta(hours=1)
    ImportBatch.objects.update(
        status=Status.PROCESSING, heartbeat_at=silent, attempts_without_progress=3
    )
    tasks.sweep()
    notifications.send_due()
    (letter,) = mail_server.letters()
    assert letter["Subject"] == "Import of users.csv: failed"
    assert now(batch).status == Status.FAILED
    assert now(batch).error_message in body(letter)


def test_the_uploader_hears_of_an_import_that_an_operator_failed_by_sql(
    admin: User, mail_server: MailServer
) -> None:
    batch = submitted(admin)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET status = 'failed', error_message ="
            " 'Manual intervention - stuck import', completed_at = NOW() WHERE id = %s",
            [batch.id],
        )
    assert notifications.expire_and_check()
    notifications.send_due()
    assert "Manual intervention - stuck import." in body(mail_server.letters()[0])


def test_a_running_import_is_not_told_of(admin: User, mail_server: MailServer) -> None:
    submitted(admin)
    assert not notifications.expire_and_check()
    notifications.send_due()
    assert mail_server.letters() == []


# --- when the mail server is away ----------------------------------------------------------------


def test_the_server_is_down_and_comes_back(admin: User, mail_server: MailServer) -> None:
    mail_server.stop()
    first, second = ended(admin), ended(admin)
    assert (first.status, second.status) == (Status.COMPLETED, Status.COMPLETED)
    with capture_logs() as logs:
        assert not notifications.send_due()
    assert [line["fault"] for line in logs] == ["ConnectionRefusedError"]  # one attempt, not two
    mail_server.start()
    assert not notifications.expire_and_check()
    assert not notifications.send_due()  # not yet, for neither of them
    assert mail_server.letters() == []
    after(seconds=31)
    assert notifications.expire_and_check()
    notifications.send_due()
    assert len(mail_server.letters()) == 2
    assert {now(first).mail_state, now(second).mail_state} == {MailState.SENT}


def test_the_pauses_grow_and_the_server_is_asked_once_in_five_minutes_at_least(
    admin: User, mail_server: MailServer
) -> None:
    mail_server.stop()
    batch = ended(admin)
    pauses = []
    for _ in range(7):
        notifications.send_due()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT round(extract(epoch FROM mail_after - statement_timestamp()))"
                " FROM import_batches"
            )
            pauses.append(int(cursor.fetchone()[0]))
        after(seconds=pauses[-1] + 1)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (30, 300)
    mail_server.start()
    notifications.send_due()
    assert now(batch).mail_state == MailState.SENT


def test_a_frozen_server_is_waited_for_for_some_moments_only(
    admin: User, mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    mail_server.freeze()
    batches = [ended(admin) for _ in range(5)]
    with capture_logs() as logs:
        assert not notifications.send_due()
    assert len(logs) == 1  # the other four wait, too
    mail_server.thaw()
    after(seconds=31)
    notifications.send_due()
    assert len(mail_server.letters()) == 5
    assert {now(batch).mail_state for batch in batches} == {MailState.SENT}


def test_after_a_day_it_is_given_up_and_logged(admin: User, mail_server: MailServer) -> None:
    mail_server.stop()
    batch = ended(admin)
    notifications.send_due()
    after(days=1)
    with capture_logs() as logs:
        assert not notifications.expire_and_check()
        assert not notifications.expire_and_check()
    assert [(line["event"], line["status"]) for line in logs] == [("csv_import_mail", "given_up")]
    mail_server.start()
    notifications.send_due()
    assert now(batch).mail_state == MailState.GIVEN_UP
    assert mail_server.letters() == []


def test_without_a_mail_server_nothing_piles_up(admin: User, mail_server: MailServer) -> None:
    host, queue.settings.EMAIL_HOST = queue.settings.EMAIL_HOST, ""
    batch = ended(admin)
    tasks.enqueue_mail()
    assert not notifications.send_due()
    assert not notifications.expire_and_check()
    queue.settings.EMAIL_HOST = host
    assert not notifications.expire_and_check()
    notifications.send_due()
    assert now(batch).mail_state == MailState.NONE
    assert mail_server.letters() == []


# --- what the server has against a letter --------------------------------------------------------


def test_a_mailbox_that_does_not_exist_is_not_written_to_again(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    refused = ended(make_user("gone550@acme.example", Role.ADMIN, acme))
    sent = ended(admin)
    with capture_logs() as logs:
        notifications.send_due()
    assert now(refused).mail_state == MailState.REFUSED
    assert now(sent).mail_state == MailState.SENT
    assert [line["code"] for line in logs if line["log_level"] == "error"] == [550]
    assert "gone550" not in str(logs)
    after(hours=2)
    assert not notifications.expire_and_check()


def test_a_mailbox_that_says_later_keeps_nobody_else_waiting(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    user = make_user("full452@acme.example", Role.ADMIN, acme)
    full = ended(user)
    notifications.send_due()
    assert now(full).mail_state == MailState.DEFERRED
    ended(admin)
    notifications.send_due()
    assert [letter["To"] for letter in mail_server.letters()] == ["admin@acme.example"]
    User.objects.filter(id=user.id).update(email="empty@acme.example")
    assert not notifications.expire_and_check()  # not before its minute is over
    after(seconds=61)
    assert notifications.expire_and_check()
    notifications.send_due()
    assert now(full).mail_state == MailState.SENT
    assert len(mail_server.letters()) == 2


def test_a_server_that_closes_is_away_for_all_letters(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    user = make_user("busy421@acme.example", Role.ADMIN, acme)
    batch = ended(user)
    notifications.send_due()
    assert now(batch).mail_state == MailState.DUE
    ended(admin)
    notifications.send_due()
    assert mail_server.letters() == []
    after(seconds=31)
    notifications.send_due()  # the one that was not tried yet comes first
    assert [letter["To"] for letter in mail_server.letters()] == ["admin@acme.example"]


# --- crashes and races, with real processes ------------------------------------------------------


def sender(tmp_path: Path, mail_server: MailServer, rule: str = "") -> int:
    """Runs what a worker runs, in a process that fails as told; gives its exit status."""
    rules = tmp_path / "failpoints"
    rules.write_text(rule)
    code = (
        "import django; django.setup(); from imports import notifications; notifications.send_due()"
    )
    extra = {"DJANGO_SETTINGS_MODULE": "tests.settings", "FAILPOINTS_FILE": str(rules)}
    command = [sys.executable, "-c", code]
    everything = environment() | mail_server.environment() | extra
    return subprocess.run(command, cwd=ROOT, env=everything, check=False).returncode


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_claim_and_sending_delays_the_letter(
    admin: User, mail_server: MailServer, tmp_path: Path
) -> None:
    ended(admin)
    assert sender(tmp_path, mail_server, "before_mail=kill") == -signal.SIGKILL
    assert sender(tmp_path, mail_server) == 0  # who knows whether the other is really dead?
    assert mail_server.letters() == []
    after(seconds=queue.CLAIM.total_seconds() + 1)
    assert sender(tmp_path, mail_server) == 0
    assert sender(tmp_path, mail_server) == 0
    assert len(mail_server.letters()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_the_servers_ok_sends_the_same_letter_again(
    admin: User, mail_server: MailServer, tmp_path: Path
) -> None:
    batch = ended(admin)
    assert sender(tmp_path, mail_server, "after_mail=kill") == -signal.SIGKILL
    after(seconds=queue.CLAIM.total_seconds() + 1)
    assert sender(tmp_path, mail_server) == 0
    first, second = mail_server.letters()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"] == f"<import.{batch.id}@marketedge.example>"
    assert now(batch).mail_state == MailState.SENT


@pytest.mark.django_db(transaction=True)
def test_eight_senders_at_once_send_each_letter_once(admin: User, mail_server: MailServer) -> None:
    batches = {f"<import.{ended(admin).id}@marketedge.example>" for _ in range(6)}
    in_parallel(notifications.send_due, 8)
    notifications.send_due()
    sent = [letter["Message-ID"] for letter in mail_server.letters()]
    assert sorted(sent) == sorted(batches)


def test_a_claim_outlives_the_longest_task() -> None:
    assert queue.CLAIM.total_seconds() > queue.TASK_SECONDS == tasks.send_mail.time_limit
    assert queue.TASK_SECONDS > queue.SLICE_SECONDS


def test_a_real_worker_sends_it_and_never_waits_for_it(
    admin: User, mail_server: MailServer, start: Callable[..., ModuleProcess]
) -> None:
    options = "--concurrency 1 --loglevel INFO --without-gossip --without-mingle"
    command = ["celery", "-A", "celery_app", "worker", *options.split()]
    process = start(*command, **mail_server.environment())
    wait_for(lambda: process.says("ready"))
    first = submitted(admin)
    wait_for(lambda: now(first).mail_state == MailState.SENT)
    mail_server.stop()
    batches = [submitted(admin, csv_bytes(valid_rows(3, start=n))) for n in (3, 6, 9)]
    wait_for(lambda: all(now(batch).status == Status.COMPLETED for batch in batches))
    wait_for(lambda: process.says("ConnectionRefusedError"))
    mail_server.start()
    after(minutes=2)
    tasks.sweep.delay()
    wait_for(lambda: len(mail_server.letters()) == 4)
    assert "acme.example" not in process.log.read_text()


def test_the_end_of_an_import_costs_not_one_statement_more(admin: User, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    batch = submitted(admin)
    with CaptureQueriesContext(connection) as queries:
        runner.run(batch.id, lambda: False)
    updates = [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
    assert not [sql for sql in updates if "mail_" in sql]


@pytest.mark.parametrize("missing", ["DEFAULT_FROM_EMAIL", "PUBLIC_URL"])
def test_a_mail_server_without_sender_or_public_address_stops_the_start(
    mail_server: MailServer, missing: str
) -> None:
    given = os.environ | mail_server.environment()
    del given[missing]
    code = "import marketedge.settings"
    tried = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=given,
        check=False,
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 1
    assert f"{missing}: Environment variable not set." in tried.stderr
