"""The permissions that each role has in the admin site.

Users have no groups and no permissions of their own: `User.has_perm` asks here. Each app grants the
permissions for its own models in `AppConfig.ready`.
"""

from __future__ import annotations

from collections import defaultdict

_permissions: defaultdict[str, frozenset[str]] = defaultdict(frozenset)


def grant(role: str, *permissions: str) -> None:
    """Gives a role more permissions. Each is named `app_label.codename`: `users.view_user`.

    The admin pages apply them to rows of the user's own organisation only."""
    _permissions[role] |= frozenset(permissions)


def granted(role: str) -> frozenset[str]:
    """All permissions that were granted to a role."""
    return _permissions.get(role, frozenset())
