"""Organisations: the tenants of the platform."""

from __future__ import annotations

from django.db import models

from core.models import Table


class Organisation(Table):
    """A tenant. No organisation ever sees data of another."""

    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True, db_default=True)
    # `users/locale` has the texts.
    language = models.CharField(
        "language of invitations",
        max_length=10,
        choices=[("en", "English"), ("de", "German")],
        blank=True,
        default="",
        db_default="",
        help_text="Without one, that of the service (INVITATION_LANGUAGE).",
    )

    class Meta:
        db_table = "organisations"
        constraints = [models.UniqueConstraint("name", name="organisations_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
