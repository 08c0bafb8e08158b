"""Error answers of the API as problem details (RFC 9457).

`detail` is a sentence for people. `code` is for programs and never changes. `handle` is the
exception handler of DRF. `core.error_handlers` calls `not_found`, `bad_request`, `forbidden` and
`server_error` for errors that occur outside a view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db.utils import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.settings import api_settings

from core.errors import NotFound, Refusal

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:marketedge:problem:"
DATABASE_RETRY_SECONDS = 5  # Retry-After while the database is unavailable
REFUSAL_RETRY_SECONDS = 60  # Retry-After of a refusal with status 503
# Not taken from http.HTTPStatus, whose phrases differ between versions of Python.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}

# Exceptions of DRF and Django, with status, code and sentence. The first entry that matches is
# used. If its sentence is empty, the answer has the message of the exception.
KNOWN_ERRORS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (exceptions.NotAuthenticated, 401, "not_authenticated", "Log in first: send an access token"
     " (POST /api/v1/auth/token gives one) or an API key in the Authorization header."),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", ""),
    (exceptions.NotAcceptable, 406, "not_acceptable", "The Accept header allows no media type"
     " that this URL can answer with. Ask for application/json."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", "The Content-Type of the body"
     " is not supported here. Send a file as multipart/form-data, in the form field 'file', and"
     " everything else as application/json."),
    (RequestDataTooBig, 413, "request_too_large", "The request is too large: its form fields may"
     " have 256 KiB together. Send a file in the form field 'file'."),
    (TooManyFilesSent, 400, "too_many_files", "Send one file at a time."),
    (TooManyFieldsSent, 400, "too_many_fields", "The form has too many fields."),
    (UnreadablePostError, 400, "upload_incomplete", "The request ended too early. Send it again."),
    (SuspiciousOperation, 400, "bad_request", "The request is malformed."),
    (OperationalError, 503, "database_unavailable", "The database is unavailable at the moment."
     " Nothing was changed. Try again in a few seconds."),
    (InterfaceError, 503, "database_unavailable", "The database is unavailable at the moment."
     " Nothing was changed. Try again in a few seconds."),
)  # fmt: skip


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """An answer in the form of problem details. `code` is a stable name for programs, such as
    `not_found`. `detail` is a sentence. `facts` become further members of the JSON object."""
    body = {
        **(facts or {}),
        "type": TYPE + code,
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
    }
    response = JsonResponse(body, status=status, headers=headers, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The exception handler of DRF. Gives None for an unexpected exception. Django then logs it,
    and `server_error` answers.

    Returns a plain Django response, so that the view's renderer (text/csv) does not render it."""
    if isinstance(error, Http404):
        error = NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, Refusal):
        return from_refusal(error)
    for kind, status, code, detail in KNOWN_ERRORS:
        if isinstance(error, kind):
            return _known_error(error, status, code, detail)
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return problem(error.status_code, _code(error), _sentence(error), headers=_headers(error))
    return None


def from_refusal(refusal: Refusal) -> JsonResponse:
    """The answer to a refusal of our own."""
    headers = refusal.headers()
    if refusal.status == 503:
        headers = {"Retry-After": str(REFUSAL_RETRY_SECONDS), **headers}
    return problem(
        refusal.status, refusal.code, refusal.detail, headers=headers, facts=refusal.facts
    )


def _known_error(error: Exception, status: int, code: str, detail: str) -> JsonResponse:
    headers = _headers(error)
    if status == 503:
        log.error("api_database_fault", fault=type(error).__name__)
        headers["Retry-After"] = str(DATABASE_RETRY_SECONDS)
    return problem(status, code, detail or _sentence(error), headers=headers)


def _invalid(error: exceptions.ValidationError) -> JsonResponse:
    """Invalid values: `detail` names the first one, `errors` lists all."""
    found = list(_flat(error.get_full_details(), ()))
    first = found[0]
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(400, "invalid", detail, facts={"errors": found})


def _flat(details: Any, path: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """DRF's nested details of errors as one list. A nested field is named by its path."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        field = "" if path == (api_settings.NON_FIELD_ERRORS_KEY,) else ".".join(path)
        yield {"field": field, "code": details["code"], "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _flat(inner, (*path, str(name)))
    else:
        for inner in details:
            yield from _flat(inner, path)


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _sentence(error: Exception) -> str:
    detail = getattr(error, "detail", "")
    if isinstance(detail, dict):
        detail = detail.get("detail", "")
    text = str(detail) or "The request was refused."
    if isinstance(error, exceptions.ParseError):
        return f"The body can't be read: {text.rstrip('.')}."
    return text


def _headers(error: Exception) -> dict[str, str]:
    """The headers that DRF's own handler sets."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


# --- errors outside a view --------------------------------------------------------------------

API_PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Whether the answer to this request must be problem details instead of a page."""
    return request.path.startswith(API_PREFIX)


def not_found() -> JsonResponse:
    """The answer to an unknown URL."""
    return from_refusal(NotFound())


def bad_request() -> JsonResponse:
    """The answer to a request that Django finds suspicious, for example by its Host header."""
    return problem(
        400,
        "bad_request",
        "The request is malformed, or its Host header does not name this service.",
    )


def forbidden() -> JsonResponse:
    """The answer to a PermissionDenied of Django."""
    return problem(403, "permission_denied", "This is not allowed.")


def server_error() -> JsonResponse:
    """The answer to an unexpected exception. It does not reveal what went wrong."""
    return problem(
        500,
        "internal_error",
        "Something went wrong on our side; it has been logged. Try again, and tell support the time"
        " if it happens again.",
    )
