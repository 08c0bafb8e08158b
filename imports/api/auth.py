"""Logging in, refreshing tokens, and who the client is."""

from __future__ import annotations

from typing import Any, cast

from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from imports.api.authentication import CHALLENGE
from imports.api.base import METHODS, validated
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, header, refused
from users.credentials import tokens
from users.models import User
from users.rights.roles import Role


class Credentials(serializers.Serializer[Any]):
    """The e-mail address and the password of a user."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class Refresh(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4000)


class Tokens(serializers.Serializer[Any]):
    """A pair of tokens."""

    access = serializers.CharField(help_text="For the Authorization header. Valid for 15 minutes.")
    refresh = serializers.CharField(help_text="For one new pair of tokens. Valid for 7 days.")


class MyOrganisation(serializers.Serializer[Any]):
    """The organisation that a user belongs to."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class Me(serializers.Serializer[Any]):
    """The authenticated user."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    organization = MyOrganisation(allow_null=True, help_text="null for platform staff.")


class PublicView(APIView):
    """A call without authentication."""

    http_method_names = METHODS
    authentication_classes = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        """WWW-Authenticate of a 401. Without it DRF would answer 403 instead."""
        return CHALLENGE


class TokenView(PublicView):
    """Tokens for an e-mail address and a password."""

    @extend_schema(
        operation_id="log_in",
        tags=["auth"],
        summary="Log in",
        request=Credentials,
        responses={
            200: answer(Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 401, 415, 429, 503),
        },
        parameters=[header("Retry-After", "Seconds until the next attempt is possible.", [429])],
        examples=[OpenApiExample("example", examples.CREDENTIALS, request_only=True)],
        auth=[],
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Attempts that fail are limited, for the account and for the client's network."""
        sent = validated(Credentials(data=request.data))
        pair = tokens.log_in(request, **sent)
        if pair is None:
            raise AuthenticationFailed(
                "No active account has this e-mail address and password.", code="login_failed"
            )
        return _uncached(pair)


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
        return _uncached(pair)


class MeView(APIView):
    """The authenticated user."""

    http_method_names = METHODS

    @extend_schema(
        operation_id="me",
        tags=["auth"],
        summary="Who am I?",
        responses={
            200: answer(Me, "The user of the token, key or session.", examples.ME),
            **refused(401, 406, 503),
        },
    )
    def get(self, request: Request) -> Response:
        """The user, and their organisation (null for platform staff)."""
        user = cast(User, request.user)
        organisation = user.organisation
        return Response(
            {
                "id": user.id,
                "email": user.email,
                "role": user.role,
                "organization": organisation and {"id": organisation.id, "name": organisation.name},
            }
        )


def _uncached(pair: dict[str, str]) -> Response:
    """An answer that no cache keeps."""
    return Response(pair, headers={"Cache-Control": "no-store"})
