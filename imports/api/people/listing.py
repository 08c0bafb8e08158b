"""The people of an organisation: the list, and a new person without a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.characters import find_misplaced
from imports.api.base import OrganisationView
from imports.api.openapi import people as examples
from imports.api.openapi.parts import (
    COMMON_REFUSALS,
    ORGANISATION,
    answer,
    header,
    names_of,
    refused,
)
from imports.api.people import values
from imports.api.people.representation import (
    FILE_ROLES,
    NewPersonSerializer,
    PersonSerializer,
    answer_with,
    etag_header,
)
from users.people import changes, queries
from users.people.orders import SORTS

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
MAX_SEARCH_CHARS = 100
ROLES = tuple(name for name, _ in FILE_ROLES)
YES_NO = {"true": True, "false": False}


def _some_of(names: Collection[str]) -> dict[str, Any]:
    """The schema of a list of names with commas between them."""
    one = "|".join(names)
    return {"type": "string", "pattern": f"^({one})(,({one}))*$"}


def _one_of(names: Collection[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(names)}


FILTERS = [
    OpenApiParameter(
        "search",
        {"type": "string", "maxLength": MAX_SEARCH_CHARS},
        "query",
        description="How the e-mail address, the first name or the last name begins, in any case.",
    ),
    OpenApiParameter(
        "role",
        _some_of(ROLES),
        "query",
        description=f"One of {', '.join(ROLES)}, or several with commas between them.",
    ),
    OpenApiParameter(
        "department", {"type": "string", "maxLength": 100}, "query", description="The whole name."
    ),
    OpenApiParameter(
        "application",
        _one_of(changes.APPLICATIONS),
        "query",
        description="An application that the person may use.",
    ),
    OpenApiParameter(
        "invited",
        _some_of(queries.INVITED),
        "query",
        description="The state of the invitation: one of"
        f" {', '.join(queries.INVITED)}, or several with commas between them.",
    ),
    OpenApiParameter(
        "active", _one_of(YES_NO), "query", description="Whether the person may log in."
    ),
    OpenApiParameter(
        "batch", OpenApiTypes.UUID, "query", description="The import that added the person."
    ),
    OpenApiParameter(
        "sort",
        _one_of(SORTS),
        "query",
        description="With - in front, descending. Names are compared by their code points. Default"
        " email; for a search, by what matches: last names, first names, addresses. People who have"
        " never logged in come last.",
    ),
    OpenApiParameter("cursor", str, "query", description="From `next` of the page before."),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
        "query",
        description=f"Default {PAGE_SIZE}, at most {MAX_PAGE_SIZE}.",
    ),
]


class PeoplePage(serializers.Serializer[Any]):
    """A page of the list. Nothing counts all people."""

    next = serializers.URLField(allow_null=True)
    results = PersonSerializer(many=True)


class PeopleView(OrganisationView):
    """The people of an organisation."""

    query_names: ClassVar = {"GET": names_of(FILTERS)}

    @extend_schema(
        operation_id="people",
        tags=["people"],
        summary="The people of the organisation",
        parameters=[ORGANISATION, *FILTERS],
        responses={
            200: answer(PeoplePage, "A page.", examples.PAGE),
            **refused(*COMMON_REFUSALS),
        },
    )
    def get(self, request: Request, org_id: UUID) -> Response:
        """Platform staff are in no list: they belong to no organisation."""
        query = request.query_params
        page = queries.page_of(
            org_id,
            filters_of(query),
            sort=_choice("sort", query.get("sort"), SORTS),
            cursor=query.get("cursor", ""),
            size=_size(query.get("page_size", "")),
        )
        body = {
            "next": _next_url(request, page.next_cursor),
            "results": PersonSerializer(page.people, many=True).data,
        }
        return Response(body, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="add_person",
        tags=["people"],
        summary="Add a person without a file, and invite them",
        description="The values follow the rules for a row in a file. An address that is taken in"
        " another organisation is refused without telling so.",
        parameters=[
            ORGANISATION,
            header("Location", "The URL of the person.", [201], OpenApiTypes.URI_REF),
            etag_header(201),
        ],
        request=NewPersonSerializer,
        examples=[OpenApiExample("example", examples.NEW, request_only=True)],
        responses={
            201: answer(PersonSerializer, "The person.", examples.PERSON),
            **refused(*COMMON_REFUSALS, 409, 415),
        },
    )
    def post(self, request: Request, org_id: UUID) -> Response:
        """Adds a person. With `send_invitation`, which is the default, an e-mail is sent."""
        given = values.of_new_person(request.data)
        is_invited = given.pop(values.INVITE)
        person = changes.add(
            organisation=self.organisation, by=self.user, values=given, invite=is_invited
        )
        url = reverse("person", kwargs={"org_id": org_id, "user_id": person.id})
        return answer_with(person, status=201, Location=url)


def filters_of(query: Mapping[str, str]) -> queries.Filters:
    """The filters of a URL. Raises ValidationError."""
    active = _choice("active", query.get("active"), YES_NO)
    return queries.Filters(
        search=_text("search", query.get("search", "")).strip(),
        role=_choices("role", query.get("role", ""), ROLES),
        department=_text("department", query["department"]) if "department" in query else None,
        application=_choice("application", query.get("application"), changes.APPLICATIONS),
        invited=_choices("invited", query.get("invited", ""), queries.INVITED),
        active=None if active is None else YES_NO[active],
        batch=_uuid("batch", query["batch"]) if query.get("batch") else None,
    )


def _next_url(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _text(name: str, text: str) -> str:
    if len(text) > MAX_SEARCH_CHARS:
        raise _wrong(name, f"Send at most {MAX_SEARCH_CHARS} characters.")
    if find_misplaced(text):
        raise _wrong(name, "Send a text without control characters.")
    return text


def _choice(name: str, value: str | None, allowed: Collection[str]) -> str | None:
    if not value:
        return None
    if value not in allowed:
        raise _wrong(name, f"{value[:50]!r} is not allowed; send one of {', '.join(allowed)}.")
    return value


def _choices(name: str, text: str, allowed: Collection[str]) -> tuple[str, ...]:
    given = [one.strip() for one in text.split(",") if one.strip()]
    return tuple(one for one in given if _choice(name, one, allowed))


def _size(text: str) -> int:
    if not text:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MAX_PAGE_SIZE):
        raise _wrong("page_size", f"Send a number from 1 to {MAX_PAGE_SIZE}.")
    return int(text)


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _wrong(name, "Send the id of an import.") from None


def _wrong(name: str, sentence: str) -> ValidationError:
    return ValidationError({name: [sentence]})
