"""The e-mail that tells an uploader how their import ended.

The batch's row is the outbox, and the end of the batch is the order to send: nothing is written for
it beside the status. Whoever is rung for claims what is due, one letter after the other, sends it,
and writes down what became of it; the sweep rings again. No transaction is open meanwhile.

A letter is sent once. It goes out a second time only where the process dies, or loses the database
or the mail server's answer, after the server has taken the letter and before that is committed.
Both have one Message-ID then, by which mail programs know a letter.

One process at a time talks to the mail server. While that does not answer nobody else tries, so
that no import waits for it: it costs one worker some seconds, every half minute to five minutes.
"""

from __future__ import annotations

import smtplib
import time
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core import mail
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Coalesce, Now

from imports.engine import completion, failpoints
from imports.models import ImportBatch
from imports.models.statuses import FINISHED, UNSENT, MailState
from imports.notifications.messages import letter
from users.models import User

log = structlog.get_logger(__name__)

SLICE_SECONDS = 20  # of one task; the rest is for the next
TASK_SECONDS = 120  # after which a task that hangs is killed …
CLAIM = timedelta(seconds=180)  # … and only then may another take up what it was sending
GIVEN_UP_AFTER = timedelta(days=1)
# Before the next attempt: as long as has passed since the end, within these bounds.
SERVER_AWAY = (timedelta(seconds=30), timedelta(minutes=5))
MAILBOX_SAYS_LATER = (timedelta(minutes=1), timedelta(hours=1))
SERVICE_CLOSES = 421  # SMTP's only code that is about the server whatever it answers to


def is_on() -> bool:
    """Whether there is a mail server."""
    return bool(settings.EMAIL_HOST)


def tend() -> bool:
    """For the sweep: gives up what can't be sent for a day, and says whether anything is due.
    Without a mail server nothing is ever due, nor piles up for the day when there is one."""
    if not is_on():
        _unsent().update(mail_state=MailState.NONE)
        return False
    for batch in _unsent().filter(ended__lte=Now() - GIVEN_UP_AFTER):
        if _settle(batch, MailState.GIVEN_UP):
            log.error("csv_import_mail", status=MailState.GIVEN_UP, **completion.ids(batch))
    return not _is_held() and _due().exists()


def send_due() -> bool:
    """Sends what is due, for some seconds at most; gives whether there is more."""
    if not is_on():
        return False
    deadline = time.monotonic() + SLICE_SECONDS
    server = mail.get_connection()
    try:
        while time.monotonic() < deadline:
            batch = _claim()
            if batch is None or not _deliver(batch, server):
                return False
    finally:
        server.close()
    return True


# --- which -------------------------------------------------------------------------------------


def _unsent() -> QuerySet[Any]:
    """Ended, and the e-mail is open; by an index that holds just these. An operator's import has
    nobody to tell. `ended`: for those that an operator marked as failed without a time, created."""
    return (
        ImportBatch.objects.filter(status__in=FINISHED, mail_state__in=UNSENT)
        .exclude(source="command")
        .annotate(ended=Coalesce("completed_at", "created_at"))
    )


def _due() -> QuerySet[Any]:
    return _unsent().exclude(mail_after__gt=Now())


def _is_held() -> bool:
    """Whether somebody is sending at this moment, or found a moment ago that the server is away."""
    return _unsent().filter(mail_state=MailState.DUE, mail_after__gt=Now()).exists()


@transaction.atomic
def _claim() -> ImportBatch | None:
    """One that is due, and nobody else's until it is settled or CLAIM is over. First those that
    were never tried: one letter that upsets the server must not keep back all others."""
    if _is_held():
        return None
    order = (F("mail_after").asc(nulls_first=True), "ended")
    locked = _due().select_for_update(of=("self",), skip_locked=True).order_by(*order)
    batch = locked.select_related("organisation", "uploaded_by").first()
    if batch:
        _hold(batch, MailState.DUE, CLAIM)
    return batch


def _hold(batch: ImportBatch, state: MailState, wait: timedelta) -> None:
    _unsent().filter(id=batch.id).update(mail_state=state, mail_after=Now() + wait)


def _settle(batch: ImportBatch, state: MailState) -> bool:
    return bool(_unsent().filter(id=batch.id).update(mail_state=state))


# --- sending -----------------------------------------------------------------------------------


def _deliver(batch: ImportBatch, server: Any) -> bool:
    """Sends one letter and writes down what became of it; False where the server is away."""
    reader = _reader_of(batch)
    if reader is None:
        _settle(batch, MailState.NONE)
        return True
    failpoints.reach("before_mail", batch.filename)
    try:
        server.open()
        server.send_messages([letter(batch, reader)])
    except Exception as fault:
        server.close()
        return _failed(batch, fault)
    failpoints.reach("after_mail", batch.filename)
    _settle(batch, MailState.SENT)
    log.info("csv_import_mail", status=MailState.SENT, **completion.ids(batch))
    return True


def _reader_of(batch: ImportBatch) -> User | None:
    """The uploader, if there is still somebody who may know and wants to."""
    user: User | None = batch.uploaded_by
    may_know = user and user.is_active and user.belongs_to(batch.organisation_id)
    return user if user and may_know and user.wants_import_mail else None


def _failed(batch: ImportBatch, fault: Exception) -> bool:
    """Writes down when to try again, if at all; False where that holds for every letter."""
    code = _code_of(fault)
    is_server = code is None and isinstance(fault, OSError)  # as all of smtplib's are
    facts = {"fault": type(fault).__name__, "code": code, **completion.ids(batch)}
    if (code or 0) >= 500 or isinstance(fault, ValueError):  # an address that can't be in a header
        _settle(batch, MailState.REFUSED)
        log.error("csv_import_mail", status=MailState.REFUSED, **facts)
    elif is_server:
        _hold(batch, MailState.DUE, _pause(_unsent().filter(mail_state=MailState.DUE), SERVER_AWAY))
        log.warning("csv_import_mail", status="server_away", **facts)
    else:
        _hold(batch, MailState.DEFERRED, _pause(_unsent().filter(id=batch.id), MAILBOX_SAYS_LATER))
        log.warning("csv_import_mail", status=MailState.DEFERRED, **facts)
    return not is_server


def _code_of(fault: Exception) -> int | None:
    """What the server says against this letter; None where it is not about the letter."""
    code = None
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code = next(code for code, _ in fault.recipients.values())
    elif isinstance(fault, smtplib.SMTPDataError):
        code = fault.smtp_code
    return None if code == SERVICE_CLOSES else code


def _pause(letters: QuerySet[Any], bounds: tuple[timedelta, timedelta]) -> timedelta:
    """How long to wait: as long as the oldest of these has waited, within the bounds."""
    waited = letters.aggregate(longest=Max(Now() - F("ended")))["longest"] or timedelta()
    return min(max(waited, bounds[0]), bounds[1])


# --- what it says ------------------------------------------------------------------------------
