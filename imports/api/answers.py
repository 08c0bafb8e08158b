"""What the calls answer, as fields: for the answers themselves and for the OpenAPI document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from imports import progress
from imports.engine import undo
from imports.models import ImportBatch
from imports.models.statuses import Status
from users.roles import Role

STATUSES = [(status.value, status.label) for status in Status]


class ProblemError(serializers.Serializer[Any]):
    """One value that is wrong."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457). Some problems have more members."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for a person.")
    code = serializers.CharField(help_text="For a program: it never changes.")
    errors = ProblemError(many=True, required=False)  # type: ignore[assignment]


class Tokens(serializers.Serializer[Any]):
    """A pair of tokens."""

    access = serializers.CharField(help_text="For the Authorization header; 15 minutes.")
    refresh = serializers.CharField(help_text="For a new pair, once; 7 days.")


class MyOrganisation(serializers.Serializer[Any]):
    """The organisation that a user belongs to."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class Me(serializers.Serializer[Any]):
    """Who is asking."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    organization = MyOrganisation(allow_null=True, help_text="null: the platform's own staff.")


class FileWarning(serializers.Serializer[Any]):
    """Something that a person should know of a file or a row, though it is no error."""

    row = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProgressSerializer(serializers.Serializer[progress.Progress]):
    """How far a batch is."""

    percent = serializers.IntegerField(min_value=0, max_value=100)
    rows_per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)


class BatchOptions(serializers.Serializer[Any]):
    """The options that a batch runs with."""

    send_invitations = serializers.BooleanField()
    skip_duplicates = serializers.BooleanField()
    default_role = serializers.CharField()


class BatchSerializer(serializers.ModelSerializer[ImportBatch]):
    """A batch. `filename` and the counters are those of its table."""

    # The fields are for the OpenAPI document. An answer is made by hand: two hundred clients may
    # ask for one every two seconds, and going from field to field takes a third of the time.
    organization_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    uploaded_by = serializers.UUIDField(allow_null=True)
    retry_of = serializers.UUIDField(allow_null=True)
    unprocessed_rows = serializers.IntegerField(
        help_text="Those that a cancelled or failed batch never came to."
    )
    options = BatchOptions()
    progress = ProgressSerializer()
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the import can be undone; null while it runs."
    )
    warnings = FileWarning(many=True)

    class Meta:
        model = ImportBatch
        fields = [
            "id",
            "organization_id",
            "filename",
            "status",
            "total_rows",
            "processed_rows",
            "successful_rows",
            "skipped_rows",
            "failed_rows",
            "unprocessed_rows",
            "created_at",
            "started_at",
            "completed_at",
            "error_message",
            "progress",
            "options",
            "warnings",
            "uploaded_by",
            "retry_of",
            "undo_until",
            "undone_at",
            "undone_rows",
        ]
        read_only_fields = fields

    def to_representation(self, batch: ImportBatch) -> dict[str, Any]:
        """The answer. `file_warnings`: those of its file, which `views.batches` reads along."""
        names, found = ("row", "code", "message"), getattr(batch, "file_warnings", None) or []
        more = {
            "organization_id": batch.organisation_id,
            "unprocessed_rows": batch.total_rows - batch.processed_rows,
            "progress": asdict(progress.of(batch)),
            "warnings": [dict(zip(names, one, strict=True)) for one in found],
            "uploaded_by": batch.uploaded_by_id,
            "retry_of": batch.retry_of_id,
            "undo_until": undo.possible_until(batch),
        }
        return {name: more[name] if name in more else getattr(batch, name) for name in _NAMES}


_NAMES = tuple(BatchSerializer.Meta.fields)


class BatchList(serializers.Serializer[Any]):
    """A page of history."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BatchSerializer(many=True)


class RowErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong with one row."""

    row_number = serializers.IntegerField(help_text="As a spreadsheet counts: the header is row 1.")
    field_name = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    row_data = serializers.DictField(child=serializers.CharField())


class ErrorList(serializers.Serializer[Any]):
    """A page of a batch's errors."""

    batch_id = serializers.UUIDField()
    total_errors = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class PreviewError(serializers.Serializer[Any]):
    """One thing that is wrong with one row."""

    row = serializers.IntegerField()
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class PreviewDuplicate(serializers.Serializer[Any]):
    """A row whose user exists already, and would be skipped."""

    row = serializers.IntegerField()
    email = serializers.CharField()
    message = serializers.CharField()


class PreviewColumn(serializers.Serializer[Any]):
    """A column of the file and some of its values."""

    header = serializers.CharField()
    field = serializers.CharField(allow_null=True, help_text="null: the column is ignored.")
    examples = serializers.ListField(child=serializers.CharField())


class PreviewFile(serializers.Serializer[Any]):
    """What was understood of the file."""

    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["csv", "xlsx"])
    encoding = serializers.CharField()
    delimiter = serializers.CharField(allow_null=True)
    sheet = serializers.CharField(allow_null=True)
    header_row = serializers.IntegerField()
    mapping = serializers.DictField(child=serializers.CharField())
    columns = PreviewColumn(many=True)


class PreviewRow(serializers.Serializer[Any]):
    """A user as an import would make them."""

    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.CharField()
    department = serializers.CharField(allow_blank=True)
    location = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    market_edge_access = serializers.BooleanField()
    causal_edge_access = serializers.BooleanField()
    value_edge_access = serializers.BooleanField()
    send_invitation = serializers.BooleanField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What an import of this file would do. Lists hold at most 100 each, counts are of all."""

    upload_id = serializers.UUIDField()
    is_valid = serializers.BooleanField(  # type: ignore[assignment]
        help_text="Whether no row has an error."
    )
    total_rows = serializers.IntegerField()
    valid_rows = serializers.IntegerField(help_text="Rows that would become users.")
    failed_rows = serializers.IntegerField(help_text="Rows with at least one error.")
    error_count = serializers.IntegerField(help_text="Of errors: a row may have several.")
    duplicate_count = serializers.IntegerField(help_text="Rows whose user exists already.")
    warning_count = serializers.IntegerField()
    error_codes = serializers.DictField(child=serializers.IntegerField())
    errors = PreviewError(many=True)  # type: ignore[assignment]
    duplicates = PreviewDuplicate(many=True)
    warnings = FileWarning(many=True)
    preview_data = PreviewRow(many=True)
    file = PreviewFile()


class KeptUser(serializers.Serializer[Any]):
    """A user that an undo left alone, and why."""

    user_id = serializers.UUIDField()
    email = serializers.CharField()
    reason = serializers.ChoiceField(choices=list(undo.SENTENCES))
    message = serializers.CharField()


class UndoneSerializer(serializers.Serializer[Any]):
    """What an undo has come to."""

    batch_id = serializers.UUIDField()
    is_finished = serializers.BooleanField(help_text="False: ask again in a while.")
    removed_rows = serializers.IntegerField()
    kept_rows = serializers.IntegerField()
    kept = KeptUser(many=True, help_text="At most 100, once it is finished.")
