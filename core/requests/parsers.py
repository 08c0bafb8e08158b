"""Parsers of request bodies: what a client sends never ends in an unexpected exception."""

from __future__ import annotations

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """DRF's parser, for bodies of any nesting and with any `charset` in their Content-Type."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        """The value of the body. Raises ParseError.

        JSON is always UTF-8 (RFC 8259), so `charset` is ignored: Python also knows encodings that
        do not decode to text, such as base64 and rot13."""
        context = {**(parser_context or {}), "encoding": "utf-8"}
        try:
            return super().parse(stream, media_type, context)
        except RecursionError:
            raise ParseError("its arrays and objects are nested too deeply") from None


class _Decoded:
    """For parsers of forms: a form that can't be decoded is a ParseError."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """What the parser gives. Raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)  # type: ignore[misc]
        except (LookupError, UnicodeError):
            raise ParseError("the form can't be decoded; send it as UTF-8") from None


class MultiPartParser(_Decoded, parsers.MultiPartParser):
    """DRF's parser, for forms and file names in any charset."""


class FormParser(_Decoded, parsers.FormParser):
    """DRF's parser, for forms in any charset."""
