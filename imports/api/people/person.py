"""One person: look, change, deactivate, activate, invite, and revoke the invitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from imports.api.base import METHODS, OrganisationView
from imports.api.openapi import people as examples
from imports.api.openapi.parts import COMMON_REFUSALS, ORGANISATION, answer, refused
from imports.api.people import values
from imports.api.people.representation import (
    IF_MATCH,
    ChangeSerializer,
    PersonSerializer,
    answer_with,
    etag_header,
    required_version,
)
from users.invitations import lifecycle
from users.models import User
from users.people import changes
from users.people.queries import invitation_of, with_invitation

F = TypeVar("F", bound=Callable[..., Any])
PERSON = OpenApiParameter("user_id", OpenApiTypes.UUID, "path", description="The person.")


class _PersonView(OrganisationView):
    """A call about one person of the organisation."""

    person: User

    def load(self, org_id: UUID, batch_id: UUID | None = None, user_id: Any = None) -> None:
        """Reads the organisation and the person. Raises NotFound, also for platform staff."""
        super().load(org_id)
        self.person = self._read(user_id)

    def _read(self, user_id: Any) -> User:
        people = with_invitation(User.objects.of(self.organisation.id))
        person = people.select_related("organisation").filter(id=user_id).first()
        if person is None:
            raise NotFound("There is no such user.")
        return person

    def answer(self) -> Response:
        """The person as they are now."""
        return answer_with(self._read(self.person.id))


def _documented(
    operation_id: str, summary: str, description: str, *statuses: int
) -> Callable[[F], F]:
    """The OpenAPI description of a POST without a body that answers with the person."""
    documented: Callable[[F], F] = extend_schema(
        operation_id=operation_id,
        tags=["people"],
        summary=summary,
        description=description,
        parameters=[ORGANISATION, PERSON, etag_header(200)],
        request=None,
        responses={
            200: answer(PersonSerializer, "The person.", examples.PERSON),
            **refused(*COMMON_REFUSALS, *statuses, 415),
        },
    )
    return documented


class PersonView(_PersonView):
    """One person."""

    http_method_names = [*METHODS, "patch"]

    @extend_schema(
        operation_id="person",
        tags=["people"],
        summary="One person",
        parameters=[ORGANISATION, PERSON, etag_header(200)],
        responses={
            200: answer(PersonSerializer, "The person.", examples.PERSON),
            **refused(*COMMON_REFUSALS),
        },
    )
    def get(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """The ETag of the answer is what a change has to send as If-Match."""
        return answer_with(self.person)

    @extend_schema(
        operation_id="change_person",
        tags=["people"],
        summary="Change a person",
        description="What is left out stays as it is. The e-mail address can't be changed. With"
        " the ETag of the person as If-Match, nobody overwrites what somebody else has changed"
        " meanwhile: that is 412.",
        parameters=[ORGANISATION, PERSON, IF_MATCH, etag_header(200)],
        request=ChangeSerializer,
        examples=[OpenApiExample("example", examples.CHANGE, request_only=True)],
        responses={
            200: answer(PersonSerializer, "The person.", examples.PERSON),
            **refused(*COMMON_REFUSALS, 409, 412, 415, 428),
        },
    )
    def patch(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """Another role has its effect at the next request of the person."""
        version = required_version(request, self.person)
        changed = values.of_change(request.data)
        changes.change(self.person, by=self.user, values=changed, version=version)
        return self.answer()


class DeactivateView(_PersonView):
    """Takes the right to log in."""

    @_documented(
        "deactivate_person",
        "Deactivate a person",
        "Sessions, tokens and API keys of the person stop working at once, and an open invitation"
        " is revoked. Deactivating again changes nothing.",
        409,
    )
    def post(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """Deactivates the person."""
        changes.deactivate(self.person, by=self.user)
        return self.answer()


class ActivateView(_PersonView):
    """Gives the right to log in back."""

    @_documented(
        "activate_person",
        "Activate a person",
        "The person can log in again. Activating again changes nothing.",
    )
    def post(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """Activates the person."""
        changes.activate(self.person, by=self.user)
        return self.answer()


class InviteView(_PersonView):
    """Invites a person, or invites them again."""

    @_documented(
        "invite_person",
        "Invite a person, or invite them again",
        "An e-mail is sent in the background. The link of an invitation of before is void. While an"
        " e-mail waits to be sent, inviting again changes nothing.",
        409,
    )
    def post(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """Invites the person."""
        lifecycle.invite(self.person, by=self.user)
        return self.answer()


class RevokeInvitationView(_PersonView):
    """Revokes the invitation of a person."""

    @_documented(
        "revoke_invitation",
        "Revoke the invitation of a person",
        "The link is void, and an e-mail that waits is not sent. Revoking again changes nothing.",
        409,
    )
    def post(self, request: Request, org_id: UUID, user_id: UUID) -> Response:
        """Revokes the invitation."""
        invitation = invitation_of(self.person)
        if invitation is None:
            raise lifecycle.NoOpenInvitation
        lifecycle.revoke(invitation, by=self.user)
        return self.answer()
