"""Crashes and races: an invitation is sent once, by real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import ModuleProcess, environment
from tests.imports.api.helpers import csv_bytes, valid_rows
from tests.imports.notifications.helpers import submitted
from tests.imports.notifications.mail_server import MailServer
from tests.imports.quotas.helpers import in_parallel
from tests.paths import ROOT
from tests.process_helpers import wait_for
from tests.users.invitations.helpers import invite, pass_time, recipients, send_all, statuses
from users.invitations import outbox
from users.models import Invitation, Organisation, User

Status = Invitation.Status
OVER = outbox.CLAIM.total_seconds() + 1
SENDER = """
import os, time, django; django.setup()
from django.conf import settings
from users.invitations import outbox
settings.EMAIL_TIMEOUT = 60  # however busy the machine is
settings.EMAIL_BACKEND = os.environ.get("BACKEND", settings.EMAIL_BACKEND)
while True:
    outbox.expire_and_check()
    outbox.send_due()
    time.sleep(0.02)
"""


Sender = subprocess.Popen[bytes]
StartSender = Callable[..., Sender]


@pytest.fixture
def sender(mail_server: MailServer) -> Iterator[StartSender]:
    """A function that starts a process which sends what is due until it is killed."""
    started: list[Sender] = []

    def start(**more: str) -> Sender:
        extra = {"DJANGO_SETTINGS_MODULE": "marketedge.settings", "INVITATION_RATE": "100000"}
        variables = environment() | mail_server.environment() | extra | more
        started.append(subprocess.Popen([sys.executable, "-c", SENDER], cwd=ROOT, env=variables))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def is_done() -> bool:
    """Whether nothing waits to be sent."""
    return not {Status.PENDING, Status.SENDING} & {*statuses()}


def arrived(server: MailServer) -> int:
    """The number of e-mails that arrived."""
    return len([*server.folder.iterdir()])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_five_hundred_arrive_once_though_worker_and_server_are_killed_twice(
    acme: Organisation, mail_server: MailServer, sender: StartSender
) -> None:
    invite(acme, "gone550", *(f"grey{number}" for number in range(9)), count=490)
    for number in (120, 300):
        process = sender()
        wait_for(lambda number=number: arrived(mail_server) >= number)
        os.kill(process.pid, signal.SIGKILL)
        mail_server.stop()
        process.wait()
        pass_time(seconds=OVER)
        mail_server.start()
    sender()
    wait_for(lambda: statuses().get(Status.PENDING, 0) <= 9)
    pass_time(seconds=61)  # for those that were greylisted
    wait_for(is_done)
    found = statuses()
    assert found[Status.FAILED] == 1
    assert found.get(Status.UNKNOWN, 0) <= 2
    assert found[Status.SENT] + found.get(Status.UNKNOWN, 0) == 499
    counts = Counter(recipients(mail_server))
    assert {*counts.values()} == {1}
    sent = Invitation.objects.everywhere().filter(status=Status.SENT)
    assert {*sent.values_list("user__email", flat=True)} <= {*counts}
    assert len(counts) >= found[Status.SENT]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("moment", "arrives"), [("KilledBefore", 2), ("KilledAfter", 3)])
def test_a_sender_that_dies_leaves_one_in_doubt_and_the_others_pending(
    acme: Organisation, mail_server: MailServer, sender: StartSender, moment: str, arrives: int
) -> None:
    invite(acme, count=10)
    process = sender(BACKEND=f"tests.users.invitations.backends.{moment}")
    assert process.wait() == -signal.SIGKILL
    assert arrived(mail_server) == arrives
    assert statuses() == {Status.SENT: 2, Status.SENDING: 1, Status.PENDING: 7}
    pass_time(seconds=OVER)
    outbox.expire_and_check()
    send_all()
    assert statuses() == {Status.SENT: 9, Status.UNKNOWN: 1}
    assert len(set(recipients(mail_server))) == arrived(mail_server) == arrives + 7


@pytest.mark.django_db(transaction=True)
def test_six_senders_at_once_send_each_invitation_once(
    acme: Organisation, globex: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=80)
    invite(globex, count=20)
    in_parallel(send_all, 6)
    send_all()
    assert statuses() == {Status.SENT: 100}
    assert len(set(recipients(mail_server))) == arrived(mail_server) == 100


@pytest.mark.slow
def test_a_worker_sends_the_invitations_of_an_import(
    admin: User, mail_server: MailServer, start: Callable[..., ModuleProcess]
) -> None:
    options = "--concurrency 1 --loglevel INFO --without-gossip --without-mingle"
    command = ["celery", "-A", "celery_app", "worker", *options.split()]
    process = start(*command, **mail_server.environment(), INVITATION_RATE="100000")
    wait_for(lambda: process.says("ready"))
    submitted(admin, csv_bytes(valid_rows(40)))
    wait_for(lambda: arrived(mail_server) == 41)  # and the one to the uploader
    wait_for(lambda: statuses() == {Status.SENT: 40})
    assert len({*recipients(mail_server)}) == 41
    assert "@new.example" not in process.log.read_text()
