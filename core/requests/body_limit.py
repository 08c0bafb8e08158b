"""Middleware that refuses request bodies which are too large, before anything reads them.

Django limits the size of form fields, but not that of files in a multipart body: without this
middleware, a POST to any page writes a file of any size to disk before the page is asked. The
routes that take files have limits of their own (imports/uploads.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from core import problems


class BodyLimit:
    """Answers 413 to a body of more than MAX_BODY_BYTES, on all routes but those in UPLOAD_PATHS.

    It compares Content-Length. The web server limits a body without it, which is a chunked one
    (marketedge/server/framing.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.is_upload = re.compile(settings.UPLOAD_PATHS).fullmatch

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_large = (
            not (length.isascii() and length.isdecimal()) or int(length) > settings.MAX_BODY_BYTES
        )
        if is_large and not self.is_upload(request.path_info):
            return self._refused(request)
        return self.get_response(request)

    def _refused(self, request: HttpRequest) -> HttpResponse:
        allowed = settings.MAX_BODY_BYTES
        sentence = (
            f"The request is larger than {allowed:,} bytes, which is the most that is allowed here."
            " A file belongs to the page or the call that imports it."
        )
        if problems.is_api(request):
            return problems.problem(
                413, "request_too_large", sentence, facts={"max_bytes": allowed}
            )
        return render(request, "413.html", {"sentence": sentence}, status=413)
