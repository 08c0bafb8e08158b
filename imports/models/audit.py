"""The audit trail's table: who did what to which import, when, and from where.

Part of `imports.models`, which exports it. Written by `imports.audit` alone; migration 0004 makes
the database itself refuse every change of what is written.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class EventType(models.TextChoices):
    """What `audit_events.deed` holds. (No `choices` of the column: a new deed, or a better word for
    one, would be a migration.)"""

    PREVIEWED = "previewed", "previewed a file"
    SUBMITTED = "submitted", "started an import"
    RETRIED = "retried", "ran an import again"
    CANCELLED = "cancelled", "cancelled an import"
    UNDONE = "undone", "undid an import"
    ERRORS_DOWNLOADED = "errors_downloaded", "downloaded row errors"
    MARKED_FAILED = "marked_failed", "marked an import as failed"
    QUOTA_RESET = "quota_reset", "reset upload limits"
    BLOCKED = "blocked", "blocked uploads"
    UNBLOCKED = "unblocked", "unblocked uploads"
    PURGED = "purged", "deleted old imports"
    HALTED = "halted", "stopped all imports"
    RESUMED = "resumed", "let imports go on"


class AuditEvent(models.Model):
    """One deed. Ids only, without foreign keys: the event outlives what it tells of, and holds no
    address, name or row of anybody."""

    created_at = models.DateTimeField("when", db_default=Now(), editable=False)
    event_type = models.CharField(max_length=30, db_column="deed")
    source = models.CharField(max_length=10, db_column="door")  # api, admin, command
    client_ip = models.GenericIPAddressField("from", null=True, db_column="client_address")
    user_id = models.UUIDField(null=True)  # who; null: an operator at a terminal
    api_key_id = models.UUIDField("API key", null=True)  # with which key, if with one
    organisation_id = models.UUIDField(null=True)  # null: for platform staff's eyes only
    batch_id = models.UUIDField("import", null=True)
    upload_id = models.UUIDField("staged file", null=True)
    # What else it was about: the import that was retried, the user whose limits were reset, the
    # block that was set.
    subject_id = models.UUIDField("about", null=True)

    class Meta:
        db_table = "audit_events"
        ordering = ["-created_at", "-id"]
        verbose_name = "audit event"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_events_newest"),
            models.Index(
                fields=["organisation_id", "-created_at", "-id"],
                condition=Q(organisation_id__isnull=False),
                name="audit_events_organisation",
            ),
            models.Index(fields=["user_id", "-created_at"], name="audit_events_user"),
            models.Index(
                fields=["batch_id"],
                condition=Q(batch_id__isnull=False),
                name="audit_events_batch",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type}, {self.created_at:%Y-%m-%d %H:%M:%S} UTC"
