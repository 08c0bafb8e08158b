"""The four roles, and which of them manage users."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """The values of `users.role`, from most to fewest rights."""

    SUPER_ADMIN = "super_admin", "Platform staff"
    ADMIN = "admin", "Administrator"
    ANALYST = "analyst", "Analyst"
    VIEWER = "viewer", "Viewer"


# The roles that may add users to an organisation, view them and make API keys for it.
USER_MANAGERS = (Role.SUPER_ADMIN, Role.ADMIN)


def is_above(role: str, other: str) -> bool:
    """Whether a role has more rights than another one."""
    order = Role.values
    return order.index(role) < order.index(other)
