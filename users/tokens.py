"""Access and refresh tokens (JSON Web Tokens, by simplejwt), and the limit on wrong passwords."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.db.models.functions import Now
from django_ratelimit.core import get_usage
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from core.errors import TooManyRequests
from users.models import User

# How many wrong passwords are allowed for one account, from all IP addresses, and from one IP
# address, for all accounts. The second limit is higher because an office may share one IP address.
FAILURES = {"account": "10/15m", "ip": "50/15m"}


class TooManyLogins(TooManyRequests):
    """Too many wrong passwords. Wait a while before you try again."""

    code = "too_many_logins"


def log_in(email: str, password: str, *, ip: str) -> dict[str, str] | None:
    """A new pair of tokens. None where the e-mail address or the password is wrong or the account
    is not active; callers can't tell which.

    `ip` is the client's IP address, "" where it is unknown. Raises TooManyLogins where a limit of
    FAILURES is reached, without a check of the password."""
    keys = {"account": User.objects.normalize_email(email), "ip": ip}
    wait_seconds = max(_wait_seconds(kind, key) for kind, key in keys.items())
    if wait_seconds:
        raise TooManyLogins(retry_after_seconds=wait_seconds)
    user = authenticate(email=email, password=password)
    if not isinstance(user, User):
        for kind, key in keys.items():
            _usage(kind, key, increment=True)
        return None
    update_last_login(User, user)
    return pair(user)


@transaction.atomic
def refresh(token: str) -> dict[str, str] | None:
    """A new pair of tokens for a refresh token, which can't be used again.

    None where the token is invalid, expired or used. Of two calls with the same token only one gets
    a pair."""
    try:
        old = RefreshToken(token)  # type: ignore[arg-type]
    except TokenError:
        return None
    user = User.objects.filter(id=old.payload[api_settings.USER_ID_CLAIM], is_active=True).first()
    if user is None or not _has_current_password(old, user):
        return None
    blacklisted: Any = old.blacklist()  # (row, created) of get_or_create; the stubs differ
    return pair(user) if blacklisted[1] else None


def purge() -> int:
    """Deletes the records of expired refresh tokens. Returns how many it deleted."""
    return OutstandingToken.objects.filter(expires_at__lt=Now()).delete()[0]


def pair(user: User) -> dict[str, str]:
    """A new access token and refresh token of a user, by the names `access` and `refresh`."""
    token = RefreshToken.for_user(user)
    return {"access": str(token.access_token), "refresh": str(token)}


def _has_current_password(token: RefreshToken, user: User) -> bool:
    """Whether the password is still the one of when the token was made.

    simplejwt checks this for access tokens only."""
    claim: Any = token.payload.get(api_settings.REVOKE_TOKEN_CLAIM)
    return bool(claim == get_md5_hash_password(user.password))


def _wait_seconds(kind: str, key: str) -> int:
    """How long the account or IP address has to wait; 0 while it may try.

    It is also 0 while Redis is unavailable, as nobody could log in otherwise."""
    usage = _usage(kind, key, increment=False)
    if usage is None or usage["time_left"] < 0 or usage["count"] < usage["limit"]:
        return 0
    return int(usage["time_left"]) + 1


def _usage(kind: str, key: str, *, increment: bool) -> Any:
    """django-ratelimit's count. The key is hashed, so that Redis holds no e-mail or IP address.

    `core.ratelimit_cache.ReadableKey` says why the group and the key have colons."""
    value = hashlib.sha256(key.encode()).hexdigest()
    return get_usage(
        None,
        group=f"login_{kind}:",
        key=lambda group, request: f":{value}:",
        rate=FAILURES[kind],
        increment=increment,
    )
