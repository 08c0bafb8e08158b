"""What a request may hold, as fields: checks it, and tells the OpenAPI document of it."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from imports.validation.rules import ROLES


class MappingField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, or (in a form) its text: field -> header."""

    default_error_messages = {
        "invalid": 'Send a JSON object of field and header, like {{"email": "Work e-mail"}}.'
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The mapping. Raises ValidationError for anything but an object of texts."""
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
        """As it is."""
        return value


class OptionsSerializer(serializers.Serializer[Any]):
    """Options of an upload, as form fields or as query parameters."""

    send_invitations = serializers.BooleanField(
        default=True, help_text="False: nobody is invited, whatever the file says."
    )
    skip_duplicates = serializers.BooleanField(
        default=True,
        help_text="What becomes of rows whose user exists already: skipped, or with false failed.",
    )
    default_role = serializers.ChoiceField(
        choices=ROLES, default="viewer", help_text="For rows without a role."
    )
    mapping = extend_schema_field({"type": "string", "contentMediaType": "application/json"})(
        MappingField
    )(required=False, help_text='Which column is which field, as JSON: {"email": "Work e-mail"}.')
    encoding = serializers.CharField(
        required=False, max_length=40, help_text="Of a file that is not Unicode: windows-1252, …"
    )
    delimiter = serializers.CharField(
        required=False,
        max_length=9,
        trim_whitespace=False,
        help_text="Comma, semicolon, tab or pipe, as a character or a word.",
    )
    sheet = serializers.CharField(
        required=False, max_length=255, help_text="Of a workbook: the first one if not given."
    )


class ImportOptions(OptionsSerializer):
    """The same of an import, whose file may be that of a preview."""

    upload_id = serializers.UUIDField(
        required=False, help_text="The upload_id of a preview, in place of the file."
    )


class PreviewForm(OptionsSerializer):
    """The form of a preview."""

    file = serializers.FileField(help_text="CSV, or an .xlsx workbook.")


class ImportForm(ImportOptions):
    """The form of an import: a file, or the upload_id of a preview."""

    file = serializers.FileField(required=False, help_text="CSV, or an .xlsx workbook.")


class ImportReference(serializers.Serializer[Any]):
    """An import of a file that was previewed."""

    upload_id = serializers.UUIDField()
    send_invitations = serializers.BooleanField(default=True)
    skip_duplicates = serializers.BooleanField(default=True)
    default_role = serializers.ChoiceField(choices=ROLES, default="viewer")


class Credentials(serializers.Serializer[Any]):
    """Who wants to log in."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class Refresh(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4000)
