"""Middleware that notes the request, so that an audit event can say where it came from."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


class Origin:
    """Middleware. Notes the request, which is only looked at where there is something to record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers as the rest does."""
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)
