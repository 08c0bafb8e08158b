"""The tables of imports and of their row errors.

Foreign keys have `ON DELETE` in the database (migration 0001), not in Django, so that a DELETE of
an operator works.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now as StatementNow

from core.models import Table
from imports.errors import MoveNotAllowed
from imports.models.operations import ImportHalt
from imports.models.statuses import FINISHED, LIVE, UNSENT, MailState, Status, sources
from users.models import Organisation, User
from users.rights.scoping import ScopedManager

CHECKPOINT = (
    "next_chunk",
    "processed_rows",
    "successful_rows",
    "skipped_rows",
    "failed_rows",
    "attempts_without_progress",
)


class BatchManager(ScopedManager["ImportBatch"]):
    """Changes the status of batches. Nothing else changes it."""

    def move(self, batch_id: UUID | str, target: Status, **fields: Any) -> None:
        """Sets the status in one compare-and-set UPDATE; `fields` are written with it.

        Raises `MoveNotAllowed` where the status does not lead to `target` (states.MOVES)."""
        if target not in LIVE:
            fields.setdefault("completed_at", StatementNow())
        allowed = self.everywhere().filter(id=batch_id, status__in=sources(target))
        if not allowed.update(status=target, **fields):
            raise MoveNotAllowed(batch_id=str(batch_id), target=str(target))

    def locked(self, batch_id: UUID | str, attempt: int) -> ImportBatch | None:
        """The batch with its organisation and uploader, its row locked until the transaction ends;
        None where the batch does not belong to this attempt any more: it has
        ended, or another worker has claimed it. `is_halted`: whether all imports are halted."""
        return (
            self.everywhere()
            .select_related("organisation", "uploaded_by")
            .select_for_update(of=("self",))
            .annotate(halted=ImportHalt.objects.is_on())
            .filter(id=batch_id, attempt=attempt, status=Status.PROCESSING)
            .first()
        )

    def checkpoint(self, batch: ImportBatch, *, created: int, skipped: int, failed: int) -> None:
        """Moves the cursor and the counters past one chunk, in the database and in `batch`, whose
        row the caller has locked. created, skipped, failed: numbers of rows."""
        batch.next_chunk += 1
        batch.processed_rows += created + skipped + failed
        batch.successful_rows += created
        batch.skipped_rows += skipped
        batch.failed_rows += failed
        batch.attempts_without_progress = 0
        self.everywhere().filter(id=batch.id).update(
            heartbeat_at=StatementNow(), **{name: getattr(batch, name) for name in CHECKPOINT}
        )


class ImportBatch(Table):
    """The import of one file into one organisation: a cursor over the chunks of a staged upload."""

    filename = models.CharField(max_length=255)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.PENDING, db_default=Status.PENDING
    )
    total_rows = models.IntegerField(default=0, db_default=0)
    processed_rows = models.IntegerField(default=0, db_default=0)
    successful_rows = models.IntegerField(default=0, db_default=0)
    skipped_rows = models.IntegerField(default=0, db_default=0)
    failed_rows = models.IntegerField(default=0, db_default=0)
    # The indexes below begin with these keys, so Django's own indexes are not needed.
    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False
    )
    uploaded_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        db_column="uploaded_by",
    )
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    error_message = models.TextField(default="", db_default="", blank=True)

    # For the engine.
    source = models.CharField(
        max_length=10, default="api", db_default="api", db_column="door"
    )  # api, admin, command
    options = models.JSONField(default=dict, db_default={})
    file_sha256 = models.CharField(max_length=64, default="", db_default="")
    idempotency_key = models.CharField(max_length=255, null=True)
    # The options of the request with that key, without those that have their default.
    idempotency_request = models.JSONField(null=True)
    retry_of = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, db_constraint=False, db_column="retry_of"
    )
    # What was changed in the review of the file: rows with other cells than the file's, and rows
    # that were left out, which `total_rows` does not count.
    edited_rows = models.IntegerField(default=0, db_default=0)
    dropped_rows = models.IntegerField(default=0, db_default=0)
    edited_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        db_column="edited_by",
        related_name="+",
    )
    next_chunk = models.IntegerField(default=0, db_default=0)  # the cursor
    # Counts the claims by workers. A worker with an older number writes nothing.
    attempt = models.IntegerField(default=0, db_default=0)
    attempts_without_progress = models.IntegerField(default=0, db_default=0)
    heartbeat_at = models.DateTimeField(null=True)
    enqueued_at = models.DateTimeField(null=True, db_column="announced_at")

    # An undo is a request, not a status: the status stays what it was.
    undo_requested_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_rows = models.IntegerField(default=0, db_default=0)

    # The e-mail about the end (imports.notifications), and until when it is left alone.
    mail_state = models.CharField(
        max_length=10, choices=MailState.choices, default=MailState.DUE, db_default=MailState.DUE
    )
    mail_after = models.DateTimeField(null=True)

    unscoped = models.Manager["ImportBatch"]()
    objects = BatchManager()

    class Meta:
        db_table = "import_batches"
        verbose_name = "import"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="import_batches_newest"),
            models.Index(fields=["organisation", "-created_at"], name="import_batches_history"),
            models.Index(
                fields=["status"], condition=Q(status__in=LIVE), name="import_batches_live"
            ),
            models.Index(fields=["uploaded_by", "created_at"], name="import_batches_quota"),
            models.Index(
                fields=["edited_by"],
                condition=Q(edited_by__isnull=False),
                name="import_batches_edited_by",
            ),
            models.Index(
                fields=["mail_after"],
                condition=Q(status__in=FINISHED, mail_state__in=UNSENT) & ~Q(source="command"),
                name="import_batches_unsent_mail",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["uploaded_by", "organisation", "idempotency_key"],
                name="import_batches_idempotency",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="import_batches_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    processed_rows=F("successful_rows") + F("skipped_rows") + F("failed_rows"),
                    processed_rows__lte=F("total_rows"),
                ),
                name="import_batches_counters_add_up",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.COMPLETED) | Q(processed_rows=F("total_rows")),
                name="import_batches_completed_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.status})"

    @property
    def is_live(self) -> bool:
        """Whether the batch has not ended."""
        return self.status in LIVE

    @property
    def is_halted(self) -> bool:
        """Whether all imports are halted, for a batch that was read with `halted` (`locked`)."""
        return bool(getattr(self, "halted", False))

    @property
    def log_ids(self) -> dict[str, str]:
        """The ids that every log line about the batch has. Log lines name nobody."""
        return {
            "batch_id": str(self.id),
            "organization_id": str(self.organisation_id),
            "user_id": str(self.uploaded_by_id),
        }


class ErrorManager(ScopedManager["ImportError"]):
    """Reads the rows that errors are about."""

    def rows(self, batch: ImportBatch, row_numbers: Iterable[int]) -> dict[int, dict[str, str]]:
        """Gives row number -> the row as header -> cell, for the rows with these numbers."""
        errors = self.of(batch.organisation_id).filter(import_batch=batch).exclude(row_data={})
        found = errors.filter(row_number__in=set(row_numbers))
        return dict(found.values_list("row_number", "row_data"))


class ImportError(Table):
    """One error of one row of a batch. Always referred to as `models.ImportError`, so that it does
    not hide the built-in ImportError."""

    import_batch = models.ForeignKey(
        ImportBatch,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="errors",
    )
    row_number = models.IntegerField()
    field_name = models.CharField(max_length=50, blank=True)
    error_code = models.CharField(max_length=50)
    error_message = models.TextField()
    # The row, in one of its errors, and {} in the others. `objects.rows` reads it.
    row_data = models.JSONField(default=dict, db_default={})

    unscoped = models.Manager["ImportError"]()
    objects = ErrorManager("import_batch__organisation")

    class Meta:
        db_table = "import_errors"
        verbose_name = "row error"
        ordering = ["row_number", "field_name"]
        # All rows of a chunk have the same time, so that PostgreSQL stores it as one short list.
        indexes = [models.Index(fields=["-created_at"], name="import_errors_newest")]
        constraints = [
            # Also the index for listing the errors of a batch.
            models.UniqueConstraint(
                fields=["import_batch", "row_number", "field_name", "error_code"],
                name="import_errors_once",
            )
        ]

    def __str__(self) -> str:
        return f"Row {self.row_number}: {self.error_code}"
