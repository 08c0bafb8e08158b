"""The statements of the outbox.

    pending     claimed: `claimed_at` names the claim, and `next_attempt_at` keeps others away
    sending     committed before the e-mail is handed to the server; one at a time
    sent        the server has accepted it

An invitation is `sending` only while a server may get it. What else a sender had claimed when it
died is sent by the next one.

Claims take turns between organisations, so that nobody waits for the many invitations of another
organisation: each claim goes on behind the organisation at which the last one ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from users.invitations import links, pace
from users.models import Invitation, Organisation, User

HELD = timedelta(seconds=60)  # for which others leave claimed invitations alone
_FIRST = UUID(int=0)

# The organisations with due invitations behind %(after)s, up to %(last)s. It finds each next
# one in the index, however many invitations lie between them.
_ORGANISATIONS = """
WITH RECURSIVE waiting AS (
    (SELECT organisation_id AS id FROM user_invitations
     WHERE status = 'pending' AND organisation_id > %(after)s ORDER BY organisation_id LIMIT 1)
    UNION ALL
    SELECT (SELECT organisation_id FROM user_invitations
            WHERE status = 'pending' AND organisation_id > waiting.id
            ORDER BY organisation_id LIMIT 1)
    FROM waiting WHERE waiting.id < %(last)s
)
SELECT id FROM waiting
WHERE id <= %(last)s AND EXISTS (
    SELECT FROM user_invitations WHERE status = 'pending' AND organisation_id = waiting.id
    AND next_attempt_at <= statement_timestamp())
LIMIT %(number)s
"""
# `chosen` is computed once, as a WITH query. A subquery in FROM could be computed for each row, and
# would then choose others each time, and more than %(number)s.
_CLAIM = """
WITH chosen AS MATERIALIZED (
    SELECT due.id, organisation.place, due.next_attempt_at AS due_at
    FROM unnest(%(organisations)s::uuid[]) WITH ORDINALITY AS organisation(id, place)
    CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM user_invitations
        WHERE status = 'pending' AND organisation_id = organisation.id
        AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT %(each)s FOR UPDATE SKIP LOCKED
    ) AS due
    LIMIT %(number)s
)
UPDATE user_invitations AS claimed
SET next_attempt_at = statement_timestamp() + %(held)s, claimed_at = statement_timestamp()
FROM chosen WHERE claimed.id = chosen.id
RETURNING chosen.place, chosen.due_at, claimed.id, claimed.generation, claimed.claimed_at
"""
# Stores one invitation as sent, and begins the next one. It waits for the lock of the first while
# it holds none, and for no other, so that it is in no deadlock with statements on many invitations.
_BEGIN = """
WITH stored AS (
    UPDATE user_invitations
    SET status = 'sent', sent_at = statement_timestamp(), reason = ''
    WHERE id = %(sent_id)s AND generation = %(sent_generation)s
    AND status IN ('sending', 'unknown') RETURNING id
), chosen AS (
    SELECT invitation.id, users.email, organisations.name, organisations.language, CASE
        WHEN NOT users.is_active THEN 'The user was deactivated before the invitation was sent.'
        WHEN left(users.password, 1) <> '!' THEN 'The user has a password already.'
        WHEN organisations.is_active IS NOT TRUE THEN 'The organisation is not active.'
        ELSE '' END AS obstacle
    FROM user_invitations AS invitation
    JOIN users ON users.id = invitation.user_id
    LEFT JOIN organisations ON organisations.id = users.organisation_id
    WHERE invitation.id = %(id)s AND generation = %(generation)s AND status = 'pending'
    AND claimed_at = %(claimed_at)s AND (SELECT count(*) FROM stored) >= 0
    FOR UPDATE OF invitation SKIP LOCKED
)
UPDATE user_invitations AS begun
SET status = CASE WHEN obstacle = '' THEN 'sending' ELSE 'revoked' END,
    reason = obstacle, attempts = attempts + 1, claimed_at = statement_timestamp(),
    token_hash = %(token_hash)s, expires_at = statement_timestamp() + %(valid)s
