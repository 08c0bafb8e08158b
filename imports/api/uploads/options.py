"""The options of a preview and of an import, as form fields, query parameters or JSON members.

Names and defaults are those of `imports.engine.options`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from imports.engine.options import DEFAULT_ROLES, ImportOptions, ReadingOptions, refuse_unknown

OPTION_NAMES = (*ImportOptions.names(), *ReadingOptions.names())
CSRF_FIELD = "csrfmiddlewaretoken"  # forms of pages send it along
_DEFAULTS = ImportOptions()


class MappingField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of field and header, or its text in a form."""

    default_error_messages = {
        "invalid": 'Send a JSON object of field and header, like {{"email": "Work e-mail"}}.'
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The mapping. Raises ValidationError for anything but an object of strings."""
        try:
            value = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError):
            self.fail("invalid")
        if not isinstance(value, dict) or not all(
            header is None or isinstance(header, str) for header in value.values()
        ):
            self.fail("invalid")
        return {field: header or "" for field, header in value.items()}

    def to_representation(self, value: Any) -> Any:
        """Not used: a mapping is only received."""
        return value


class ImportOptionsSerializer(serializers.Serializer[Any]):
    """How rows are imported (`ImportOptions`)."""

    send_invitations = serializers.BooleanField(
        default=_DEFAULTS.send_invitations,
        help_text="With false nobody is invited, whatever the file says.",
    )
    skip_duplicates = serializers.BooleanField(
        default=_DEFAULTS.skip_duplicates,
        help_text="Rows whose user already exists are skipped. With false they fail.",
    )
    default_role = serializers.ChoiceField(
        choices=DEFAULT_ROLES, default=_DEFAULTS.default_role, help_text="For rows without a role."
    )


class OptionsSerializer(ImportOptionsSerializer):
    """How rows are imported and how the file is read (`ReadingOptions`)."""

    mapping = extend_schema_field({"type": "string", "contentMediaType": "application/json"})(
        MappingField
    )(
        required=False,
        help_text='Which column holds which field, as JSON: {"email": "Work e-mail"}.',
    )
    encoding = serializers.CharField(
        required=False,
        max_length=40,
        help_text="The encoding of a file that is not Unicode, for example windows-1252.",
    )
    delimiter = serializers.CharField(
        required=False,
        max_length=9,
        trim_whitespace=False,
        help_text="Comma, semicolon, tab or pipe, as a character or a word.",
    )
    sheet = serializers.CharField(
        required=False,
        max_length=255,
        help_text="The sheet of a workbook. The default is the first one.",
    )
    header_row = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text="The number of the row that names the columns, from 1. The default is the row"
        " with most known names.",
    )
    skip_hidden_rows = serializers.BooleanField(
        required=False,
        help_text="With true, rows that are hidden in a workbook, for example by a filter, are left"
        " out.",
    )
    skip_suspended = serializers.BooleanField(
        required=False,
        help_text="With true, rows of people whom the file calls suspended are left out.",
    )


def given_options(request: Request, allowed_names: Collection[str]) -> dict[str, Any]:
    """Query parameters, and form fields or JSON members, which take precedence. Empty ones are left
    out. Files are not included.

    Raises UnknownOption for form fields and members that are not allowed. `OrganisationView` has
    checked the query parameters."""
    sent = _body(request)
    refuse_unknown([name for name in sent if name not in request.FILES], allowed_names)
    values = {**request.query_params.dict(), **sent}
    return {name: value for name, value in values.items() if value not in ("", None)}


def _body(request: Request) -> dict[str, Any]:
    """The body as a plain dict: in a QueryDict, DRF takes a missing boolean for a false one."""
    data = request.data
    if isinstance(data, QueryDict):
        return {name: value for name, value in data.dict().items() if name != CSRF_FIELD}
    if not isinstance(data, Mapping):
        raise ValidationError("Send a JSON object.")
    return dict(data)
