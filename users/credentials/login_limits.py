"""Limits the wrong passwords of every login: at the API, the admin site and the login page.

Also limits the e-mails that people who are not logged in can ask for.

An attempt is counted before its password is checked, and the count is taken back if the login
succeeds. The limits therefore hold for any number of simultaneous attempts. The counts are in
PostgreSQL, so that they do not depend on Redis.

django-axes is not used. It counts a failure after the password was checked, so simultaneous
attempts pass (its issue 592, closed as "won't fix"). It stores user names and IP addresses in
clear. It has no limit that exempts the networks from which the owner has logged in before.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils.crypto import salted_hmac

from core.errors import TooManyRequests
from users.models import LoginAttempts, Reserved, UserManager

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limit:
    """How many wrong passwords are allowed in a window of time."""

    attempts: int
    window: timedelta


# account_network: one account from one network. Attempts from another network do not lock out the
# owner of the account.
# network: all accounts from one network. It is higher, because an office may share one IP address.
# account: one account from all networks, against guessing from many networks. Networks from which
# the owner of the account has logged in before are exempt.
# The rows of an attempt are locked in this order.
LIMITS = {
    "account_network": Limit(10, timedelta(minutes=15)),
    "network": Limit(50, timedelta(minutes=15)),
    "account": Limit(100, timedelta(hours=1)),
}
# E-mails to one account, such as those with a link to a new password. None is taken back: nobody
# knows who asked.
MAIL_LIMITS = {
    "mail_account_network": Limit(5, timedelta(minutes=15)),
    "mail_network": Limit(50, timedelta(minutes=15)),
    "mail_account": Limit(10, timedelta(hours=1)),
}
IPV6_PREFIX = 64  # bits; a provider gives one customer a network of this size


class TooManyLogins(TooManyRequests):
    """Too many wrong passwords. Wait a while before you try again."""

    code = "too_many_logins"


class TooManyMails(TooManyRequests):
    """Too many e-mails were asked for. Wait a while before you ask again."""

    code = "too_many_mails"


def reserve(email: str, ip: str) -> list[Reserved]:
    """Counts one attempt for each limit. `ip` is the client's IP address, or "" if it is unknown.
    Gives the counted attempts, for `refund`.

    Raises TooManyLogins if a limit is reached. The transaction is then rolled back, so that nothing
    is counted."""
    reserved: list[Reserved] = []
    with transaction.atomic():
        for scope, key, limit in _counters(LIMITS, email, ip):
            attempt = LoginAttempts.objects.reserve(scope, key, limit.window)
            reserved.append(attempt)
            # reserved[0] is the attempt of "account_network"
            is_exempt = scope == "account" and reserved[0].is_known
            if attempt.count > limit.attempts and not is_exempt:
                raise _refusal(attempt)
    return reserved


def count_mail(email: str, ip: str) -> None:
    """Counts an e-mail that somebody asks for, whether the account exists or not.

    Raises TooManyMails if a limit is reached. The transaction is then rolled back, so that nothing
    is counted."""
    with transaction.atomic():
        for scope, key, limit in _counters(MAIL_LIMITS, email, ip):
            attempt = LoginAttempts.objects.reserve(scope, key, limit.window)
            if attempt.count > limit.attempts:
                _log(attempt)
                raise TooManyMails(
                    f"Too many e-mails were asked for. Ask again in {_minutes(attempt)} min.",
                    retry_after_seconds=attempt.seconds_left,
                )


def _counters(limits: Mapping[str, Limit], email: str, ip: str) -> Iterator[tuple[str, str, Limit]]:
    """(scope, hash of the key, limit) of each counter. The limits are those of the account from one
    network, of the network, and of the account."""
    network, account = network_of(ip), UserManager.normalize_email(email)
    keys = (f"{account} {network}", network, account)
    for (scope, limit), key in zip(limits.items(), keys, strict=True):
        yield scope, _hash(scope, key), limit


def refund(reserved: list[Reserved]) -> None:
    """Takes back an attempt whose login succeeded."""
    with transaction.atomic():
        for attempt in reserved:
            LoginAttempts.objects.refund(attempt)


def network_of(ip: str) -> str:
    """The network of an IP address: the address itself for IPv4, IPV6_PREFIX bits for IPv6."""
    if ":" not in ip:
        return ip
    return str(ipaddress.ip_network(f"{ip}/{IPV6_PREFIX}", strict=False))


def _hash(scope: str, key: str) -> str:
    """A hash with SECRET_KEY: e-mail and IP addresses are short enough to be guessed."""
    return salted_hmac(
        f"users.credentials.login_limits.{scope}", key, algorithm="sha256"
    ).hexdigest()


def _refusal(attempt: Reserved) -> TooManyLogins:
    _log(attempt)
    return TooManyLogins(
        f"Too many wrong passwords. The next attempt is possible in {_minutes(attempt)} min.",
        retry_after_seconds=attempt.seconds_left,
    )


def _log(attempt: Reserved) -> None:
    log.warning(
        "login_limit_hit", limit_type=attempt.scope, retry_after_seconds=attempt.seconds_left
    )


def _minutes(attempt: Reserved) -> int:
    return -(-attempt.seconds_left // 60)
