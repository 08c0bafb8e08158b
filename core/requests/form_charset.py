"""Middleware that answers forms in impossible charsets with 400 instead of an exception.

A client names the charset of a form in its Content-Type, and of a file name in the part of the file
(RFC 5987). Python also knows encodings that do not decode to text, such as base64 and rot13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase


class FormCharset:
    """Reads a form in UTF-8 if its charset is not one of text. Refuses what can't be decoded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers the request."""
        if request.encoding and not _is_text(request.encoding):
            request.encoding = settings.DEFAULT_CHARSET
        parse = request.parse_file_upload

        def parse_file_upload(*args: Any) -> Any:
            try:
                return parse(*args)
            except (LookupError, UnicodeError):
                raise MultiPartParserError("The form can't be decoded.") from None

        request.parse_file_upload = parse_file_upload  # type: ignore[method-assign, assignment]
        return self.get_response(request)


def _is_text(encoding: str) -> bool:
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError):
        return False
    return True
