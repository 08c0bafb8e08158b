"""When an e-mail is sent, tried again and given up."""

from __future__ import annotations

from typing import Any

from django.db import connection
from structlog.testing import capture_logs

from imports import notifications, tasks
from imports.models.statuses import MailState, Status
from tests.conftest import MakeUser
from tests.imports.notifications.helpers import ended, pass_time, reloaded
from tests.imports.notifications.mail_server import MailServer
from users.models import Organisation, User
from users.rights.roles import Role

# --- when the mail server is away ----------------------------------------------------------------


def test_messages_are_sent_after_the_server_is_back(admin: User, mail_server: MailServer) -> None:
    mail_server.stop()
    first, second = ended(admin), ended(admin)
    assert (first.status, second.status) == (Status.COMPLETED, Status.COMPLETED)
    with capture_logs() as logs:
        assert not notifications.send_due()
    assert [line["fault"] for line in logs] == ["ConnectionRefusedError"]  # one attempt, not two
    mail_server.start()
    assert not notifications.expire_and_check()
    assert not notifications.send_due()  # not yet, for neither of them
    assert mail_server.messages() == []
    pass_time(seconds=31)
    assert notifications.expire_and_check()
    notifications.send_due()
    assert len(mail_server.messages()) == 2
    assert {reloaded(first).mail_state, reloaded(second).mail_state} == {MailState.SENT}


def test_the_wait_grows_to_five_minutes_while_the_server_is_away(
    admin: User, mail_server: MailServer
) -> None:
    mail_server.stop()
    batch = ended(admin)
    waits = []
    for _ in range(7):
        notifications.send_due()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT round(extract(epoch FROM mail_after - statement_timestamp()))"
                " FROM import_batches"
            )
            waits.append(int(cursor.fetchone()[0]))
        pass_time(seconds=waits[-1] + 1)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (30, 300)
    mail_server.start()
    notifications.send_due()
    assert reloaded(batch).mail_state == MailState.SENT


def test_a_frozen_server_costs_one_time_out(
    admin: User, mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    mail_server.freeze()
    batches = [ended(admin) for _ in range(5)]
    with capture_logs() as logs:
        assert not notifications.send_due()
    assert len(logs) == 1  # the other four wait, too
    mail_server.thaw()
    pass_time(seconds=31)
    notifications.send_due()
    assert len(mail_server.messages()) == 5
    assert {reloaded(batch).mail_state for batch in batches} == {MailState.SENT}


def test_a_message_is_given_up_after_a_day(admin: User, mail_server: MailServer) -> None:
    mail_server.stop()
    batch = ended(admin)
    notifications.send_due()
    pass_time(days=1)
    with capture_logs() as logs:
        assert not notifications.expire_and_check()
        assert not notifications.expire_and_check()
    assert [(line["event"], line["status"]) for line in logs] == [("csv_import_mail", "given_up")]
    mail_server.start()
    notifications.send_due()
    assert reloaded(batch).mail_state == MailState.GIVEN_UP
    assert mail_server.messages() == []


def test_messages_are_dropped_without_a_mail_server(
    admin: User, mail_server: MailServer, settings: Any
) -> None:
    host, settings.EMAIL_HOST = settings.EMAIL_HOST, ""
    batch = ended(admin)
    tasks.enqueue_mail()
    assert not notifications.send_due()
    assert not notifications.expire_and_check()
    settings.EMAIL_HOST = host
    assert not notifications.expire_and_check()
    notifications.send_due()
    assert reloaded(batch).mail_state == MailState.NONE
    assert mail_server.messages() == []


# --- when the server refuses a message -----------------------------------------------------------


def test_a_permanent_failure_is_not_tried_again(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    refused = ended(make_user("gone550@acme.example", Role.ADMIN, acme))
    sent = ended(admin)
    with capture_logs() as logs:
        notifications.send_due()
    assert reloaded(refused).mail_state == MailState.REFUSED
    assert reloaded(sent).mail_state == MailState.SENT
    assert [line["code"] for line in logs if line["log_level"] == "error"] == [550]
    assert "gone550" not in str(logs)
    pass_time(hours=2)
    assert not notifications.expire_and_check()


def test_a_temporary_failure_does_not_delay_other_messages(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    user = make_user("full452@acme.example", Role.ADMIN, acme)
    full = ended(user)
    notifications.send_due()
    assert reloaded(full).mail_state == MailState.DEFERRED
    ended(admin)
    notifications.send_due()
    assert [message["To"] for message in mail_server.messages()] == ["admin@acme.example"]
    User.objects.everywhere().filter(id=user.id).update(email="empty@acme.example")
    assert not notifications.expire_and_check()  # not before its minute is over
    pass_time(seconds=61)
    assert notifications.expire_and_check()
    notifications.send_due()
    assert reloaded(full).mail_state == MailState.SENT
    assert len(mail_server.messages()) == 2


def test_code_421_delays_all_messages(
    make_user: MakeUser, acme: Organisation, admin: User, mail_server: MailServer
) -> None:
    user = make_user("busy421@acme.example", Role.ADMIN, acme)
    batch = ended(user)
    notifications.send_due()
    assert reloaded(batch).mail_state == MailState.DUE
    ended(admin)
    notifications.send_due()
    assert mail_server.messages() == []
    pass_time(seconds=31)
    notifications.send_due()  # the one that was not tried yet comes first
    assert [message["To"] for message in mail_server.messages()] == ["admin@acme.example"]
