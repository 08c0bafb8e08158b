"""The base class of all tables."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class GenRandomUUID(models.Func):
    """PostgreSQL's `gen_random_uuid()`. With it, an operator's plain INSERT needs no id."""

    function = "gen_random_uuid"
    output_field = models.UUIDField()


class Table(models.Model):
    """`id`, `created_at` and `updated_at`. The database fills the times, by its own clock.

    A trigger (`touch_updated_at`, users/migrations/0002) sets `updated_at` at every UPDATE, also
    those made outside Django. A row that was never updated has `updated_at = created_at`.
    """

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, db_default=GenRandomUUID(), editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
