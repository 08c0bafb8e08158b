"""Every answer that is a refusal, in one shape: problem details (RFC 9457).

`detail` is a sentence for a person, `code` a word for a program that never changes. What Django
refuses before a view runs gets the same shape (`not_found`, `server_error` and their like, which
`marketedge.urls` names as handlers).
"""

from __future__ import annotations

from collections.abc import Mapping
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
BUSY_SECONDS = 5
# Not http.HTTPStatus: its words are others in newer Pythons.
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

# What DRF and Django raise: its code, and what to do about it. In the order they are looked for.
_SENTENCES: tuple[tuple[type[Exception], int, str, str], ...] = (
    (exceptions.NotAuthenticated, 401, "not_authenticated", "Log in first: send an access token"
     " (POST /api/v1/auth/token gives one) or an API key in the Authorization header."),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed", ""),
    (exceptions.NotAcceptable, 406, "not_acceptable", "The Accept header names nothing that this"
     " address can answer with. Ask for application/json."),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type", "The Content-Type of the body"
     " is none that this call takes. A file is sent as multipart/form-data, in the form field"
     " 'file'; everything else as application/json."),
    (RequestDataTooBig, 413, "request_too_large", "The request is too large: its form fields may"
     " have 256 KiB in all. A file belongs into the form field 'file'."),
    (TooManyFilesSent, 400, "too_many_files", "Send one file at a time."),
    (TooManyFieldsSent, 400, "too_many_fields", "The form has too many fields."),
    (UnreadablePostError, 400, "upload_incomplete", "The request ended too early. Send it again."),
    (SuspiciousOperation, 400, "bad_request", "The request is malformed."),
    (OperationalError, 503, "database_unavailable", "The database is not there at the moment."
     " Nothing was changed. Try again in some seconds."),
    (InterfaceError, 503, "database_unavailable", "The database is not there at the moment."
     " Nothing was changed. Try again in some seconds."),
)  # fmt: skip


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """An answer in the one shape; `facts` are extra members for programs."""
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
    """DRF's exception handler. None: nobody's on purpose; `server_error` answers, Django logs it.

    A plain Django response, so that no renderer of a view (text/csv) gets hold of it."""
    if isinstance(error, Http404):
        error = NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, Refusal):
        return of_refusal(error)
    for kind, status, code, detail in _SENTENCES:
        if isinstance(error, kind):
            return _known(error, status, code, detail)
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    if isinstance(error, exceptions.APIException):
        return problem(error.status_code, _code(error), _sentence(error), headers=_headers(error))
    return None


def of_refusal(refusal: Refusal) -> JsonResponse:
    """The answer to what the import itself refuses."""
    headers = refusal.headers()
    if refusal.status == 503:
        headers = {"Retry-After": "60", **headers}
    return problem(
        refusal.status, refusal.code, refusal.detail, headers=headers, facts=refusal.facts
    )


def _known(error: Exception, status: int, code: str, detail: str) -> JsonResponse:
    headers = _headers(error)
    if status == 503:
        log.error("api_database_fault", fault=type(error).__name__)
        headers["Retry-After"] = str(BUSY_SECONDS)
    return problem(status, code, detail or _sentence(error), headers=headers)


def _invalid(error: exceptions.ValidationError) -> JsonResponse:
    """The same shape for wrong values: the first one as the sentence, all of them in `errors`."""
    found = list(_flat(error.get_full_details(), ()))
    first = found[0]
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(400, "invalid", detail, facts={"errors": found})


def _flat(details: Any, path: tuple[str, ...]) -> Any:
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
    """Those that DRF's own handler sets."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


# --- what Django raises before, or instead of, a view -----------------------------------------

API_PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    """Whether an answer to this request has to be a problem, and not a page."""
    return request.path.startswith(API_PREFIX)


def not_found() -> JsonResponse:
    """For addresses that lead nowhere."""
    return of_refusal(NotFound())


def bad_request() -> JsonResponse:
    """For what Django finds suspicious, an unknown Host header first of all."""
    return problem(400, "bad_request", "The request is malformed, or its Host is not this service.")


def forbidden() -> JsonResponse:
    """For what Django forbids."""
    return problem(403, "permission_denied", "This is not allowed.")


def server_error() -> JsonResponse:
    """For our own mistakes: says nothing of what they were."""
    return problem(
        500,
        "internal_error",
        "Something went wrong on our side; it has been logged. Try again, and tell support the time"
        " if it happens again.",
    )
