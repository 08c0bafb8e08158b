"""Invitations, and time that passes, for the tests of how they are sent."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from tests.imports.notifications.mail_server import MailServer
from users.invitations import outbox
from users.models import Invitation, InvitationSender, Organisation, User

LINK = re.compile(r"https://marketedge\.example/invitations/(mei_[\w-]{43})\b")
_IN_ONE_STATEMENT = """
    WITH people AS (
        INSERT INTO users (email, first_name, last_name, organisation_id)
        SELECT 'person' || number || 'p@' || %(domain)s, 'Ada', 'Lovelace', %(organisation)s
        FROM generate_series(%(first)s, %(last)s) AS number
        RETURNING id, organisation_id
    )
    INSERT INTO user_invitations (user_id, organisation_id) SELECT id, organisation_id FROM people
"""
_LOCKED = "SELECT set_config('marketedge.users_are_locked', %s, false)"  # migration 0014
STEP = 10_000  # of so many; the database ends long statements


def invite(organisation: Organisation, *names: str, count: int = 0) -> None:
    """Creates users without a password, and pending invitations of them: one for each name, or
    `count` of them."""
    domain = f"{organisation.name.lower()}.example"
    for index, name in enumerate(names):
        user = User.objects.create_user(
            f"{name}@{domain}", organisation=organisation, first_name="Ada", last_name="Lovelace"
        )
        due = Now() - timedelta(seconds=len(names) - index)  # in the order of the names
        Invitation.objects.create(user=user, organisation=organisation, next_attempt_at=due)
    for first in range(1, count + 1, STEP):
        last = min(first + STEP - 1, count)
        with connection.cursor() as cursor:
            cursor.execute(_LOCKED, ["on"])
            parameters = {"domain": domain, "first": first, "last": last}
            cursor.execute(_IN_ONE_STATEMENT, parameters | {"organisation": organisation.id})
            cursor.execute(_LOCKED, ["off"])


def only() -> Invitation:
    """The only invitation."""
    return Invitation.objects.everywhere().select_related("user", "organisation").get()


def statuses() -> dict[str, int]:
    """Status -> the number of invitations that have it."""
    return dict(Counter(Invitation.objects.everywhere().values_list("status", flat=True)))


def send_all() -> None:
    """Sends what is due now."""
    while outbox.send_due():
        pass


def pass_time(**time: float) -> None:
    """Moves all times into the past."""
    age = timedelta(**time)
    Invitation.objects.everywhere().update(
        next_attempt_at=F("next_attempt_at") - age,
        claimed_at=F("claimed_at") - age,
        expires_at=F("expires_at") - age,
        sent_at=F("sent_at") - age,
    )
    InvitationSender.objects.update(
        paid_until=F("paid_until") - age,
        away_since=F("away_since") - age,
        retry_at=F("retry_at") - age,
        turn_ends_at=F("turn_ends_at") - age,
        wake_at=F("wake_at") - age,
    )


def recipients(server: MailServer) -> list[str]:
    """The addresses of the e-mails that arrived, in order."""
    return [str(message["To"]) for message in server.messages()]


def token_in(message: Any) -> str:
    """The token of the link in an e-mail that arrived."""
    found = LINK.search(message.get_body(("plain",)).get_content())
    assert found
    return found[1]
