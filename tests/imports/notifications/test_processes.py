"""Crashes and races: e-mails are sent once, by real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imports import notifications, tasks
from imports.engine import runner
from imports.models.statuses import MailState, Status
from imports.notifications import queue
from tests.conftest import ROOT, ModuleProcess, environment
from tests.imports.api.helpers import csv_bytes, valid_rows
from tests.imports.notifications.helpers import ended, pass_time, reloaded, submitted
from tests.imports.notifications.mail_server import MailServer
from tests.imports.quotas.helpers import in_parallel
from tests.process_helpers import wait_for
from users.models import User


def run_sender(tmp_path: Path, mail_server: MailServer, fault: str = "") -> int:
    """Sends due messages in a process with a fault; gives its exit status."""
    faults_file = tmp_path / "failpoints"
    faults_file.write_text(fault)
    code = (
        "import django; django.setup(); from imports import notifications; notifications.send_due()"
    )
    extra = {"DJANGO_SETTINGS_MODULE": "tests.settings", "FAILPOINTS_FILE": str(faults_file)}
    command = [sys.executable, "-c", code]
    everything = environment() | mail_server.environment() | extra
    return subprocess.run(command, cwd=ROOT, env=everything, check=False).returncode


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_crash_before_sending_delays_the_message(
    admin: User, mail_server: MailServer, tmp_path: Path
) -> None:
    ended(admin)
    assert run_sender(tmp_path, mail_server, "before_mail=kill") == -signal.SIGKILL
    assert run_sender(tmp_path, mail_server) == 0  # the claim still holds
    assert mail_server.messages() == []
    pass_time(seconds=queue.CLAIM.total_seconds() + 1)
    assert run_sender(tmp_path, mail_server) == 0
    assert run_sender(tmp_path, mail_server) == 0
    assert len(mail_server.messages()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_sending_sends_the_same_message_again(
    admin: User, mail_server: MailServer, tmp_path: Path
) -> None:
    batch = ended(admin)
    assert run_sender(tmp_path, mail_server, "after_mail=kill") == -signal.SIGKILL
    pass_time(seconds=queue.CLAIM.total_seconds() + 1)
    assert run_sender(tmp_path, mail_server) == 0
    first, second = mail_server.messages()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"] == f"<import.{batch.id}@marketedge.example>"
    assert reloaded(batch).mail_state == MailState.SENT


@pytest.mark.django_db(transaction=True)
def test_eight_senders_at_once_send_each_message_once(admin: User, mail_server: MailServer) -> None:
    batches = {f"<import.{ended(admin).id}@marketedge.example>" for _ in range(6)}
    in_parallel(notifications.send_due, 8)
    notifications.send_due()
    sent = [message["Message-ID"] for message in mail_server.messages()]
    assert sorted(sent) == sorted(batches)


def test_a_claim_lasts_longer_than_a_task() -> None:
    assert queue.CLAIM.total_seconds() > queue.TASK_SECONDS == tasks.send_mail.time_limit
    assert queue.TASK_SECONDS > queue.SLICE_SECONDS


@pytest.mark.slow
def test_a_worker_sends_messages_and_imports_do_not_wait_for_them(
    admin: User, mail_server: MailServer, start: Callable[..., ModuleProcess]
) -> None:
    options = "--concurrency 1 --loglevel INFO --without-gossip --without-mingle"
    command = ["celery", "-A", "celery_app", "worker", *options.split()]
    process = start(*command, **mail_server.environment())
    wait_for(lambda: process.says("ready"))
    first = submitted(admin)
    wait_for(lambda: reloaded(first).mail_state == MailState.SENT)
    mail_server.stop()
    batches = [submitted(admin, csv_bytes(valid_rows(3, start=n))) for n in (3, 6, 9)]
    wait_for(lambda: all(reloaded(batch).status == Status.COMPLETED for batch in batches))
    wait_for(lambda: process.says("ConnectionRefusedError"))
    mail_server.start()
    pass_time(minutes=2)
    tasks.sweep.delay()
    wait_for(lambda: len(mail_server.messages()) == 4)
    assert "acme.example" not in process.log.read_text()


def test_ending_an_import_takes_no_statement_for_the_message(admin: User, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    batch = submitted(admin)
    with CaptureQueriesContext(connection) as queries:
        runner.run(batch.id, lambda: False)
    updates = [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
    assert not [sql for sql in updates if "mail_" in sql]


@pytest.mark.parametrize("missing", ["DEFAULT_FROM_EMAIL", "PUBLIC_URL"])
def test_a_mail_server_without_sender_or_public_url_stops_the_start(
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
