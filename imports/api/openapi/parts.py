"""Parts of the OpenAPI document: who asks, how answers and refusals are told."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from core.problems import MEDIA_TYPE, TITLES, TYPE
from imports.api import answers
from imports.api.openapi import examples

CSV = {"type": "string", "contentMediaType": "text/csv"}
REASONS = {
    400: "The request, or the file as a whole, is not as it must be; `code` says what it is.",
    401: "No token, or one that is not valid (any more).",
    403: "Your role does not allow it, the organisation is not active, uploads are blocked, or the"
    " CSRF token is missing.",
    404: "There is no such thing, or it is another organisation's.",
    406: "The Accept header names nothing that this call can answer with.",
    409: "The import is in a status that does not allow it.",
    413: "The file is larger than MAX_FILE_SIZE.",
    415: "The body is of a kind that this call does not take.",
    422: "This Idempotency-Key came with another file before.",
    429: "Too many for now; Retry-After says when, to the second.",
    503: "Importing is switched off, or the database is away.",
}


# --- who asks ---------------------------------------------------------------------------------


class _ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = (
            "`Authorization: Api-Key mek_…`. For scripts; made in the admin, for one organisation."
        )
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": text}


class _TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = "The `access` token of POST /api/v1/auth/token, good for 15 minutes."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "imports.api.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        text = (
            "A logged-in browser. Every POST needs the `csrftoken` cookie's value in X-CSRFToken."
        )
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": text}


# --- answers ----------------------------------------------------------------------------------


def refused(*statuses: int) -> dict[Any, Any]:
    """Problem details for each status."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            answers.Problem,
            description=REASONS[status],
            examples=[_problem(status, code, text) for code, text in examples.PROBLEMS[status]],
        )
        for status in sorted(statuses)
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
    """What a call answers, with an example."""
    return OpenApiResponse(
        serializer, description=text, examples=[OpenApiExample("example", example)]
    )


def csv_file(text: str) -> OpenApiResponse:
    """A call that answers with a file."""
    return OpenApiResponse(CSV, description=text)


def header(name: str, text: str, statuses: list[int], type_: Any = OpenApiTypes.INT) -> Any:
    """A header of some answers."""
    return OpenApiParameter(name, type_, "header", description=text, response=statuses)


def limit_headers(*statuses: int) -> list[Any]:
    """Those of the answers to an upload."""
    every = list(statuses)
    return [
        header("X-RateLimit-Limit", "What the tightest limit allows.", every),
        header("X-RateLimit-Remaining", "What is left of it.", every),
        header("X-RateLimit-Reset", "When it begins anew: seconds since 1970.", every),
        header("Retry-After", "Seconds until the next upload is possible.", [429]),
    ]


def share_refusals(result: Any, generator: Any, request: Any, public: Any) -> Any:
    """Spectacular's post-processing: refusals that are the same everywhere are told once."""
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
