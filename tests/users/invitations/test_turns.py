"""Organisations take turns, and all senders together keep the pace."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from tests.imports.notifications.mail_server import MailServer
from tests.imports.quotas.helpers import in_parallel
from tests.users.invitations.helpers import invite, pass_time, recipients, send_all, statuses
from users.invitations import claims, outbox, pace, tasks, turns
from users.invitations.claims import Claim
from users.models import Invitation, Organisation

# --- organisations -------------------------------------------------------------------------------


def owners(claimed: list[Claim]) -> dict[str, int]:
    """The name of an organisation -> the number of its invitations in a claim."""
    ids = [claim.id for claim in claimed]
    of_claim = Invitation.objects.everywhere().filter(id__in=ids)
    return dict(of_claim.values_list("organisation__name").annotate(Count("id")))


@pytest.mark.django_db
def test_sixty_organisations_get_their_turns_one_after_the_other(mail_server: MailServer) -> None:
    for number in range(60):
        invite(Organisation.objects.create(name=f"Org{number}"), count=3)
    first, second, third = [owners(claims.take(25)) for _ in range(3)]
    assert {*first.values(), *second.values(), *third.values()} == {1}
    assert not {*first} & {*second}
    assert len({*first, *second, *third}) == 60
    send_all()
    pass_time(seconds=61)
    send_all()
    assert len(set(recipients(mail_server))) == len(mail_server.messages()) == 180


def test_an_organisation_alone_gets_all_of_a_claim(
    acme: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=30)
    assert [len(claims.take(25)) for _ in range(3)] == [25, 5, 0]


@pytest.mark.django_db(transaction=True)
def test_no_claim_is_larger_than_was_asked_for(
    acme: Organisation, globex: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=100)
    invite(globex, count=100)
    found = in_parallel(lambda: [len(claims.take(8)) for _ in range(4)], 4)
    assert {number for of_one in found for number in of_one} == {8}


@pytest.mark.slow
def test_a_hundred_thousand_of_one_organisation_do_not_delay_five_of_another(
    acme: Organisation, globex: Organisation, mail_server: MailServer
) -> None:
    invite(acme, count=100_000)
    with connection.cursor() as cursor:  # they came first, and have been sent for a while
        cursor.execute("ANALYZE user_invitations")
    outbox.send_due()
    invite(globex, count=5)
    before = len(mail_server.messages())
    outbox.send_due()
    later = recipients(mail_server)[before:]
    first_claims = later[: 2 * outbox.BATCH]
    assert sum(address.endswith("@globex.example") for address in first_claims) == 5
    assert statuses()["pending"] > 90_000


# --- the pace ------------------------------------------------------------------------------------


def test_no_minute_has_more_e_mails_than_the_rate(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    settings.INVITATION_RATE = 120
    invite(acme, count=400)
    taken, began = [], time.monotonic()
    for _ in range(40):  # two minutes, in steps of 3 seconds
        taken.append(len(claims.take(100)))
        pass_time(seconds=3)
    a_minute = [sum(taken[begin : begin + 20]) for begin in range(20)]
    more = (time.monotonic() - began) / pace.interval()  # in the time that the test itself takes
    assert 100 <= min(a_minute) <= max(a_minute) <= 120 + more
    assert taken[0] == pace.burst() == 10


@pytest.mark.django_db(transaction=True)
def test_several_senders_keep_the_pace_together(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    settings.INVITATION_RATE = 60
    invite(acme, count=100)
    began = time.monotonic()
    found = in_parallel(lambda: len(claims.take(25)), 8)
    more = (time.monotonic() - began) / pace.interval()
    assert max(found) == pace.burst() == 5
    assert sum(found) <= 5 + more


def test_a_wait_is_as_long_as_a_burst_needs(
    acme: Organisation, mail_server: MailServer, settings: Any
) -> None:
    settings.INVITATION_RATE = 1
    invite(acme, count=20)
    assert not pace.wait()
    assert len(claims.take(25)) == 1
    assert len(claims.take(25)) == 0
    assert 1 < pace.wait() <= 60
    pass_time(seconds=60)
    assert not pace.wait()
    assert len(claims.take(25)) == 1


@pytest.mark.parametrize("rate", [1, 2, 11, 12, 60, 600, 100_000])
def test_a_burst_and_a_minute_are_never_more_than_the_rate(settings: Any, rate: int) -> None:
    settings.INVITATION_RATE = rate
    # n e-mails need (n - burst) intervals; those of rate + 1 need a minute at least.
    assert (rate + 1 - pace.burst()) * pace.interval() >= 60 - 1e-9


# --- one task at a time --------------------------------------------------------------------------


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of the tasks that are enqueued, instead of a queue."""
    found: list[float] = []

    def enqueued(countdown: float | None = None) -> None:
        found.append(countdown or 0)

    monkeypatch.setattr(tasks.send_invitations, "apply_async", enqueued)
    return found


def test_a_task_sends_only_in_its_turn(
    acme: Organisation, mail_server: MailServer, messages: list[float]
) -> None:
    invite(acme, "ada")
    turn = turns.take()
    assert turn
    tasks.send_invitations()
    assert mail_server.messages() == []
    assert messages == []
    turns.give_back(turn)
    tasks.send_invitations()
    assert len(mail_server.messages()) == 1
    assert messages == []


def test_the_turn_of_a_task_that_died_ends(
    acme: Organisation, mail_server: MailServer, messages: list[float]
) -> None:
    assert turns.take()
    assert turns.take() is None
    pass_time(seconds=turns.TURN.total_seconds() + 1)
    assert turns.take()


def test_many_announcements_lead_to_one_task_that_waits_for_the_pace(
    acme: Organisation, mail_server: MailServer, settings: Any, messages: list[float]
) -> None:
    settings.INVITATION_RATE = 1
    invite(acme, count=20)
    for _ in range(10):
        tasks.send_invitations()
    assert len(mail_server.messages()) == 1
    assert len(messages) == 1
    assert 1 < messages[0] <= 60
    pass_time(seconds=60)
    tasks.send_invitations()
    assert len(mail_server.messages()) == 2
    assert len(messages) == 2


def test_a_turn_lasts_longer_than_a_task() -> None:
    limit = tasks.send_invitations.time_limit
    assert outbox.CLAIM.total_seconds() > turns.TURN.total_seconds() > limit > 60
    assert claims.HELD.total_seconds() > outbox.SLICE_SECONDS
