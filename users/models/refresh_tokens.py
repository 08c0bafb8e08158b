"""The table of refresh tokens.

The refresh tokens of one login are a family. A family has one row, with the hash of its current
token.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.models import Table

LIFETIME = timedelta(days=30)  # after the login; then the user has to log in again


class RefreshTokenFamilyManager(models.Manager["RefreshTokenFamily"]):
    """Starts and continues families of refresh tokens. Times are those of the database's clock.

    `token_id` is the claim `jti` of a refresh token. It has 128 random bits, so a fast hash without
    a salt is enough."""

    def start(self, user_id: UUID, token_id: str) -> RefreshTokenFamily:
        """Saves the family of a new login, with its first token."""
        return self.create(user_id=user_id, current_hash=_hash(token_id), ends_at=Now() + LIFETIME)

    def rotate(self, family_id: UUID | str, token_id: str, next_id: str) -> datetime | None:
        """Replaces the current token of a family by the next one. Gives the end of the family.

        Gives None, and revokes the family, if its time is over or `token_id` is not its current
        token. In the latter case the token was used before, by its owner or a thief, and both have
        to log in again. Of two calls at the same time only one finds the token current."""
        family = self.filter(id=family_id, revoked_at=None)
        current = family.filter(current_hash=_hash(token_id), ends_at__gt=Now())
        if current.update(current_hash=_hash(next_id)):
            return self.values_list("ends_at", flat=True).get(id=family_id)
        family.update(revoked_at=Now())
        return None

    def end(self, family_id: UUID | str) -> None:
        """Revokes a family. Does nothing to one that is revoked or deleted already."""
        self.filter(id=family_id, revoked_at=None).update(revoked_at=Now())

    def purge(self) -> int:
        """Deletes families whose time is over. Gives their number."""
        return self.filter(ends_at__lt=Now()).delete()[0]


class RefreshTokenFamily(Table):
    """The refresh tokens of one login. Each of them replaces the one before it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False)
    current_hash = models.CharField(max_length=64)
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = RefreshTokenFamilyManager()

    class Meta:
        db_table = "refresh_token_families"
        indexes = [models.Index(fields=["ends_at"], name="refresh_token_families_end")]

    def __str__(self) -> str:
        return f"Refresh tokens {self.id}"


def _hash(token_id: str) -> str:
    return hashlib.sha256(token_id.encode()).hexdigest()
