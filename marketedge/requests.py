"""Logs one line for each request, and adds the request id to all lines written during it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from marketedge import logs
from users.models import User

log = structlog.get_logger(__name__)

QUIET = frozenset({"healthz", "readyz"})  # a platform asks every few seconds


class RequestLog:
    """Middleware that logs requests. It takes over a valid `X-Request-ID` of a proxy, so that the
    logs of both can be compared, and sends it back. The line has the route instead of the path,
    which may contain a search for a person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        request_id = _request_id(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self._answer(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-ID"] = request_id
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        is_static_file = match is None and response.status_code < HTTPStatus.BAD_REQUEST
        if not is_static_file and (match is None or match.url_name not in QUIET):
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "",
                status=response.status_code,
                duration_ms=round(1000 * (time.monotonic() - began)),
                user_id=_user_id(request),
            )
        return response


class BindUser:
    """Middleware that adds the id of the session's user to all log lines of a request. For tokens,
    the API adds it when it has checked the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        if request.COOKIES and request.user.is_authenticated:
            structlog.contextvars.bind_contextvars(user_id=str(request.user.pk))
        return self.get_response(request)


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if logs.ID.fullmatch(given) else str(uuid.uuid4())


def _user_id(request: HttpRequest) -> str | None:
    """The id of the user, if it was loaded before: logging makes no query."""
    known = request.__dict__.get("_cached_user")
    if known is None and type(request.__dict__.get("user")) is User:  # DRF puts it there
        known = request.user
    return str(known.pk) if known and known.pk else None
