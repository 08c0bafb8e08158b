"""The table of the audit trail: who did what to which import, when, and from where.

Only `imports.audit` writes it. Triggers (migration 0004) make the database refuse every change of
a row that is written.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.text import utc
from users.rights.scoping import ScopedManager


class EventType(models.TextChoices):
    """What the column `audit_events.deed` holds. The field has no `choices`, so that a new type
    needs no migration."""

    PREVIEWED = "previewed", "previewed a file"
    REVIEWED = "reviewed", "changed the rows of a file"
    SUBMITTED = "submitted", "started an import"
    RETRIED = "retried", "ran an import again"
    CANCELLED = "cancelled", "cancelled an import"
    UNDONE = "undone", "undid an import"
    ERRORS_DOWNLOADED = "errors_downloaded", "downloaded row errors"
    MARKED_FAILED = "marked_failed", "marked an import as failed"
    QUOTA_RESET = "quota_reset", "reset upload limits"
    LIMIT_REACHED = "limit_reached", "ran into an upload limit"
    BLOCKED = "blocked", "blocked uploads"
    UNBLOCKED = "unblocked", "unblocked uploads"
    PURGED = "purged", "deleted old imports"
    HALTED = "halted", "stopped all imports"
    RESUMED = "resumed", "let imports go on"
    LOGGED_IN = "logged_in", "logged in"
    LOGIN_REFUSED = "login_refused", "failed to log in"
    EXPORTED = "exported", "exported a list"
    EXPORT_STOPPED = "export_stopped", "got an export only in part"
    INVITATION_ACCEPTED = "invitation_accepted", "accepted an invitation"
    PASSWORD_CHANGED = "password_changed", "set the own password"
    TWO_FACTOR_ON = "two_factor_on", "switched the second factor on"
    TWO_FACTOR_OFF = "two_factor_off", "switched the second factor off"
    KEY_CREATED = "key_created", "created an API key"
    KEY_REVOKED = "key_revoked", "revoked an API key"
    USER_ADDED = "user_added", "added a person"
    USER_CHANGED = "user_changed", "changed a person"
    USER_DEACTIVATED = "user_deactivated", "deactivated a person"
    USER_ACTIVATED = "user_activated", "activated a person"
    USER_INVITED = "user_invited", "invited a person"
    INVITATION_REVOKED = "invitation_revoked", "revoked an invitation"


class AuditEvent(models.Model):
    """Something that a user or an operator did. It holds ids only, without foreign keys: an event
    outlives the objects that it names, and contains no personal data but the IP address."""

    created_at = models.DateTimeField("when", db_default=Now(), editable=False)
    event_type = models.CharField(max_length=30, db_column="deed")
    source = models.CharField(max_length=10, db_column="door")  # api, admin, page, command
    client_ip = models.GenericIPAddressField("from", null=True, db_column="client_address")
    user_id = models.UUIDField(null=True)  # who did it; null: an operator at a terminal
    api_key_id = models.UUIDField("API key", null=True)  # the key that was used, if any
    organisation_id = models.UUIDField(null=True)  # null: only platform staff see it
    batch_id = models.UUIDField("import", null=True)
    upload_id = models.UUIDField("staged file", null=True)
    # Another object of the event: the import that was retried, the user who was changed or whose
    # limits were reset, or the block or API key that was created.
    subject_id = models.UUIDField("about", null=True)
    # The names of the fields that were changed, with commas between them. No values.
    fields = models.CharField(max_length=300, blank=True, default="", db_default="")
    # What was exported (imports/admin/export/record.py). No personal data.
    details = models.JSONField(blank=True, default=dict, db_default={})

    unscoped = models.Manager["AuditEvent"]()
    objects = ScopedManager["AuditEvent"]("organisation_id")

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
            models.Index(
                fields=["-created_at"],
                condition=Q(event_type="limit_reached"),
                name="audit_events_limit_reached",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type}, {utc(self.created_at, seconds=True)}"
