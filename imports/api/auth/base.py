"""What the calls share: a base class for those without authentication, and their parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from imports.api.authentication import CHALLENGE
from imports.api.base import METHODS
from imports.api.openapi.parts import header
from users.accounts import mail_requests

# For descriptions of the calls that are limited.
RETRY_AFTER: list[OpenApiParameter] = [
    header("Retry-After", "Seconds until the next attempt is possible.", [429])
]


class Email(serializers.Serializer[Any]):
    """An e-mail address."""

    email = serializers.CharField(max_length=254)


class Tokens(serializers.Serializer[Any]):
    """A pair of tokens."""

    access = serializers.CharField(help_text="For the Authorization header. Valid for 15 minutes.")
    refresh = serializers.CharField(help_text="For one new pair of tokens. Valid for 7 days.")


class Said(serializers.Serializer[Any]):
    """A sentence for people."""

    detail = serializers.CharField()


class PublicView(APIView):
    """A call without authentication."""

    http_method_names = METHODS
    authentication_classes = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        """WWW-Authenticate of a 401. Without it DRF would answer 403 instead."""
        return CHALLENGE


def password_field() -> serializers.CharField:
    """A field for a password, which is taken as it is. It has a limit, as hashing takes time."""
    return serializers.CharField(max_length=1000, trim_whitespace=False)


def uncached(body: Any, status: int = 200) -> Response:
    """An answer that no cache keeps."""
    return Response(body, status=status, headers={"Cache-Control": "no-store"})


def mail_is_on_its_way() -> Response:
    """The same answer whether the account exists or not."""
    return uncached({"detail": mail_requests.ANSWER}, 202)


@contextmanager
def errors_of(field: str) -> Iterator[None]:
    """What is wrong with a password is an error of this field: 400 `invalid`."""
    try:
        yield
    except DjangoValidationError as error:
        raise ValidationError({field: error.messages}, code="password_too_weak") from None
