"""API keys: long-lived secrets for scripts. Only their hash is kept; the key is shown once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from marketedge.models import Table

PREFIX = "mek_"
# A key that is used all the time is not written at every request.
LAST_USED_SECONDS = 60


class ApiKey(Table):
    """A key acts as its user, and inside one organisation only, whatever else the user may do."""

    name = models.CharField(max_length=100, help_text="What uses it, so that you know it again.")
    # The beginning of the key, by which a person tells one from another.
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    organisation = models.ForeignKey("users.Organisation", models.DO_NOTHING, db_constraint=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, related_name="api_keys"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

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
        """Whether it can be used, in a word."""
        if self.revoked_at:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if is_over else "good"


def create(
    *, user_id: UUID, organisation_id: UUID, name: str, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Stores and gives a new key, and the secret itself, which nobody can find out again."""
    key = ApiKey(name=name, organisation_id=organisation_id, user_id=user_id, expires_at=expires_at)
    secret = make_secret(key)
    key.save(force_insert=True)
    return key, secret


def make_secret(key: ApiKey) -> str:
    """Gives a key that is about to be saved its secret, which is only returned."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key.prefix, key.key_hash = secret[: len(PREFIX) + 6], _hash(secret)
    return secret


def authenticate(secret: str) -> ApiKey | None:
    """The key with its user, if both are good at this moment; its use is noted. By the database's
    clock."""
    lately = Now() - timedelta(seconds=LAST_USED_SECONDS)
    key = (
        ApiKey.objects.select_related("user")
        .annotate(was_used_lately=Q(last_used_at__gt=lately))
        .filter(Q(expires_at=None) | Q(expires_at__gt=Now()), key_hash=_hash(secret))
        .filter(revoked_at=None, user__is_active=True)
        .first()
    )
    if key and not key.was_used_lately:
        ApiKey.objects.filter(id=key.id).update(last_used_at=Now())
    return key


def revoke(key: ApiKey) -> None:
    """Ends a key, for good and at once. A second time changes nothing."""
    ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=Now())


def _hash(secret: str) -> str:
    # A plain hash is enough for 256 random bits: there is no dictionary of them.
    return hashlib.sha256(secret.encode()).hexdigest()
