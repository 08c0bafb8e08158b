"""When an invitation is sent, tried again, given up, and not sent at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from structlog.testing import capture_logs

from tests.imports.notifications.mail_server import MailServer
from tests.users.invitations.helpers import (
    invite,
    only,
    pass_time,
    recipients,
    send_all,
    statuses,
    token_in,
)
from users.invitations import claims, links, messages, outbox, server
from users.models import Invitation, Organisation, User

Status = Invitation.Status


def test_each_invitation_arrives_once_over_one_connection(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=60)
    assert outbox.expire_and_check()
    send_all()
    assert not outbox.expire_and_check()
    send_all()
    assert sorted(recipients(mail_server)) == sorted(
        f"person{n}p@acme.example" for n in range(1, 61)
    )
    assert statuses() == {Status.SENT: 60}


def test_what_is_stored_of_a_sent_invitation(acme: Organisation, mail_server: MailServer) -> None:
    invite(acme, "ada")
    send_all()
    (message,) = mail_server.messages()
    invitation = only()
    assert invitation.token_hash == links.hash_of(token_in(message))
    assert (invitation.attempts, invitation.reason) == (1, "")
    assert invitation.sent_at
    assert invitation.expires_at
    lasts = invitation.expires_at - invitation.sent_at
    assert timedelta(days=6, hours=23) < lasts <= timedelta(days=7)


# --- what is not sent ----------------------------------------------------------------------------


def _deactivated() -> None:
    User.objects.everywhere().update(is_active=False)


def _with_password() -> None:
    User.objects.everywhere().update(password="md5$$0")


def _organisation_closed() -> None:
    Organisation.objects.update(is_active=False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_deactivated, "The user was deactivated before the invitation was sent."),
        (_with_password, "The user has a password already."),
        (_organisation_closed, "The organisation is not active."),
    ],
)
def test_nobody_is_invited_who_can_not_use_it(
    acme: Organisation, mail_server: MailServer, change: Callable[[], None], reason: str
) -> None:
    invite(acme, "ada")
    change()
    send_all()
    assert (only().status, only().reason) == (Status.REVOKED, reason)
    assert mail_server.messages() == []


def _revoked() -> None:
    Invitation.objects.everywhere().update(status=Status.REVOKED)


def _user_deleted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users")


def _renewed() -> None:
    Invitation.objects.everywhere().update(generation=2, claimed_at=None)


def _claimed_by_another() -> None:
    Invitation.objects.everywhere().update(next_attempt_at=Now())
    assert len(claims.take(1)) == 1


@pytest.mark.parametrize("change", [_revoked, _user_deleted, _renewed, _claimed_by_another])
def test_what_changes_after_the_claim_counts(
    acme: Organisation, mail_server: MailServer, change: Callable[[], None]
) -> None:
    invite(acme, "ada")
    (claim,) = claims.take(5)
    change()
    before = statuses()
    assert claims.begin(claim, None) is None
    assert statuses() == before


def test_an_answer_that_comes_after_a_renewal_changes_nothing(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, "ada")
    (claim,) = claims.take(5)
    assert claims.begin(claim, None)
    Invitation.objects.everywhere().update(generation=2, status=Status.PENDING)
    claims.store(claim, Status.SENT)
    assert only().status == Status.PENDING


def test_without_e_mail_what_is_pending_fails(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    invite(acme, "ada")
    settings.EMAIL_HOST = ""
    assert not outbox.send_due()
    assert not outbox.expire_and_check()
    assert (only().status, only().reason) == (Status.FAILED, "E-mail is not set up.")


# --- when the mail server is away ----------------------------------------------------------------


def test_all_are_sent_after_the_server_was_away_for_an_hour(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=40)
    mail_server.stop()
    for minutes in (0, 1, 4, 10, 45):
        pass_time(minutes=minutes)
        assert outbox.expire_and_check()
        with capture_logs() as logs:
            assert not outbox.send_due()
        assert [line["status"] for line in logs if "status" in line] == ["server_away"]
        assert not outbox.expire_and_check()  # not before the next attempt
    assert statuses() == {Status.PENDING: 40}
    assert set(Invitation.objects.everywhere().values_list("attempts", flat=True)) == {0}
    mail_server.start()
    pass_time(minutes=5)
    assert outbox.expire_and_check()
    send_all()
    assert statuses() == {Status.SENT: 40}
    assert len(set(recipients(mail_server))) == len(mail_server.messages()) == 40


def test_the_wait_grows_to_five_minutes_while_the_server_is_away(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, "ada")
    mail_server.stop()
    waits = []
    for _ in range(7):
        outbox.send_due()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT round(extract(epoch FROM retry_at - statement_timestamp()))::integer"
                " FROM user_invitation_sender"
            )
            waits.append(cursor.fetchone()[0])
        pass_time(seconds=waits[-1] + 1)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (30, 300)
    mail_server.start()
    send_all()
    assert only().status == Status.SENT
    with connection.cursor() as cursor:
        assert not server.is_blocked(cursor)


def test_a_frozen_server_costs_one_time_out_and_nobody_an_invitation(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    invite(acme, count=5)
    mail_server.freeze()
    with capture_logs() as logs:
        assert not outbox.send_due()
    assert len([line for line in logs if "fault" in line]) == 1
    mail_server.thaw()
    pass_time(seconds=31)
    settings.EMAIL_TIMEOUT = 5
    send_all()
    assert statuses() == {Status.SENT: 5}
    assert len(mail_server.messages()) == 5


def test_code_421_delays_all(acme: Organisation, mail_server: MailServer) -> None:
    invite(acme, "busy421", "ada")
    assert not outbox.send_due()
    assert statuses() == {Status.PENDING: 2}
    assert recipients(mail_server) == []


def test_a_server_that_takes_few_e_mails_over_one_connection_gets_several_connections(
    acme: Organisation, mail_server: MailServer
) -> None:
    mail_server.stop()
    mail_server.per_connection = 3
    mail_server.start()
    invite(acme, count=10)
    send_all()
    assert statuses() == {Status.SENT: 10}
    assert len(mail_server.messages()) == 10


# --- when it refuses one -------------------------------------------------------------------------


def test_a_permanent_refusal_is_told_and_delays_nobody(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, "gone550", "ada")
    with capture_logs() as logs:
        send_all()
    failed = Invitation.objects.everywhere().get(status=Status.FAILED)
    assert failed.reason == "The mail server refused the e-mail (550)."
    assert recipients(mail_server) == ["ada@acme.example"]
    assert "gone550" not in str(logs)
    pass_time(days=1)
    assert not outbox.expire_and_check()


def test_a_greylisted_invitation_is_sent_a_minute_later(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, "grey", "ada")
    send_all()
    assert recipients(mail_server) == ["ada@acme.example"]
    assert statuses() == {Status.SENT: 1, Status.PENDING: 1}
    assert not outbox.expire_and_check()
    pass_time(seconds=61)
    assert outbox.expire_and_check()
    send_all()
    assert recipients(mail_server) == ["ada@acme.example", "grey@acme.example"]
    assert statuses() == {Status.SENT: 2}


def test_a_full_mailbox_is_tried_for_a_day(acme: Organisation, mail_server: MailServer) -> None:
    invite(acme, "full452")
    passed = timedelta()
    while only().status == Status.PENDING:
        send_all()
        wait = only().next_attempt_at - timezone.now() + timedelta(seconds=1)
        if only().status == Status.PENDING:
            pass_time(seconds=wait.total_seconds())
            passed += wait
    assert timedelta(hours=23) < passed < timedelta(hours=26)
    assert only().attempts == outbox.ATTEMPTS
    assert only().reason == (
        "Given up after a day. The mail server does not accept the e-mail yet (452)."
    )


def test_an_e_mail_that_can_not_be_made_is_tried_again(
    acme: Organisation, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(acme, "ada")
    with monkeypatch.context() as patch:
        patch.setattr(messages, "render_to_string", lambda *_: 1 / 0)
        send_all()
    assert (only().status, only().reason) == (Status.PENDING, "The e-mail could not be made.")
    pass_time(seconds=61)
    send_all()
    assert only().status == Status.SENT


# --- what can't be known -------------------------------------------------------------------------


def test_an_e_mail_without_an_answer_may_have_been_sent_and_is_not_sent_again(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    invite(acme, "silent", "ada")
    send_all()
    assert statuses() == {Status.UNKNOWN: 1, Status.PENDING: 1}
    pass_time(seconds=31)
    send_all()
    assert statuses() == {Status.UNKNOWN: 1, Status.SENT: 1}
    pass_time(days=1)
    assert not outbox.expire_and_check()
    send_all()
    assert sorted(recipients(mail_server)) == ["ada@acme.example", "silent@acme.example"]


def test_what_a_sender_left_behind_may_have_been_sent(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, "ada")
    (claim,) = claims.take(1)
    assert claims.begin(claim, None)
    assert not outbox.expire_and_check()
    assert only().status == Status.SENDING
    pass_time(seconds=outbox.CLAIM.total_seconds() + 1)
    assert not outbox.expire_and_check()
    assert only().status == Status.UNKNOWN
    assert only().sent_at
    claims.store(claim, Status.SENT)  # it was only very slow
    assert only().status == Status.SENT
