"""The link of an invitation: look at it, accept it, ask for a new one."""

from __future__ import annotations

from typing import Any

from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

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
from imports.api.auth.me import MyOrganisation
from imports.api.base import validated
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, refused
from users.accounts import mail_requests
from users.credentials import tokens
from users.invitations import acceptance

STATES = sorted({acceptance.OPEN, *acceptance.WHY} - {acceptance.UNFIT})


class InvitationToken(serializers.Serializer[Any]):
    """The last part of the link in the e-mail."""

    token = serializers.CharField(max_length=200)


class Acceptance(InvitationToken):
    """The token, and the password that the user chooses."""

    password = password_field()


class InvitationSeen(serializers.Serializer[Any]):
    """An invitation, for somebody who has its link."""

    state = serializers.ChoiceField(choices=STATES, help_text="Only an `open` one can be accepted.")
    detail = serializers.CharField(
        allow_blank=True, help_text="Why it can't be accepted, in a sentence. Empty if it can."
    )
    email = serializers.CharField(allow_null=True)
    organization = MyOrganisation(allow_null=True)


class InvitationView(PublicView):
    """What an invitation is about."""

    @extend_schema(
        operation_id="look_at_invitation",
        tags=["auth"],
        summary="Look at an invitation",
        request=InvitationToken,
        responses={
            200: answer(InvitationSeen, "The invitation.", examples.INVITATION),
            **refused(400, 404, 415, 503),
        },
        examples=[OpenApiExample("example", examples.INVITATION_TOKEN, request_only=True)],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Changes nothing. It is a POST so that the token is in no address."""
        found = acceptance.find(validated(InvitationToken(data=request.data))["token"])
        if found.id is None:
            raise acceptance.UnknownInvitation
        organisation = found.user and found.user.organisation
        return uncached(
            {
                "state": found.state,
                "detail": found.why,
                "email": found.user and found.user.email,
                "organization": organisation and {"id": organisation.id, "name": organisation.name},
            }
        )


class InvitationAcceptView(PublicView):
    """Accepts an invitation."""

    @extend_schema(
        operation_id="accept_invitation",
        tags=["auth"],
        summary="Accept an invitation",
        request=Acceptance,
        responses={
            200: answer(Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 404, 409, 415, 503),
        },
        examples=[OpenApiExample("example", examples.ACCEPTANCE, request_only=True)],
        auth=[],
    )
    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Sets the password and logs in. An invitation can be accepted once."""
        sent = validated(Acceptance(data=request.data))
        found = acceptance.find(sent["token"])
        if found.id is None:
            raise acceptance.UnknownInvitation
        with errors_of("password"):
            user = acceptance.accept(found.id, found.generation, sent["password"])
        return uncached(tokens.log_in(request, user))


class InvitationRenewView(PublicView):
    """A new link in place of one that is no longer valid."""

    @extend_schema(
        operation_id="renew_invitation",
        tags=["auth"],
        summary="Ask for a new invitation",
        request=Email,
        responses={
            202: answer(Said, "The same for every e-mail address.", examples.MAIL_SENT),
            **refused(400, 415, 429, 503),
        },
        parameters=RETRY_AFTER,
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Only somebody who was invited and has not accepted yet gets an e-mail. The answer does
        not tell."""
        sent = validated(Email(data=request.data))
        mail_requests.request_invitation(sent["email"], client_ip(request))
        return mail_is_on_its_way()