FROM chosen WHERE begun.id = chosen.id
RETURNING begun.status, attempts, expires_at, chosen.email, chosen.name, language
"""
_STORE = """
UPDATE user_invitations
SET status = %(status)s, reason = %(reason)s,
    sent_at = CASE WHEN %(status)s IN ('sent', 'unknown') THEN statement_timestamp() END,
    attempts = attempts - CASE WHEN %(uncounted)s THEN 1 ELSE 0 END,
    next_attempt_at = statement_timestamp() + %(wait)s
WHERE id = %(id)s AND generation = %(generation)s AND status IN ('sending', 'unknown')
"""
_GIVE_BACK = """
UPDATE user_invitations SET next_attempt_at = statement_timestamp()
WHERE id = ANY(%(ids)s) AND status = 'pending' AND claimed_at = %(claimed_at)s
"""


class Claim(NamedTuple):
    """An invitation that this process may send."""

    id: UUID
    generation: int
    claimed_at: datetime


@transaction.atomic
def take(number: int) -> list[Claim]:
    """Claims up to `number` due invitations, as far as the pace allows."""
    with connection.cursor() as cursor:
        allowed = pace.lock(cursor)
        number = min(number, allowed.number)
        organisations = _next_organisations(cursor, number, allowed.last_organisation_id)
        if not organisations:
            return []
        each = -(-number // len(organisations))
        parameters: dict[str, Any] = {
            "organisations": organisations,
            "each": each,
            "number": number,
            "held": HELD,
        }
        cursor.execute(_CLAIM, parameters)
        claimed = sorted(cursor.fetchall())
        if claimed:
            pace.pay(cursor, len(claimed), organisations[claimed[-1][0] - 1])
        return [Claim(*row[2:]) for row in claimed]


def _next_organisations(cursor: Any, number: int, last: UUID | None) -> list[UUID]:
    """The organisations whose turn is next, `number` at most: those behind the last one, and then
    from the beginning."""
    found: list[UUID] = []
    last = last or _FIRST
    for after, until in ((last, UUID(int=2**128 - 1)), (_FIRST, last)):
        if len(found) < number:
            parameters = {"after": after, "last": until, "number": number - len(found)}
            cursor.execute(_ORGANISATIONS, parameters)
            found += [row[0] for row in cursor.fetchall()]
    return found


def begin(claim: Claim, sent: Claim | None) -> Invitation | None:
    """Stores that `sent` was sent, and that the server may get `claim` from now on.

    Gives the invitation, with what its e-mail needs. None if it must not be sent: it was revoked
    or renewed, another sender has claimed it, or its user needs none any more."""
    parameters = {
        **claim._asdict(),
        "sent_id": sent and sent.id,
        "sent_generation": sent and sent.generation,
        "token_hash": links.hash_of(links.token_of(claim.id, claim.generation)),
        "valid": timedelta(days=settings.INVITATION_DAYS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, parameters)
        row = cursor.fetchone()
    if row is None or row[0] != Invitation.Status.SENDING:
        return None
    _, attempts, expires_at, email, name, language = row
    return Invitation(
        id=claim.id,
        generation=claim.generation,
        attempts=attempts,
        expires_at=expires_at,
        user=User(email=email),
        organisation=Organisation(name=name or "", language=language or ""),
    )


def store(
    claim: Claim,
    status: str,
    reason: str = "",
    *,
    wait: timedelta = timedelta(),
    is_attempt: bool = True,
) -> None:
    """Stores what became of an invitation that was begun. Changes nothing if it was renewed,
    revoked, accepted or reported as bounced meanwhile.

    wait: until the next attempt, for `pending`. is_attempt: whether the attempt counts."""
    parameters: dict[str, Any] = {
        "id": claim.id,
        "generation": claim.generation,
        "status": status,
        "reason": reason[:200],
        "wait": wait,
        "uncounted": not is_attempt,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, parameters)


def give_back(claims: Sequence[Claim]) -> None:
    """Lets others claim what was claimed and not begun."""
    if claims:
        ids = [claim.id for claim in claims]
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"ids": ids, "claimed_at": claims[0].claimed_at})
