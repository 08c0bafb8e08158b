"""Parts of the OpenAPI document that several calls share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from core.problems import MEDIA_TYPE, TITLES, TYPE
from imports.api.openapi.problems import PROBLEMS

CSV = {"type": "string", "contentMediaType": "text/csv"}
POSITIVE_INTEGER = {"type": "integer", "minimum": 1}
REASONS = {
    400: "The request, or the file as a whole, is not valid. `code` says what is wrong.",
    401: "The token is missing, not valid or expired.",
    403: "Your role does not allow it, the organisation is not active, uploads are blocked, or the"
    " CSRF token is missing.",
    404: "It does not exist, or it belongs to another organisation.",
    406: "This call can't answer with any media type of the Accept header.",
    409: "The state of the import, of the staged file or of the person does not allow it.",
    412: "The person has changed since the ETag of If-Match.",
    413: "The file is larger than MAX_FILE_SIZE.",
    415: "This call does not take a body of this Content-Type.",
    422: "This Idempotency-Key came with another file or other options before.",
    428: "If-Match is missing.",
    429: "Too many requests. Retry-After says when the next one is possible, to the second.",
    503: "Importing is switched off, or the database is unavailable.",
    507: "The staged files of the organisation take up all the space that they may. `free_at` says"
    " from when on there is enough room for this file.",
}
# What every call below /organizations/{org_id} may answer.
COMMON_REFUSALS = (400, 401, 403, 404, 406, 503)

ORGANISATION = OpenApiParameter(
    "org_id", OpenApiTypes.UUID, "path", description="The organisation."
)
BATCH = OpenApiParameter("batch_id", OpenApiTypes.UUID, "path", description="The import.")


class ProblemError(serializers.Serializer[Any]):
    """One value that is not valid."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457). Some problems have more members."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="For programs. It never changes.")
    errors = ProblemError(many=True, required=False)  # type: ignore[assignment]


# --- authentication ---------------------------------------------------------------------------


class _ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = (
            "`Authorization: Api-Key mek_…`. For scripts. Administrators make keys in the admin;"
            " each is for one organisation."
        )
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": text}


class _TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = "The `access` token of POST /api/v1/auth/token. It is valid for 15 minutes."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = (
            "The session of a logged-in browser. Every POST needs the value of the `csrftoken`"
            " cookie in X-CSRFToken."
        )
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": text}


# --- parameters -------------------------------------------------------------------------------


def page_parameters(*, page_size: int, max_page_size: int) -> list[OpenApiParameter]:
    """The query parameters of a list that comes in pages."""
    size_text = f"Default {page_size}, at most {max_page_size}."
    return [
        OpenApiParameter("page", POSITIVE_INTEGER, "query", description="The first page is 1."),
        OpenApiParameter("page_size", POSITIVE_INTEGER, "query", description=size_text),
    ]


def names_of(parameters: Iterable[OpenApiParameter]) -> tuple[str, ...]:
    """The names of parameters, so that a view allows exactly those that it documents."""
    return tuple(parameter.name for parameter in parameters)


# --- answers ----------------------------------------------------------------------------------


def refused(*statuses: int) -> dict[Any, Any]:
    """The problem details of each of these statuses."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            Problem,
            description=REASONS[status],
            examples=[_problem(status, code, text) for code, text in PROBLEMS[status]],
        )
        for status in sorted(set(statuses))
    }


def _problem(status: int, code: str, detail: str) -> OpenApiExample:
    body = {
        "type": TYPE + code,
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
    }
    return OpenApiExample(code, body, media_type=MEDIA_TYPE, status_codes=[str(status)])


def answer(serializer: Any, text: str, example: Any) -> OpenApiResponse:
    """An answer of a call, with an example."""
    return OpenApiResponse(
        serializer, description=text, examples=[OpenApiExample("example", example)]
    )


def csv_file(text: str) -> OpenApiResponse:
    """An answer that is a CSV file."""
    return OpenApiResponse(CSV, description=text)


def header(
    name: str, text: str, statuses: list[int], type_: Any = OpenApiTypes.INT
) -> OpenApiParameter:
    """A header of the answers with one of these statuses."""
    return OpenApiParameter(name, type_, "header", description=text, response=statuses)


def limit_headers(*statuses: int) -> list[OpenApiParameter]:
    """The headers about the quota, which every answer to an upload has."""
    every = list(statuses)
    return [
        header("X-RateLimit-Limit", "Uploads allowed by the limit with the least left.", every),
        header("X-RateLimit-Remaining", "Uploads left of that limit.", every),
        header("X-RateLimit-Reset", "When that limit resets, in seconds since 1970.", every),
        header("Retry-After", "Seconds until the next upload is possible.", [429]),
    ]


def share_refusals(result: Any, generator: Any, request: Any, public: Any) -> Any:
    """A post-processing hook of drf-spectacular: equal refusals become one shared component."""
    shared: dict[str, Any] = {}
    names: dict[str, str] = {}
    for path in result["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if MEDIA_TYPE in response.get("content", {}):
                    key = json.dumps(response, sort_keys=True)
                    title = TITLES[int(status)].replace(" ", "").replace("-", "")
                    kind = "Upload" if "headers" in response else ""
                    name = names.setdefault(key, kind + title)
                    shared[name] = response
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    result["components"]["responses"] = dict(sorted(shared.items()))
    return result
