"""Access and refresh tokens: JSON Web Tokens, signed with SECRET_KEY.

A refresh token belongs to the family of its login (`users.models.refresh_tokens`). Every request
reads the user and the family, so that tokens end at once: after a logout, with another password, or
when the user is deactivated.

PyJWT alone makes and checks them. djangorestframework_simplejwt, which earlier versions used,
stores every refresh token in clear, and knows neither families nor logouts.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth import user_logged_in
from django.db import connection, transaction
from django.db.models import Exists
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from users.models import RefreshTokenFamily, User

ALGORITHM = "HS256"
ACCESS, REFRESH = "access", "refresh"  # the claim `token_type`
LIFETIMES = {ACCESS: timedelta(minutes=15), REFRESH: timedelta(days=7)}
REQUIRED = ["exp", "iat", "jti", "token_type", "user_id"]
Claims = dict[str, Any]


def pair(user: User) -> dict[str, str]:
    """The access token and refresh token of a new login, by the names `access` and `refresh`."""
    refresh_id = _new_id()
    family = RefreshTokenFamily.objects.start(user.id, refresh_id)
    return _pair(user, family.id, refresh_id)


def log_in(request: HttpRequest, user: User) -> dict[str, str]:
    """The tokens of a user who has just proved their identity.

    Sends Django's signal `user_logged_in`, as a login of a browser does."""
    user_logged_in.send(sender=User, request=request, user=user)
    return pair(user)


@transaction.atomic
def refresh(token: str) -> dict[str, str] | None:
    """A new pair of tokens for a refresh token, which can't be used again.

    None if the token is invalid, expired or used. A used one ends its family
    (`RefreshTokenFamily.objects.rotate`)."""
    old = claims_of(token, REFRESH)
    user = user_of(old) if old else None
    if not old or not user or "family" not in old:
        return None
    next_id = _new_id()
    ends_at = RefreshTokenFamily.objects.rotate(old["family"], old["jti"], next_id)
    return _pair(user, old["family"], next_id, ends_at) if ends_at else None


def log_out(token: str) -> bool:
    """Ends the family of a refresh token, and with it all tokens of that login. An older token of
    the family and an expired one will do, too. False if this service never made such a token."""
    claims = claims_of(token, REFRESH, even_if_expired=True)
    if not claims or "family" not in claims:
        return False
    RefreshTokenFamily.objects.end(claims["family"])
    return True


def claims_of(token: str, kind: str, *, even_if_expired: bool = False) -> Claims | None:
    """What a token of this kind says. None if its signature is wrong or its time is over."""
    # `iat` is not compared with the clock: that of another machine may be ahead.
    options: Any = {"require": REQUIRED, "verify_exp": not even_if_expired, "verify_iat": False}
    try:
        claims: Claims = jwt.decode(
            token, settings.SECRET_KEY, algorithms=[ALGORITHM], options=options
        )
    except (jwt.PyJWTError, ValueError):  # ValueError: text that can't be encoded
        return None
    return claims if claims["token_type"] == kind else None


def user_of(claims: Claims) -> User | None:
    """The user of an access or refresh token, with the organisation.

    None if the user may not log in any more, has another password than when the token was made, was
    deactivated since, or has logged out. One query."""
    family_id = claims.get("family") or UUID(int=0)  # that of no family
    family = RefreshTokenFamily.objects.filter(id=family_id).exclude(revoked_at=None)
    users = User.objects.everywhere().select_related("organisation")
    user = users.alias(is_over=Exists(family)).filter(id=claims["user_id"], is_over=False).first()
    if user is None or not user.may_log_in or not _is_of_this_login(claims, user):
        return None
    return user


def purge() -> int:
    """Deletes the families of refresh tokens that have ended. Returns how many it deleted.

    Also empties the table of refresh tokens that versions before 0009 of the migrations left, where
    it exists. A later version drops it: during a deployment the version before still reads it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('token_blacklist_outstandingtoken') IS NOT NULL")
        if cursor.fetchone() == (True,):
            cursor.execute("DELETE FROM token_blacklist_outstandingtoken")
    return RefreshTokenFamily.objects.purge()


def _pair(
    user: User, family_id: UUID | str, refresh_id: str, ends_at: datetime | None = None
) -> dict[str, str]:
    """Both tokens of a family. None of them outlives it."""
    ids = {ACCESS: _new_id(), REFRESH: refresh_id}
    return {kind: _signed(user, kind, ids[kind], family_id, ends_at) for kind in ids}


def _signed(
    user: User, kind: str, token_id: str, family_id: UUID | str, ends_at: datetime | None
) -> str:
    now = timezone.now()
    expires_at = now + LIFETIMES[kind]
    claims = {
        "token_type": kind,
        "exp": min(expires_at, ends_at or expires_at),
        "iat": now,
        "jti": token_id,
        "user_id": str(user.id),
        "family": str(family_id),
        "session": user.get_session_auth_hash(),
        # For the version before, which runs beside this one during a deployment.
        "hash_password": _hash_of_before(user),
    }
    return jwt.encode(claims, settings.SECRET_KEY, algorithm=ALGORITHM)


def _is_of_this_login(claims: Claims, user: User) -> bool:
    """Whether the user has the password that they had when the token was made, and was not
    deactivated since. Tokens of the version before have no claim `session`."""
    if "session" in claims:
        return constant_time_compare(str(claims["session"]), user.get_session_auth_hash())
    is_newer = user.logins_ended_at and claims["iat"] > user.logins_ended_at.timestamp()
    return bool(is_newer or user.logins_ended_at is None) and constant_time_compare(
        str(claims.get("hash_password")), _hash_of_before(user)
    )


def _hash_of_before(user: User) -> str:
    # Of the hash of a password, not of the password: nobody can log in with either.
    return hashlib.md5(user.password.encode(), usedforsecurity=False).hexdigest().upper()


def _new_id() -> str:
    return secrets.token_hex(16)
