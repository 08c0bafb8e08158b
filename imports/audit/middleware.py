"""Middleware that remembers the request, so that an audit event can say where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


def current_request() -> HttpRequest | None:
    """The request that is being answered; None in commands and workers."""
    return _request.get()


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """Takes this request for the current one. For answers that are sent part by part, after the
    middleware has returned."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


class Origin:
    """Remembers the request while it is answered. Only `imports.audit.events` reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        with answering(request):
            return self.get_response(request)
