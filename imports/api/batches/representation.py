"""A batch as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from imports import invitations, progress
from imports.engine import undo
from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from imports.models.statuses import Status
from imports.schema.warnings import FileWarning as WarningData

STATUSES = [(status.value, status.label) for status in Status]


class WarningExample(serializers.Serializer[Any]):
    """One occurrence of a warning. `before` and `after` are null where values are not shown."""

    row = serializers.IntegerField(allow_null=True)
    cell = serializers.CharField(allow_null=True)
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class FileWarning(serializers.Serializer[Any]):
    """Something unusual about the file or some of its rows that is not an error, and what was done
    with it. There is one for each code and column."""

    row = serializers.IntegerField(allow_null=True, help_text="The first row that it concerns.")
    code = serializers.CharField()
    message = serializers.CharField()
    column = serializers.CharField(allow_null=True, help_text="The header, as in the file.")
    cell = serializers.CharField(allow_null=True, help_text="The first cell, such as D7.")
    count = serializers.IntegerField(help_text="How often it occurred.")
    examples = WarningExample(many=True, help_text="At most three occurrences.")


class ProgressSerializer(serializers.Serializer[progress.Progress]):
    """How much of a batch is done."""

    percent = serializers.IntegerField(min_value=0, max_value=100)
    rows_per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)


class InvitationsSerializer(serializers.Serializer[invitations.Invitations]):
    """How many invitations of a batch are in which state. Those of users who have left the
    organisation are not counted."""

    pending = serializers.IntegerField(help_text="Waiting to be sent.")
    sent = serializers.IntegerField(help_text="Sent, and not accepted yet.")
    accepted = serializers.IntegerField()
    expired = serializers.IntegerField(help_text="Sent, and not accepted in time.")
    revoked = serializers.IntegerField(help_text="By an administrator, or because of an undo.")
    failed = serializers.IntegerField(help_text="The mail server refused them.")
    bounced = serializers.IntegerField(help_text="Sent, and returned by the recipient's server.")
    unknown = serializers.IntegerField(
        help_text="May have been sent: the connection was lost before the mail server's answer was"
        " stored. They are not sent again by themselves."
    )
    message = serializers.CharField(help_text="Why none are sent; empty where they are.")


class BatchOptions(serializers.Serializer[Any]):
    """The options that a batch runs with."""

    def get_fields(self) -> dict[str, Any]:
        """A field for each member of ImportOptions."""
        return {
            name: serializers.BooleanField()
            if isinstance(default, bool)
            else serializers.CharField()
            for name, default in asdict(ImportOptions()).items()
        }


class BatchSerializer(serializers.ModelSerializer[ImportBatch]):
    """A batch. `filename` and the counters are the columns of its row."""

    # The fields describe the answer in the OpenAPI document. `to_representation` does not use
    # them: DRF's own takes three times as long, and 200 clients may poll every two seconds.
    organization_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    uploaded_by = serializers.UUIDField(allow_null=True)
    retry_of = serializers.UUIDField(allow_null=True)
    unprocessed_rows = serializers.IntegerField(
        help_text="Rows that a cancelled or failed batch did not process."
    )
    options = BatchOptions()
    progress = ProgressSerializer()
    invitations = InvitationsSerializer(
        allow_null=True, help_text="null if the import was told to invite nobody."
    )
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the import can be undone. null while it runs."
    )
    warnings = FileWarning(many=True)
    edited_rows = serializers.IntegerField(
        help_text="Rows that were changed in the review of the file."
    )
    dropped_rows = serializers.IntegerField(
        help_text="Rows that were left out in the review. `total_rows` does not count them."
    )
    edited_by = serializers.UUIDField(
        allow_null=True, help_text="Who changed the rows last before the import."
    )

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
            "invitations",
            "options",
            "warnings",
            "uploaded_by",
            "retry_of",
            "undo_until",
            "undone_at",
            "undone_rows",
            "edited_rows",
            "dropped_rows",
            "edited_by",
        ]
        read_only_fields = fields

    def to_representation(self, batch: ImportBatch) -> dict[str, Any]:
        """The answer. `batch.file_warnings` are the warnings of its file, as
        `OrganisationView.batches` and `read_batch` add them."""
        warnings = getattr(batch, "file_warnings", None) or []
        computed = {
            "organization_id": batch.organisation_id,
            "unprocessed_rows": batch.total_rows - batch.processed_rows,
            "progress": asdict(progress.of(batch)),
            "warnings": [WarningData.from_json(warning).as_json() for warning in warnings],
            "uploaded_by": batch.uploaded_by_id,
            "retry_of": batch.retry_of_id,
            "edited_by": batch.edited_by_id,
            "undo_until": undo.possible_until(batch),
        }
        if "invitations" in self.Meta.fields:
            computed["invitations"] = _as_json(invitations.of(batch))
        return {
            name: computed[name] if name in computed else getattr(batch, name)
            for name in self.Meta.fields
        }


class ListedBatchSerializer(BatchSerializer):
    """A batch in the history: without the numbers of invitations, which would have to be counted
    for each batch of a page."""

    invitations = None  # type: ignore[assignment]

    class Meta(BatchSerializer.Meta):
        fields = [name for name in BatchSerializer.Meta.fields if name != "invitations"]
        read_only_fields = fields


def _as_json(found: invitations.Invitations | None) -> dict[str, Any] | None:
    return asdict(found) if found else None
