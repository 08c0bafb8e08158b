"""API keys: long-lived secrets for scripts. Only their hash is kept; the key is shown once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from users.models import ApiKey

PREFIX = "mek_"
# A key that is used all the time is not written at every request.
LAST_USED_SECONDS = 60


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
