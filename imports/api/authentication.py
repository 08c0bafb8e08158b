"""Authentication by access token, by API key, or by the session of a logged-in browser."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from users.accounts import second_factor
from users.credentials import api_keys, tokens
from users.models import ApiKey, User

CHALLENGE = 'Bearer realm="api"'


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key …`, or `Bearer …` with a key instead of a token."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The user of the key, and the key. None if the header holds no key."""
        words = str(request.META.get("HTTP_AUTHORIZATION", "")).split()
        if len(words) != 2 or not _is_key(*words):
            return None
        key = api_keys.authenticate(words[1])
        if key is None:
            raise AuthenticationFailed(
                "This API key is not valid: it is unknown, revoked or expired, or its user may no"
                " longer log in. An administrator can make a new one.",
                code="api_key_not_valid",
            )
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """WWW-Authenticate of a 401."""
        return CHALLENGE


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with an access token.

    Every request reads the user, so that a token stops working at once when its user or their
    organisation is deactivated, or the user logs out or gets a new password. `request.auth` are the
    claims of the token."""

    def authenticate(self, request: Request) -> tuple[User, tokens.Claims] | None:
        """The user of the token, and what it says. None if there is no such header.

        All reasons to refuse the user get the same answer."""
        words = str(request.META.get("HTTP_AUTHORIZATION", "")).split()
        if not words or words[0].lower() != "bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(
                "The Authorization header must be the word Bearer, a space and one token.",
                code="bad_authorization_header",
            )
        claims = tokens.claims_of(words[1], tokens.ACCESS)
        if claims is None:
            raise AuthenticationFailed(
                "The access token is not valid, or has expired. Get a new one from"
                " POST /api/v1/auth/refresh, or log in again.",
                code="token_not_valid",
            )
        user = tokens.user_of(claims)
        if user is None:
            raise AuthenticationFailed(
                "The access token is no longer valid: its user may no longer log in, has logged out"
                " or has changed the password. Log in again.",
                code="token_not_valid",
            )
        second_factor.refuse_without(user)
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        """WWW-Authenticate of a 401."""
        return CHALLENGE


class BrowserAuthentication(SessionAuthentication):
    """The session of a logged-in browser. Every POST needs a CSRF token."""

    def authenticate(self, request: Request) -> Any:
        """The user of the session. Raises SecondFactorMissing."""
        found = super().authenticate(request)
        if found:
            second_factor.refuse_without(found[0])
        return found

    def enforce_csrf(self, request: Any) -> None:
        """Raises PermissionDenied if the CSRF token is missing or wrong."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            reason = str(error.detail).removeprefix("CSRF Failed: ").rstrip(".")
            raise PermissionDenied(
                f"The CSRF check failed: {reason}. Send the csrftoken cookie's value in the"
                " X-CSRFToken header.",
                code="csrf_failed",
            ) from None


def _is_key(scheme: str, secret: str) -> bool:
    return scheme.lower() == "api-key" or (
        scheme.lower() == "bearer" and secret.startswith(api_keys.PREFIX)
    )
