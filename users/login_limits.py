"""The limits on wrong passwords, for every login: API, admin site and later pages.

An attempt is counted before its password is checked, and taken back where the login succeeds. So
the limits hold however many clients try at the same moment. PostgreSQL counts: Redis is not needed.

Why not django-axes: it counts a failure after the password was checked, so simultaneous attempts
pass (its issue 592, closed as "won't fix"). It stores user names and IP addresses in clear. It has
no limit that spares the networks from which the owner has logged in before.
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


# One account from one network: a stranger's attempts don't keep the owner out.
# One network, all accounts: higher, because an office may share one IP address.
# One account, all networks: against guessing from many networks. Networks from which the account's
# owner has logged in before are exempt.
# The order is that in which the rows are locked.
LIMITS = {
    "account_network": Limit(10, timedelta(minutes=15)),
    "network": Limit(50, timedelta(minutes=15)),
    "account": Limit(100, timedelta(hours=1)),
}
IPV6_PREFIX = 64  # what one customer of a provider has


class TooManyLogins(TooManyRequests):
    """Too many wrong passwords. Wait a while before you try again."""

    code = "too_many_logins"


def reserve(email: str, ip: str) -> list[Reserved]:
    """Counts one attempt in every scope. `ip`: the client's IP address, "" where it is unknown.

    Raises TooManyLogins where a limit is reached, and then nothing is counted."""
    network, account = network_of(ip), UserManager.normalize_email(email)
    keys = {"account_network": f"{account} {network}", "network": network, "account": account}
    reserved: list[Reserved] = []
    with transaction.atomic():
        for scope, limit in LIMITS.items():
            attempt = LoginAttempts.objects.reserve(scope, _hash(scope, keys[scope]), limit.window)
            reserved.append(attempt)
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
    """What counts as one network: a single IPv4 address, or an IPv6 network of IPV6_PREFIX bits."""
    if ":" not in ip:
        return ip
    return str(ipaddress.ip_network(f"{ip}/{IPV6_PREFIX}", strict=False))


def _hash(scope: str, key: str) -> str:
    """A hash with SECRET_KEY: e-mail and IP addresses are short enough to be guessed."""
    return salted_hmac(f"users.login_limits.{scope}", key, algorithm="sha256").hexdigest()


def _refusal(attempt: Reserved) -> TooManyLogins:
    log.warning(
        "login_limit_hit", limit_type=attempt.scope, retry_after_seconds=attempt.seconds_left
    )
    minutes = -(-attempt.seconds_left // 60)
    return TooManyLogins(
        f"Too many wrong passwords. The next attempt is possible in {minutes} min.",
        retry_after_seconds=attempt.seconds_left,
    )
