"""Organisations: the tenants of the platform."""

from __future__ import annotations

from django.db import models

from core.models import Table


class Organisation(Table):
    """A tenant. No organisation ever sees data of another."""

    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "organisations"
        constraints = [models.UniqueConstraint("name", name="organisations_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
