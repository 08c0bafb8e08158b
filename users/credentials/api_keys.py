"""API keys: long-lived secrets for scripts.

Only the hash of a key is stored. The key itself is shown once, when it is created.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.dispatch import Signal

from users.models import ApiKey

PREFIX = "mek_"
# `last_used_at` is written at most once in this time, so that not every request updates the row.
LAST_USED_SECONDS = 60

# Sent in the transaction in which a key is revoked, with `key`. Django's `post_save` tells of new
# keys.
key_revoked = Signal()


@transaction.atomic
def create(
    *, user_id: UUID, organisation_id: UUID, name: str, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Saves a new key. Returns it with its secret, which can't be read again later."""
    key = ApiKey(name=name, organisation_id=organisation_id, user_id=user_id, expires_at=expires_at)
    secret = make_secret(key)
    key.save(force_insert=True)
    return key, secret


def make_secret(key: ApiKey) -> str:
    """Sets the prefix and hash of an unsaved key to those of a new secret. Returns the secret."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key.prefix, key.key_hash = secret[: len(PREFIX) + 6], _hash(secret)
    return secret


def authenticate(secret: str) -> ApiKey | None:
    """The key of this secret with its user, and None unless the key is valid and the user may log
    in.

    Updates `last_used_at`. Times are those of the database's clock."""
    recently = Now() - timedelta(seconds=LAST_USED_SECONDS)
    key = (
        ApiKey.objects.everywhere()
        .select_related("user__organisation")
        .annotate(was_used_recently=Q(last_used_at__gt=recently))
        .filter(Q(expires_at=None) | Q(expires_at__gt=Now()), key_hash=_hash(secret))
        .filter(revoked_at=None)
        .first()
    )
    if key is None or not key.user.may_log_in:
        return None
    if not key.was_used_recently:
        ApiKey.objects.everywhere().filter(id=key.id).update(last_used_at=Now())
    return key


@transaction.atomic
def revoke(key: ApiKey) -> None:
    """Revokes a key at once and for good. Does nothing to a key that is revoked already."""
    if ApiKey.objects.everywhere().filter(id=key.id, revoked_at=None).update(revoked_at=Now()):
        key_revoked.send(ApiKey, key=key)


def _hash(secret: str) -> str:
    # 256 random bits can't be guessed, so a fast hash without a salt is enough.
    return hashlib.sha256(secret.encode()).hexdigest()
