"""Limits the wrong passwords of every login, in the API and in the admin site.

An attempt is counted before its password is checked, and the count is taken back if the login
succeeds. The limits therefore hold for any number of simultaneous attempts. The counts are in
PostgreSQL, so that they do not depend on Redis.

django-axes is not used. It counts a failure after the password was checked, so simultaneous
attempts pass (its issue 592, closed as "won't fix"). It stores user names and IP addresses in
clear. It has no limit that exempts the networks from which the owner has logged in before.
"""

from __future__ import annotations

import ipaddress
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
IPV6_PREFIX = 64  # bits; a provider gives one customer a network of this size


class TooManyLogins(TooManyRequests):
    """Too many wrong passwords. Wait a while before you try again."""

    code = "too_many_logins"


def reserve(email: str, ip: str) -> list[Reserved]:
    """Counts one attempt for each limit. `ip` is the client's IP address, or "" if it is unknown.
    Gives the counted attempts, for `refund`.

    Raises TooManyLogins if a limit is reached. The transaction is then rolled back, so that nothing
    is counted."""
    network, account = network_of(ip), UserManager.normalize_email(email)
    keys = {"account_network": f"{account} {network}", "network": network, "account": account}
    reserved: list[Reserved] = []
    with transaction.atomic():
        for scope, limit in LIMITS.items():
            attempt = LoginAttempts.objects.reserve(scope, _hash(scope, keys[scope]), limit.window)
            reserved.append(attempt)
            # reserved[0] is the attempt of "account_network"
            is_exempt = scope == "account" and reserved[0].is_known
            if attempt.count > limit.attempts and not is_exempt:
                raise _refusal(attempt)
    return reserved


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
    log.warning(
        "login_limit_hit", limit_type=attempt.scope, retry_after_seconds=attempt.seconds_left
    )
    minutes = -(-attempt.seconds_left // 60)
    return TooManyLogins(
        f"Too many wrong passwords. The next attempt is possible in {minutes} min.",
        retry_after_seconds=attempt.seconds_left,
    )
