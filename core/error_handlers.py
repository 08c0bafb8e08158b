"""Error answers that no view makes: unknown URLs below /api/, and Django's four error handlers.

Below /api/ they are problem details. Everywhere else they are the pages in core/templates.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View, defaults
from django.views.decorators.csrf import csrf_exempt

from core import problems


@method_decorator(csrf_exempt, name="dispatch")
class UnknownUrlView(View):
    """Answers 404 as problem details. With DEBUG, Django would show a page of its own instead."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answers every method with status 404."""
        return problems.not_found()


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to a request that Django finds suspicious or malformed."""
    if problems.is_api(request):
        return problems.bad_request()
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to a PermissionDenied of Django."""
    if problems.is_api(request):
        return problems.forbidden()
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer if no URL matches or a view raises Http404."""
    if problems.is_api(request):
        return problems.not_found()
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """The answer to an exception that nothing handles. Django has logged it."""
    if problems.is_api(request):
        return problems.server_error()
    return defaults.server_error(request)
