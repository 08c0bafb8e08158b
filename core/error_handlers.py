"""Addresses below /api/ that lead nowhere, and what Django answers in place of a view."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View, defaults
from django.views.decorators.csrf import csrf_exempt

from core import problems


@method_decorator(csrf_exempt, name="dispatch")
class NowhereView(View):
    """404 as a problem, also where DEBUG shows pages of its own."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whatever the method."""
        return problems.not_found()


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django found the request suspicious."""
    if problems.is_api(request):
        return problems.bad_request()
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django forbade it."""
    if problems.is_api(request):
        return problems.forbidden()
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    if problems.is_api(request):
        return problems.not_found()
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """Our own mistake, which Django has logged."""
    if problems.is_api(request):
        return problems.server_error()
    return defaults.server_error(request)
