"""What a user may do. The role decides, and this module is the only place that asks it.

Users have no groups and no permissions of their own. `User.has_perm` and the other methods of
`User` ask here, and so do `imports.actions`. Each app grants the roles the permissions for its own
models in `AppConfig.ready`. Constraints of the table of users hold what is assumed here: the column
`is_superuser` is true for platform staff only, and platform staff belong to no organisation.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from users.rights.roles import USER_MANAGERS, Role

if TYPE_CHECKING:
    from users.models import User

_permissions: defaultdict[str, frozenset[str]] = defaultdict(frozenset)


class Access(Enum):
    """The answer to whether a user may manage the users of an organisation."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"  # their own organisation, but not with their role: 403
    HIDDEN = "hidden"  # another organisation: 404, as if it did not exist


def grant(role: str, *permissions: str) -> None:
    """Gives a role more permissions. Each is named `app_label.codename`: `users.view_user`.

    The admin pages apply them to rows of the user's own organisation only."""
    _permissions[role] |= frozenset(permissions)


def granted(role: str) -> frozenset[str]:
    """All permissions that were granted to a role."""
    return _permissions.get(role, frozenset())


def may_log_in(user: User) -> bool:
    """Whether the user may log in and stay logged in: with password, token, API key or session.

    Nobody of an inactive organisation may."""
    organisation = user.organisation
    return user.is_active and (organisation is None or organisation.is_active)


def has_permission(user: User, permission: str) -> bool:
    """Whether the user has a permission at the admin site. Platform staff have all."""
    is_granted = user.role == Role.SUPER_ADMIN or permission in granted(user.role)
    return is_granted and may_log_in(user)


def manages_users(user: User) -> bool:
    """Whether the user may manage the users of some organisation."""
    return user.is_active and user.role in USER_MANAGERS


def belongs_to(user: User, organisation_id: object) -> bool:
    """Whether the user may see anything of this organisation. Platform staff see all."""
    return user.role == Role.SUPER_ADMIN or str(user.organisation_id) == str(organisation_id)


def access(user: User, organisation_id: object) -> Access:
    """Whether the user may manage the users of this organisation, and if not, what to answer.

    Does not look at whether the organisation is active: callers say that in another sentence."""
    if not belongs_to(user, organisation_id):
        return Access.HIDDEN
    return Access.ALLOWED if manages_users(user) else Access.FORBIDDEN
