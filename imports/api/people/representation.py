"""A person as JSON, and the ETag that protects a change."""

from __future__ import annotations

from typing import Any

from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from imports.api.openapi.parts import header
from imports.schema.fields import FIELDS
from users.models import Invitation, User
from users.people.changes import EDITABLE, version_of
from users.people.queries import INVITED, NOT_INVITED, invitation_of
from users.people.refusals import PersonChanged, VersionRequired
from users.rights.roles import Role

FILE_ROLES = [(role.value, role.label) for role in Role if role != Role.SUPER_ADMIN]
STATES = [(state, state) for state in INVITED if state != NOT_INVITED]


class InvitationSerializer(serializers.Serializer[Any]):
    """The invitation of a person."""

    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField(help_text="Why it failed or came back.")
    sent_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)


class PersonSerializer(serializers.ModelSerializer[User]):
    """A person of the organisation."""

    # The fields describe the answer in the OpenAPI document. `to_representation` makes it.
    role = serializers.ChoiceField(choices=FILE_ROLES)
    batch_id = serializers.UUIDField(allow_null=True, help_text="The import that added them.")
    invitation = InvitationSerializer(allow_null=True, help_text="null: never invited.")

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            *EDITABLE,
            "is_active",
            "last_login",
            "created_at",
            "updated_at",
            "batch_id",
            "invitation",
        ]
        read_only_fields = fields

    def to_representation(self, person: User) -> dict[str, Any]:
        """The answer. `queries.with_invitation` has read the invitation along."""
        invitation = invitation_of(person)
        computed = {
            "batch_id": person.import_batch_id,
            "invitation": invitation and invitation_as_json(invitation),
        }
        return {
            name: computed[name] if name in computed else getattr(person, name)
            for name in self.Meta.fields
        }


def invitation_as_json(invitation: Invitation) -> dict[str, Any]:
    """An invitation. One that is being sent at this moment counts as pending."""
    status = Invitation.Status
    is_sending = invitation.status == status.SENDING
    return {
        "state": status.PENDING.value if is_sending else str(invitation.state),
        "reason": invitation.reason,
        "sent_at": invitation.sent_at,
        "expires_at": invitation.expires_at,
        "accepted_at": invitation.accepted_at,
    }


def _text(name: str) -> Any:
    field = FIELDS[name]
    return serializers.CharField(
        required=False, allow_blank=not field.required, max_length=field.max_chars
    )


class ChangeSerializer(serializers.Serializer[Any]):
    """What can be changed of a person. What is left out stays as it is."""

    first_name = _text("first_name")
    last_name = _text("last_name")
    role = serializers.ChoiceField(choices=FILE_ROLES, required=False)
    department = _text("department")
    location = _text("location")
    phone = _text("phone")
    market_edge_access = serializers.BooleanField(required=False)
    causal_edge_access = serializers.BooleanField(required=False)
    value_edge_access = serializers.BooleanField(required=False)


class NewPersonSerializer(ChangeSerializer):
    """A new person. The rules for the values are those of a row in a file."""

    email = serializers.CharField(max_length=254)
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    send_invitation = serializers.BooleanField(
        required=False, help_text="Default true: an invitation is sent by e-mail."
    )


IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, "header", required=True, description="The ETag of the person."
)


def etag_header(*statuses: int) -> OpenApiParameter:
    """The header that answers with a person have."""
    return header("ETag", "For If-Match of the next change.", list(statuses), OpenApiTypes.STR)


def answer_with(person: User, *, status: int = 200, **headers: str) -> Response:
    """A person, with the ETag."""
    etag = {"ETag": f'"{version_of(person)}"', "Cache-Control": "no-store"}
    return Response(PersonSerializer(person).data, status=status, headers=etag | headers)


def required_version(request: Request, person: User) -> str | None:
    """The version that If-Match names; None for `*`. Raises VersionRequired, and PersonChanged if
    it is not the one of the person.

    A proxy that compresses answers makes an ETag weak (W/), so a weak one is taken as well."""
    given = request.headers.get("If-Match", "")
    tags = parse_etags(given)
    if not tags:
        if given:
            raise PersonChanged
        raise VersionRequired
    if tags == ["*"]:
        return None
    versions = [tag.removeprefix("W/").strip('"') for tag in tags]
    current = version_of(person)
    if current not in versions:
        raise PersonChanged
    return current
