"""E-mails that people ask for who are not logged in: a link to a new password, or to an invitation.

The answer is the same whether the account exists or not, and takes the same time: the request only
counts it and enqueues a task. The task decides what the account gets, if anything.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from core.errors import Refusal, TryAgainLater
from users.accounts import password_reset
from users.credentials import login_limits
from users.invitations import acceptance, lifecycle
from users.mail import EmailNotSetUp, is_on
from users.mail.delivery import Result, failure_of
from users.models import User

log = structlog.get_logger(__name__)

ANSWER = (
    "If an account that can be used has this e-mail address, an e-mail is on its way to it. It can"
    " take some minutes. Look into the folder for spam as well."
)
RETRY_SECONDS = 30
RETRIED = (Result.DEFERRED, Result.SERVER_AWAY)


class EmailUnavailable(TryAgainLater):
    """No e-mail can be sent at the moment. Try again in a minute."""

    code = "email_unavailable"


def request_password_reset(email: str, ip: str) -> None:
    """Sends a link to a new password to an account, if it exists and may log in. Somebody who was
    invited and has no password yet gets a new invitation instead.

    Raises EmailNotSetUp, EmailUnavailable, and TooManyMails (`users.credentials.login_limits`)."""
    _enqueue(send_password_reset, email, ip)


def request_invitation(email: str, ip: str) -> None:
    """Sends a new invitation to an account, if `acceptance.renewable` allows it.

    Raises the same."""
    _enqueue(renew_invitation, email, ip)


def _enqueue(task: Any, email: str, ip: str) -> None:
    if not is_on():
        raise EmailNotSetUp
    login_limits.count_mail(email, ip)
    try:
        user_id = User.objects.get_by_natural_key(email).id
    except User.DoesNotExist:
        user_id = uuid4()  # nobody's
    try:
        task.delay(str(user_id))
    except OperationalError:
        raise EmailUnavailable(retry_after_seconds=60) from None


@shared_task(bind=True, name="users.send_password_reset", max_retries=5, time_limit=120)
def send_password_reset(self: Any, user_id: str) -> None:
    """Sends what somebody gets who has forgotten the password."""
    user = User.objects.everywhere().select_related("organisation").filter(id=user_id).first()
    if user is None or not user.may_log_in:
        return
    if not user.has_usable_password():
        _renew(user_id)
        return
    try:
        password_reset.message(user).send()
    except Exception as error:
        failure = failure_of(error)
        log.warning("password_reset_mail", user_id=user_id, status=failure.result.value)
        if failure.result in RETRIED:
            raise self.retry(countdown=RETRY_SECONDS * 2**self.request.retries, exc=None) from None


@shared_task(name="users.renew_invitation", time_limit=120)
def renew_invitation(user_id: str) -> None:
    """Invites somebody again who has asked for a new link."""
    _renew(user_id)


def _renew(user_id: str) -> None:
    user = acceptance.renewable(user_id)
    if user is None:
        return
    try:
        lifecycle.invite(user, by=None)
    except Refusal as refusal:  # changed in this moment
        log.info("invitation_not_renewed", user_id=user_id, code=refusal.code)
