"""Sends invitations. The table of invitations is the outbox.

`send_due` claims a few due invitations at a time and sends them over one connection. Before each
e-mail it commits that the server may get it, and after it what the server answered; the answer to
one e-mail and the beginning of the next are one statement. No transaction is open while it sends.
Any number of processes may call it at the same time.

An invitation is never sent twice by itself. If the process dies, or the connection is lost, between
the moment at which the server has the e-mail and the commit of its answer, nobody can know whether
it was accepted: its status becomes `unknown`, "may have been sent".
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from django.core import mail
from django.db import DatabaseError, connection

from users.invitations import claims, requests, server
from users.invitations.claims import Claim
from users.invitations.messages import message
from users.mail import is_on
from users.mail.delivery import Failure, Result, failure_of
from users.models import Invitation

__all__ = ["expire_and_check", "is_due", "is_on", "send_due"]

log = structlog.get_logger(__name__)
Status = Invitation.Status

SLICE_SECONDS = 2  # for which one call sends, as long as an import works before others have a turn
BATCH = 25  # invitations that are claimed at a time
CLAIM = timedelta(seconds=120)  # longer than a task can live (users/invitations/tasks.py)
# An e-mail that the server does not accept yet is tried again after a minute, then after twice as
# long each time up to an hour, for about a day.
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
ATTEMPTS = 30

_EXPIRE = """
UPDATE user_invitations SET status = 'unknown', sent_at = claimed_at
WHERE status = 'sending' AND claimed_at <= statement_timestamp() - %s
"""
_GIVE_UP = "UPDATE user_invitations SET status = 'failed', reason = %s WHERE status = 'pending'"
_DUE = """
SELECT EXISTS (SELECT FROM user_invitations WHERE status = 'pending'
               AND next_attempt_at <= statement_timestamp() AND organisation_id IS NOT NULL)
    OR EXISTS (SELECT FROM user_invitation_requests)
"""


def expire_and_check() -> bool:
    """Stores which invitations can't be known to have been sent; gives whether any is due now.

    If e-mail is off, the pending ones fail, so that they are not sent later when it is on. Those of
    users without an organisation fail, too."""
    _log_changes("unknown", _EXPIRE, CLAIM)
    _log_changes(
        "failed",
        _GIVE_UP + " AND organisation_id IS NULL",
        "The user belongs to no organisation.",
    )
    if not is_on():
        requests.write_all()
        _log_changes("failed", _GIVE_UP, "E-mail is not set up.")
        return False
    return is_due()


def is_due() -> bool:
    """Whether an invitation is due, and the mail server may be tried."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE)
        return bool(cursor.fetchone()[0]) and not server.is_blocked(cursor)


def send_due() -> bool:
    """Sends due invitations for SLICE_SECONDS at most; gives whether more are due. They may have to
    wait for the pace: `users.invitations.pace.wait` says how long."""
    if not is_on():
        return False
    deadline = time.monotonic() + SLICE_SECONDS
    requests.write_some(SLICE_SECONDS / 2)
    line = Line()
    try:
        while time.monotonic() < deadline:
            claimed = claims.take(BATCH)
            if not claimed or not _send_all(claimed, line, deadline):
                break
    finally:
        line.close()
        if line.accepted:
            log.info("invitations", status=Status.SENT, count=line.accepted)
    return is_due()


def _send_all(claimed: Sequence[Claim], line: Line, deadline: float) -> bool:
    """Sends claimed invitations one after the other. Gives False if the server is away.

    An accepted invitation is stored together with the beginning of the next one; the last one, and
    the one after which the database was lost for a moment, at the end."""
    sent: Claim | None = None
    try:
        for index, claim in enumerate(claimed):
            if time.monotonic() > deadline:
                claims.give_back(claimed[index:])
                return True
            invitation, sent = claims.begin(claim, sent), None
            if invitation is None:
                continue
            failure = line.send(invitation)
            if failure is None:
                sent = claim
            elif not _store_failure(claim, invitation, failure):
                claims.give_back(claimed[index + 1 :])
                return False
        return True
    except DatabaseError:
        if not connection.is_usable():
            connection.close()  # the next query opens another one
        raise
    finally:
        if sent:
            claims.store(sent, Status.SENT)


def _store_failure(claim: Claim, invitation: Invitation, failure: Failure) -> bool:
    """Stores why an invitation was not accepted. Gives False if no other would be either."""
    facts = {"invitation_id": claim.id, "code": failure.code}
    if failure.result is Result.SERVER_AWAY:
        claims.store(claim, Status.PENDING, is_attempt=False)
        server.note_away()
        log.warning("invitations", status=failure.result.value, **facts)
        return False
    if failure.result is Result.UNKNOWN:
        claims.store(claim, Status.UNKNOWN)
        server.note_away()
        log.error("invitation", status=Status.UNKNOWN, **facts)
        return False
    if failure.result is Result.DEFERRED and invitation.attempts < ATTEMPTS:
        claims.store(claim, Status.PENDING, failure.reason, wait=wait_after(invitation.attempts))
        log.warning("invitation", status=failure.result.value, **facts)
    else:
        given_up = "Given up after a day. " if failure.result is Result.DEFERRED else ""
        claims.store(claim, Status.FAILED, given_up + failure.reason)
        log.error("invitation", status=Status.FAILED, **facts)
    return True


def wait_after(attempts: int) -> timedelta:
    """Gives how long to wait after so many attempts."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(FIRST_RETRY * doubled, LAST_RETRY)


class Line:
    """The connection to the mail server, which is opened when it is needed."""

    def __init__(self) -> None:
        self._backend: Any = mail.get_connection()
        self._used = False  # the connection that is open has carried an e-mail
        self.accepted = 0  # e-mails

    def send(self, invitation: Invitation) -> Failure | None:
        """Sends an invitation. Gives why it was not accepted, if it was not.

        A server may close a connection that has carried many e-mails. A new one is then tried."""
        failure = self._try(invitation)
        if failure and failure.result is Result.SERVER_AWAY and self._used:
            self.close()
            failure = self._try(invitation)
        if failure is None:
            self.accepted += 1
            if self.accepted == 1:
                server.note_back()
        elif failure.result in (Result.SERVER_AWAY, Result.UNKNOWN):
            self.close()
        return failure

    def close(self) -> None:
        """Closes the connection."""
        self._used = False
        with suppress(Exception):  # it may be broken
            self._backend.close()

    def _try(self, invitation: Invitation) -> Failure | None:
        try:
            email = message(invitation)
            self._backend.open()
            if hasattr(self._backend, "prepare"):
                self._backend.prepare()
            self._backend.send_messages([email])
        except Exception as error:
            failure = failure_of(error, self._backend)
            log.info("invitation", fault=type(error).__name__, invitation_id=invitation.id)
            return failure
        self._used = True
        return None


def _log_changes(status: str, statement: str, parameter: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [parameter])
        if cursor.rowcount:
            log.error("invitations", status=status, count=cursor.rowcount)
