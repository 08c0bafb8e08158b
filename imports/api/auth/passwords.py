"""Getting a new password by e-mail, and changing the own password."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import authenticate, update_session_auth_hash
from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import NotAllowed
from core.requests.client_ip import client_ip
from imports.api.auth.base import (
    RETRY_AFTER,
    Email,
    PublicView,
    Said,
    Tokens,
    errors_of,
    mail_is_on_its_way,
    password_field,
    uncached,
)
from imports.api.base import METHODS, validated
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, refused
from users.accounts import mail_requests, password_reset
from users.credentials import passwords, tokens
from users.models import ApiKey, User


class NewPassword(serializers.Serializer[Any]):
    """What the link of the e-mail holds (`/password/reset/<user_id>/<token>`), and a password."""

    user_id = serializers.UUIDField()
    token = serializers.CharField(max_length=200)
    password = password_field()


class PasswordChange(serializers.Serializer[Any]):
    """The current password, and a new one."""

    current_password = password_field()
    password = password_field()


class PasswordResetView(PublicView):
    """An e-mail with a link to a new password."""

    @extend_schema(
        operation_id="reset_password",
        tags=["auth"],
        summary="Ask for an e-mail with a link to a new password",
        request=Email,
        responses={
            202: answer(Said, "The same for every e-mail address.", examples.MAIL_SENT),
            **refused(400, 415, 429, 503),
        },
        parameters=RETRY_AFTER,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """The answer does not tell whether there is such an account."""
        sent = validated(Email(data=request.data))
        mail_requests.request_password_reset(sent["email"], client_ip(request))
        return mail_is_on_its_way()


class PasswordConfirmView(PublicView):
    """A new password, by the link of an e-mail."""

    @extend_schema(
        operation_id="confirm_password",
        tags=["auth"],
        summary="Set a new password by the link of an e-mail",
        request=NewPassword,
        responses={
            204: OpenApiResponse(description="The password is set. Log in with it."),
            **refused(400, 415, 503),
        },
        examples=[OpenApiExample("example", examples.NEW_PASSWORD, request_only=True)],
        auth=[],
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """All sessions and tokens of the user end."""
        sent = validated(NewPassword(data=request.data))
        with errors_of("password"):
            password_reset.set_password(**sent)
        return Response(status=204)


class PasswordChangeView(APIView):
    """Another password for the own account."""

    http_method_names = METHODS

    @extend_schema(
        operation_id="change_password",
        tags=["auth"],
        summary="Change the own password",
        request=PasswordChange,
        responses={
            200: answer(Tokens, "New tokens. All others have ended.", examples.TOKENS),
            **refused(400, 401, 403, 406, 415, 429, 503),
        },
        parameters=RETRY_AFTER,
        examples=[OpenApiExample("example", examples.PASSWORD_CHANGE, request_only=True)],
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """The session of the browser that asks goes on. An API key can't change the password."""
        if isinstance(request.auth, ApiKey):
            raise NotAllowed("An API key can't change the password of its user.")
        user = cast(User, request.user)
        sent = validated(PasswordChange(data=request.data))
        current = authenticate(request, email=user.email, password=sent["current_password"])
        if current != user:
            raise ValidationError({"current_password": ["This is not your current password."]})
        with errors_of("password"), transaction.atomic():
            passwords.change(user, sent["password"])
        if request.auth is None:  # a session
            update_session_auth_hash(request._request, user)
        return uncached(tokens.pair(user))
