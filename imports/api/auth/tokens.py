"""Logging in, new tokens for a refresh token, and logging out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests.client_ip import client_ip
from imports.api.auth.base import RETRY_AFTER, Email, PublicView, Tokens, password_field, uncached
from imports.api.base import validated
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, refused
from users.accounts import second_factor
from users.credentials import tokens
from users.models import User


class Credentials(Email):
    """The e-mail address and the password of a user, and the code of a second factor."""

    password = password_field()
    otp = serializers.CharField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text="For accounts with a second factor: the code of the app, or a recovery code.",
    )


class Refresh(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4000)


class TokenView(PublicView):
    """Tokens for an e-mail address and a password."""

    @extend_schema(
        operation_id="log_in",
        tags=["auth"],
        summary="Log in",
        request=Credentials,
        responses={
            200: answer(Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 401, 403, 415, 429, 503),
        },
        parameters=RETRY_AFTER,
        examples=[OpenApiExample("example", examples.CREDENTIALS, request_only=True)],
        auth=[],
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Attempts that fail are limited, for the account and for the client's network."""
        sent = validated(Credentials(data=request.data))
        user = authenticate(request, email=sent["email"], password=sent["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed(
                "No active account has this e-mail address and password.", code="login_failed"
            )
        _check_second_factor(request, user, sent["otp"])
        return uncached(tokens.log_in(request, user))


def _check_second_factor(request: Request, user: User, code: str) -> None:
    """Raises AuthenticationFailed, TooManyLogins and SecondFactorMissing."""
    second_factor.refuse_without(user)
    if not second_factor.is_on(user):
        return
    if not code:
        raise AuthenticationFailed(
            "This account has a second factor. Send the code of your app, or a recovery code, as"
            " `otp`.",
            code="otp_required",
        )
    if not second_factor.check(user, code, client_ip(request)):
        raise AuthenticationFailed(
            "The code of the second factor is not right, or was used before. Wait for the next.",
            code="otp_not_valid",
        )


class RefreshView(PublicView):
    """New tokens for a refresh token."""

    @extend_schema(
        operation_id="refresh",
        tags=["auth"],
        summary="Get a new pair of tokens for a refresh token",
        request=Refresh,
        responses={
            200: answer(Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 401, 415, 503),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """The old refresh token can't be used again."""
        pair = tokens.refresh(validated(Refresh(data=request.data))["refresh"])
        if pair is None:
            raise AuthenticationFailed(
                "The refresh token is not valid, was used before, or has expired. Log in again.",
                code="token_not_valid",
            )
        return uncached(pair)


class LogoutView(PublicView):
    """Ends a login."""

    @extend_schema(
        operation_id="log_out",
        tags=["auth"],
        summary="Log out",
        request=Refresh,
        responses={
            204: OpenApiResponse(description="The login has ended, or had ended before."),
            **refused(400, 401, 415, 503),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """All tokens of this login stop working at once, access tokens too. Other logins stay."""
        if not tokens.log_out(validated(Refresh(data=request.data))["refresh"]):
            raise AuthenticationFailed(
                "This is not a refresh token of this service.", code="token_not_valid"
            )
        return Response(status=204)
