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

from users.models import User

# Wrong passwords: of one account, from wherever they come, and from one address, for whatever
# accounts. An office has one address for all, so it may be wrong more often.
FAILURES = {"account": "10/15m", "address": "50/15m"}


class TooManyFailures(Exception):
    """No password is looked at any more for a while, right or wrong."""

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(wait_seconds)


def log_in(email: str, password: str, *, address: str | None) -> dict[str, str] | None:
    """An access and a refresh token; None where address or password is wrong, or the account is
    not active: nobody learns which. Raises `TooManyFailures`."""
    keys = {"account": User.objects.normalize_email(email), "address": address or ""}
    wait_seconds = max(_wait_seconds(kind, key) for kind, key in keys.items())
    if wait_seconds:
        raise TooManyFailures(wait_seconds)
    user = authenticate(email=email, password=password)
    if not isinstance(user, User):
        for kind, key in keys.items():
            _usage(kind, key, increment=True)
        return None
    update_last_login(User, user)
    return pair(user)


@transaction.atomic
def refresh(token: str) -> dict[str, str] | None:
    """A new pair for a refresh token, which is used up by that; None where it is not good (any
    more). Of two calls with one token only one gets a pair."""
    try:
        old = RefreshToken(token)  # type: ignore[arg-type]
    except TokenError:
        return None
    user = User.objects.filter(id=old.payload[api_settings.USER_ID_CLAIM], is_active=True).first()
    if user is None or not _is_of_this_password(old, user):
        return None
    blacklisted: Any = old.blacklist()  # with the flag of get_or_create, whatever it is declared
    return pair(user) if blacklisted[1] else None


def purge() -> int:
    """Deletes the records of refresh tokens that have expired; gives how many."""
    return OutstandingToken.objects.filter(expires_at__lt=Now()).delete()[0]


def pair(user: User) -> dict[str, str]:
    """A new access and refresh token of a user."""
    token = RefreshToken.for_user(user)
    return {"access": str(token.access_token), "refresh": str(token)}


def _is_of_this_password(token: RefreshToken, user: User) -> bool:
    """simplejwt checks this of access tokens only."""
    claim: Any = token.payload.get(api_settings.REVOKE_TOKEN_CLAIM)
    return bool(claim == get_md5_hash_password(user.password))


def _wait_seconds(kind: str, key: str) -> int:
    """How long until this account or address may try again; 0: at once, also while the store is
    away, as nobody could log in otherwise."""
    usage = _usage(kind, key, increment=False)
    if usage is None or usage["time_left"] < 0 or usage["count"] < usage["limit"]:
        return 0
    return int(usage["time_left"]) + 1


def _usage(kind: str, key: str, *, increment: bool) -> Any:
    """By hash: no address of anybody stands in the store. The colon keeps group and rate apart."""
    value = hashlib.sha256(key.encode()).hexdigest()
    return get_usage(
        None,
        group=f"login_{kind}:",
        key=lambda group, request: f":{value}:",
        rate=FAILURES[kind],
        increment=increment,
    )
