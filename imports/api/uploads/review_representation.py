"""The review of a staged file as JSON: what is asked for, and what is answered."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from imports.api.batches.representation import BatchOptions, FileWarning
from imports.api.uploads.options import MappingField
from imports.api.uploads.previews import PreviewFile
from imports.engine.options import DEFAULT_ROLES
from imports.engine.review.edits import MAX_CHANGED_ROWS
from imports.engine.review.queries import STATES
from imports.schema.fields import FIELDS, FULL_NAME

FIELD_NAMES = (*FIELDS, FULL_NAME)
MAX_CELL_CHARS = 10_000  # of a text of the file
MAX_TYPED_CHARS = 1_000  # more than any field may hold
MAX_FILTER_CHARS = 250  # a URL has 4,094 bytes, and a character may take 12
MAX_ROW = 2**31 - 1
PAGE_ROWS, MAX_PAGE_ROWS = 100, 500

# --- answers ----------------------------------------------------------------------------------


class ReviewEditor(serializers.Serializer[Any]):
    """Who changed the rows last."""

    id = serializers.UUIDField()
    email = serializers.CharField()


class ReviewCounts(serializers.Serializer[Any]):
    """Numbers of rows. Rows that are left out are counted in `all` and `dropped` only."""

    all = serializers.IntegerField()
    ready = serializers.IntegerField(help_text="Would become users.")
    invalid = serializers.IntegerField(help_text="Have at least one problem.")
    existing = serializers.IntegerField(help_text="Would be skipped: the users exist already.")
    edited = serializers.IntegerField(help_text="Have other cells than the file.")
    dropped = serializers.IntegerField(help_text="Are left out of the import.")
    invitations = serializers.IntegerField(help_text="Would be invited.")


class ReviewProblemValue(serializers.Serializer[Any]):
    """A text of a cell that has the problem."""

    value = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    message = serializers.CharField()


class ReviewProblemGroup(serializers.Serializer[Any]):
    """All rows with the same problem of the same field."""

    field = serializers.CharField(allow_blank=True, help_text='"" is the row as a whole.')
    column = serializers.CharField(allow_null=True, help_text="The header, as in the file.")
    code = serializers.CharField()
    count = serializers.IntegerField(help_text="How many rows have it.")
    values = ReviewProblemValue(many=True, help_text="At most 20, the most frequent first.")


class ReviewRowProblem(serializers.Serializer[Any]):
    """A problem of a row."""

    field = serializers.CharField(allow_blank=True, help_text='"" is the row as a whole.')
    code = serializers.CharField()
    message = serializers.CharField()


class ReviewRowSerializer(serializers.Serializer[Any]):
    """A row as it stands."""

    row = serializers.IntegerField(help_text="Its number in the file. The header is row 1.")
    state = serializers.ChoiceField(choices=["ready", "invalid", "existing", "dropped"])
    values = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text="Field -> text of the cell, for each field that has a column.",
    )
    edited = serializers.ListField(
        child=serializers.CharField(), help_text="The fields whose cell was changed."
    )
    problems = ReviewRowProblem(many=True)


class ReviewRowsSerializer(serializers.Serializer[Any]):
    """A page of rows."""

    revision = serializers.IntegerField()
    total = serializers.IntegerField(help_text="How many rows match, on all pages.")
    rows = ReviewRowSerializer(many=True)


class ReviewSerializer(serializers.Serializer[Any]):
    """The review of a staged file."""

    upload_id = serializers.UUIDField()
    revision = serializers.IntegerField(help_text="1 at first. Grows by one with every change.")
    can_undo = serializers.BooleanField(help_text="Whether a change can be taken back.")
    expires_at = serializers.DateTimeField(help_text="When the file is deleted.")
    edited_at = serializers.DateTimeField(allow_null=True)
    edited_by = ReviewEditor(allow_null=True)
    options = BatchOptions()
    file = PreviewFile()
    counts = ReviewCounts()
    problems = ReviewProblemGroup(many=True, help_text="At most 50, the most frequent first.")
    warnings = FileWarning(many=True)


class ChangedReviewSerializer(ReviewSerializer):
    """The review after a change, and the rows that the change concerns."""

    rows = ReviewRowSerializer(
        many=True,
        help_text=f"The rows that were changed, and those whose state has changed with them. At"
        f" most {MAX_PAGE_ROWS}.",
    )


# --- requests ---------------------------------------------------------------------------------


def _row(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MAX_ROW, **options)


def _cell(max_length: int = MAX_CELL_CHARS, **options: Any) -> serializers.CharField:
    return serializers.CharField(
        allow_blank=True, trim_whitespace=False, max_length=max_length, **options
    )


class CellEdit(serializers.Serializer[Any]):
    """Another text for a cell."""

    row = _row()
    field = serializers.ChoiceField(choices=FIELD_NAMES)
    value = _cell(MAX_TYPED_CHARS)


class Replacement(serializers.Serializer[Any]):
    """Another text for every cell of a field that has exactly the text `from`."""

    field = serializers.ChoiceField(choices=FIELD_NAMES)
    to = _cell(MAX_TYPED_CHARS)

    def get_fields(self) -> dict[str, Any]:
        """Adds `from`, which is a word of Python."""
        fields = super().get_fields()
        return {"field": fields["field"], "from": _cell(), "to": fields["to"]}


class CellEdits(serializers.ListField):
    """A list of `CellEdit`. Edits without a mistake are taken as they are: DRF needs 0.1 ms for
    each."""

    child = CellEdit()

    def to_internal_value(self, data: Any) -> list[Any]:
        """Leaves every list with a mistake to DRF."""
        if type(data) is list and len(data) <= MAX_CHANGED_ROWS and all(map(_is_plain, data)):
            return data
        return list(super().to_internal_value(data))


def _is_plain(edit: Any) -> bool:
    if type(edit) is not dict or edit.keys() != {"row", "field", "value"}:
        return False
    field, value = edit["field"], edit["value"]
    return (
        _is_row(edit["row"])
        and type(field) is str
        and field in FIELD_NAMES
        and type(value) is str
        and len(value) <= MAX_TYPED_CHARS
        and not _is_refused(value)
    )


def _is_row(number: Any) -> bool:
    return type(number) is int and 1 <= number <= MAX_ROW


_is_refused = re.compile("[\\x00\\ud800-\\udfff]").search  # characters that DRF refuses


class RowNumbers(serializers.ListField):
    """A list of row numbers, which is left to DRF where it has a mistake."""

    child = _row()

    def to_internal_value(self, data: Any) -> list[Any]:
        """Leaves every list with a mistake to DRF."""
        if type(data) is list and len(data) <= MAX_CHANGED_ROWS and all(map(_is_row, data)):
            return data
        return list(super().to_internal_value(data))


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class JsonMappingField(MappingField):
    """A mapping in a JSON body."""


def _rows_field(text: str) -> serializers.ListField:
    return RowNumbers(required=False, max_length=MAX_CHANGED_ROWS, help_text=text)


class ReviewChangeSerializer(serializers.Serializer[Any]):
    """A change of a review. All of it is applied, or nothing."""

    revision = serializers.IntegerField(
        min_value=1, max_value=MAX_ROW, help_text="The revision that the change is made to."
    )
    edits = CellEdits(required=False, max_length=MAX_CHANGED_ROWS)
    replace = serializers.ListField(
        child=Replacement(),
        required=False,
        max_length=100,
        help_text="Every cell of the field with exactly the text `from` gets the text `to`.",
    )
    dropped = _rows_field("Rows to be left out of the import.")
    restored = _rows_field("Rows not to be left out any more.")
    undo = serializers.BooleanField(
        required=False, help_text="true, with `revision` only: takes the last change back."
    )
    mapping = JsonMappingField(
        required=False,
        help_text='Field -> header, "" for none. Fields that are not named stay as they are.',
    )
    default_role = serializers.ChoiceField(choices=DEFAULT_ROLES, required=False)
    skip_duplicates = serializers.BooleanField(required=False)
    send_invitations = serializers.BooleanField(required=False)
    encoding = serializers.CharField(required=False, max_length=40)
    delimiter = serializers.CharField(required=False, max_length=9, trim_whitespace=False)
    sheet = serializers.CharField(required=False, max_length=255)
    header_row = _row(required=False)


class RowFilter(serializers.Serializer[Any]):
    """Which rows are listed."""

    state = serializers.ChoiceField(choices=STATES, default="all")
    field = serializers.ChoiceField(
        choices=FIELD_NAMES,
        required=False,
        allow_blank=True,
        help_text="Rows with a problem of this field. Empty: of the row as a whole.",
    )
    code = serializers.CharField(
        required=False, max_length=50, help_text="Rows with a problem of this code."
    )
    value = _cell(
        MAX_FILTER_CHARS,
        required=False,
        help_text="Rows whose cell of `field` has exactly this text.",
    )
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=MAX_ROW, help_text="How many rows are passed over."
    )
    limit = serializers.IntegerField(
        default=PAGE_ROWS, min_value=1, max_value=MAX_PAGE_ROWS, help_text="How many are listed."
    )
