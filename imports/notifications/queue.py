"""Sends the e-mails about ended imports.

The table of batches is the queue. An e-mail is due as soon as its batch has a final status, so that
ending a batch needs no extra statement. `send_due` claims one batch after the other, sends the
e-mail and stores the result. No transaction is open while it sends. The sweep calls again for what
is left.

An e-mail is sent once. It is sent twice only if the process dies, or loses the database or the
reply of the mail server, after the server has accepted the e-mail and before that is committed.
Both copies then have the same Message-ID, by which mail programs recognise duplicates.

Only one process at a time talks to the mail server. While the server does not answer, no other
process tries, so that imports do not wait: one worker loses some seconds, every half minute to five
minutes.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import structlog
from django.core import mail
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Coalesce, Now

from imports.engine import failpoints
from imports.models import ImportBatch
from imports.models.statuses import FINISHED, UNSENT, MailState
from imports.notifications.messages import message
from users.mail import is_on
from users.mail.delivery import Result, failure_of
from users.models import User

__all__ = ["TASK_SECONDS", "expire_and_check", "is_on", "send_due"]

log = structlog.get_logger(__name__)

SLICE_SECONDS = 20  # for which one task sends; the next task sends the rest
TASK_SECONDS = 120  # after which Celery kills a task that hangs
CLAIM = timedelta(seconds=180)  # longer than TASK_SECONDS: the claim of a live task must hold
GIVEN_UP_AFTER = timedelta(days=1)
# Least and longest wait before the next attempt. Between them the wait is the time since the end of
# the batch, so that it doubles with each attempt.
SERVER_RETRY = (timedelta(seconds=30), timedelta(minutes=5))
MAILBOX_RETRY = (timedelta(minutes=1), timedelta(hours=1))


def expire_and_check() -> bool:
    """Gives up e-mails that could not be sent for a day; gives whether any e-mail is due now.

    If e-mail is off, the e-mails of all ended batches are dropped, so that they are not sent
    later when there is one."""
    if not is_on():
        _unsent().update(mail_state=MailState.NONE)
        return False
    for batch in _unsent().filter(ended__lte=Now() - GIVEN_UP_AFTER):
        if _store_result(batch, MailState.GIVEN_UP):
            log.error("csv_import_mail", status=MailState.GIVEN_UP, **batch.log_ids)
    return not _is_blocked() and _due().exists()


def send_due() -> bool:
    """Sends due e-mails for SLICE_SECONDS at most; gives whether there are more."""
    if not is_on():
        return False
    deadline = time.monotonic() + SLICE_SECONDS
    server = mail.get_connection()
    try:
        while time.monotonic() < deadline:
            batch = _claim()
            if batch is None or not _send(batch, server):
                return False
    finally:
        server.close()
    return True


# --- the queue ---------------------------------------------------------------------------------


def _unsent() -> QuerySet[Any]:
    """Ended batches whose e-mail was not sent yet, with the time of their end as `ended`. A partial
    index holds just these rows. Imports from the command line are left out.

    A batch that an operator failed by SQL may have no `completed_at`; it gets `created_at`."""
    return (
        ImportBatch.objects.everywhere()
        .filter(status__in=FINISHED, mail_state__in=UNSENT)
        .exclude(source="command")
        .annotate(ended=Coalesce("completed_at", "created_at"))
    )


def _due() -> QuerySet[Any]:
    return _unsent().exclude(mail_after__gt=Now())


def _is_blocked() -> bool:
    """Whether another process is sending now, or the server did not answer a moment ago."""
    return _unsent().filter(mail_state=MailState.DUE, mail_after__gt=Now()).exists()


@transaction.atomic
def _claim() -> ImportBatch | None:
    """Claims a due batch until its result is stored or CLAIM is over; None if there is none.
    Batches that were never tried come first, so that one e-mail that makes the server fail does not
    hold up the others."""
    if _is_blocked():
        return None
    order = (F("mail_after").asc(nulls_first=True), "ended")
    locked = _due().select_for_update(of=("self",), skip_locked=True).order_by(*order)
    batch = locked.select_related("organisation", "uploaded_by").first()
    if batch:
        _postpone(batch, MailState.DUE, CLAIM)
    return batch


def _postpone(batch: ImportBatch, state: MailState, wait: timedelta) -> None:
    _unsent().filter(id=batch.id).update(mail_state=state, mail_after=Now() + wait)


def _store_result(batch: ImportBatch, state: MailState) -> bool:
    return bool(_unsent().filter(id=batch.id).update(mail_state=state))


# --- sending -----------------------------------------------------------------------------------


def _send(batch: ImportBatch, server: Any) -> bool:
    """Sends one e-mail and stores the result. Gives False if the server does not answer."""
    recipient = _recipient_of(batch)
    if recipient is None:
        _store_result(batch, MailState.NONE)
        return True
    failpoints.reach("before_mail", batch.filename)
    try:
        server.open()
        server.send_messages([message(batch, recipient)])
    except Exception as error:
        server.close()
        return _handle_error(batch, error)
    failpoints.reach("after_mail", batch.filename)
    _store_result(batch, MailState.SENT)
    log.info("csv_import_mail", status=MailState.SENT, **batch.log_ids)
    return True


def _recipient_of(batch: ImportBatch) -> User | None:
    """Gives the uploader, if they still exist, may still see the batch and want e-mails."""
    user: User | None = batch.uploaded_by
    may_know = user and user.is_active and user.belongs_to(batch.organisation_id)
    return user if user and may_know and user.wants_import_mail else None


def _handle_error(batch: ImportBatch, error: Exception) -> bool:
    """Stores when to try again, if at all. Gives False if the error is about the server, and so
    about every e-mail."""
    failure = failure_of(error)
    is_about_server = failure.result in (Result.SERVER_AWAY, Result.UNKNOWN)
    code = None if is_about_server else failure.code
    facts = {"fault": type(error).__name__, "code": code, **batch.log_ids}
    if failure.result is Result.REFUSED:
        _store_result(batch, MailState.REFUSED)
        log.error("csv_import_mail", status=MailState.REFUSED, **facts)
    elif is_about_server:
        due = _unsent().filter(mail_state=MailState.DUE)
        _postpone(batch, MailState.DUE, _wait_for(due, SERVER_RETRY))
        log.warning("csv_import_mail", status="server_away", **facts)
    else:
        _postpone(
            batch, MailState.DEFERRED, _wait_for(_unsent().filter(id=batch.id), MAILBOX_RETRY)
        )
        log.warning("csv_import_mail", status=MailState.DEFERRED, **facts)
    return not is_about_server


def _wait_for(unsent: QuerySet[Any], bounds: tuple[timedelta, timedelta]) -> timedelta:
    """Gives how long to wait: as long as the oldest of these has waited, within the bounds."""
    waited = unsent.aggregate(longest=Max(Now() - F("ended")))["longest"] or timedelta()
    return min(max(waited, bounds[0]), bounds[1])
