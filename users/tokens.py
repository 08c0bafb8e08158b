"""Access and refresh tokens (JSON Web Tokens, by simplejwt)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, user_logged_in
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from users.models import User


def log_in(request: HttpRequest, email: str, password: str) -> dict[str, str] | None:
    """A new pair of tokens. None where the e-mail address or the password is wrong or the account
    is not active; callers can't tell which.

    Sends Django's signal `user_logged_in`, as a login at the admin site does. Raises TooManyLogins
    (`users.login_limits`)."""
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        return None
    user_logged_in.send(sender=User, request=request, user=user)
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
