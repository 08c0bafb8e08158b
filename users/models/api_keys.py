"""API keys: long-lived secrets for scripts. Only their hash is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.models import Table
from users.rights.scoping import ScopedManager


class ApiKey(Table):
    """A key that acts as its user, in one organisation only, even if the user may see others."""

    name = models.CharField(max_length=100, help_text="What uses it, so that you know it again.")
    # The beginning of the key, by which people recognise it.
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    organisation = models.ForeignKey("users.Organisation", models.DO_NOTHING, db_constraint=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, related_name="api_keys"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    unscoped = models.Manager["ApiKey"]()
    objects = ScopedManager["ApiKey"]()

    class Meta:
        db_table = "user_api_keys"
        ordering = ["-created_at"]
        verbose_name = "API key"
        constraints = [
            models.UniqueConstraint(fields=["key_hash"], name="user_api_keys_hash_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def state(self) -> str:
        """Whether the key can be used: `good`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        is_expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if is_expired else "good"
