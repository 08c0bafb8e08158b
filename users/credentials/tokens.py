"""Access and refresh tokens (JSON Web Tokens, by simplejwt)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import authenticate, user_logged_in
from django.db import connection, transaction
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from users.models import RefreshTokenFamily, User


def log_in(request: HttpRequest, email: str, password: str) -> dict[str, str] | None:
    """A new pair of tokens. None if the e-mail address or the password is wrong or the account
    is not active; callers can't tell which.

    Sends Django's signal `user_logged_in`, as a login at the admin site does. Raises TooManyLogins
    (`users.credentials.login_limits`)."""
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        return None
    user_logged_in.send(sender=User, request=request, user=user)
    return pair(user)


class RefreshToken(Token):
    """A refresh token. Its claim `family` names the row of `refresh_token_families`.

    simplejwt's own class stores every token in clear."""

    token_type = "refresh"  # noqa: S105
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME


def pair(user: User) -> dict[str, str]:
    """The access token and refresh token of a new login, by the names `access` and `refresh`."""
    token = RefreshToken.for_user(user)
    family = RefreshTokenFamily.objects.start(user.id, token["jti"])
    return _signed(user, token, family.id)


@transaction.atomic
def refresh(token: str) -> dict[str, str] | None:
    """A new pair of tokens for a refresh token, which can't be used again.

    None if the token is invalid, expired or used. A used one ends its family
    (`RefreshTokenFamily.objects.rotate`). Access tokens stay valid until they expire."""
    try:
        old = RefreshToken(token)  # type: ignore[arg-type]
    except TokenError:
        return None
    user = user_of(old)
    if user is None or "family" not in old:
        return None
    new = RefreshToken.for_user(user)
    ends_at = RefreshTokenFamily.objects.rotate(old["family"], old["jti"], new["jti"])
    if ends_at is None:
        return None
    new["exp"] = min(new["exp"], int(ends_at.timestamp()))
    return _signed(user, new, old["family"])


def _signed(user: User, token: RefreshToken, family_id: UUID | str) -> dict[str, str]:
    token["family"] = str(family_id)
    return {"access": str(AccessToken.for_user(user)), "refresh": str(token)}


def purge() -> int:
    """Deletes the families of refresh tokens that have ended. Returns how many it deleted.

    Also empties simplejwt's table. It holds refresh tokens in clear that versions before 0009 of
    the migrations made, and which no longer work."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM token_blacklist_outstandingtoken")
    return RefreshTokenFamily.objects.purge()


def user_of(token: Token) -> User | None:
    """The user of an access or refresh token, with the organisation.

    None if the user may not log in any more, or has another password than when the token was
    made."""
    claims = token.payload
    users = User.objects.everywhere().select_related("organisation")
    user = users.filter(id=str(claims.get(api_settings.USER_ID_CLAIM))).first()
    if user is None or not user.may_log_in:
        return None
    password: Any = claims.get(api_settings.REVOKE_TOKEN_CLAIM)
    return user if password == get_md5_hash_password(user.password) else None
