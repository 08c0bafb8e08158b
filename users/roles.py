"""Who may do what: four roles, from most to least."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What `users.role` may hold."""

    SUPER_ADMIN = "super_admin", "Platform staff"
    ADMIN = "admin", "Administrator"
    ANALYST = "analyst", "Analyst"
    VIEWER = "viewer", "Viewer"


IMPORTERS = (Role.SUPER_ADMIN, Role.ADMIN)
