"""Who the client is."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from imports.api.base import METHODS
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, refused
from users.models import User
from users.rights.roles import Role


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
