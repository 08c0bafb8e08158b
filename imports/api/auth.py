"""Logging in, and who one is."""

from __future__ import annotations

from typing import Any, cast

from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.client_ip import client_ip
from imports.api import serializers
from imports.api.authentication import CHALLENGE
from imports.api.base import METHODS
from imports.api.openapi import calls
from users import tokens
from users.models import User


class PublicView(APIView):
    """A call without authentication, whose refusals are 401 all the same."""

    http_method_names = METHODS
    authentication_classes = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return CHALLENGE


@calls.token
class TokenView(PublicView):
    """Address and password -> tokens."""

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Wrong ones are counted for the account and the address they come from."""
        sent = _checked(serializers.Credentials(data=request.data))
        pair = tokens.log_in(**sent, ip=client_ip(request))
        if pair is None:
            raise AuthenticationFailed(
                "No active account has this e-mail address and password.", code="login_failed"
            )
        return _secret(pair)


@calls.refresh
class RefreshView(PublicView):
    """A refresh token -> new tokens."""

    def post(self, request: Request) -> Response:
        """The old refresh token can't be used again."""
        pair = tokens.refresh(_checked(serializers.Refresh(data=request.data))["refresh"])
        if pair is None:
            raise AuthenticationFailed(
                "The refresh token is not valid, was used before, or has expired. Log in again.",
                code="token_not_valid",
            )
        return _secret(pair)


@calls.me
class MeView(APIView):
    """Who is asking."""

    http_method_names = METHODS

    def get(self, request: Request) -> Response:
        """The user, and the organisation whose users they may import (null: platform staff)."""
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


def _checked(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _secret(pair: dict[str, str]) -> Response:
    return Response(pair, headers={"Cache-Control": "no-store"})
