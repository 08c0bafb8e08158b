"""What every table of the service has in common."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class GenRandomUUID(models.Func):
    """PostgreSQL's own `gen_random_uuid()`, so that an operator's plain INSERT needs no id."""

    function = "gen_random_uuid"
    output_field = models.UUIDField()


class Table(models.Model):
    """`id`, `created_at` and `updated_at`, filled by the database: its clock counts.

    A trigger (`touch_updated_at`, users/migrations/0002) writes `updated_at` at every UPDATE,
    whoever makes it, so a row that nobody has touched has `updated_at = created_at`.
    """

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, db_default=GenRandomUUID(), editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
