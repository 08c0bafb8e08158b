"""Permissions at the admin site follow from the role. Each app grants those for its own models."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.conftest import MakeUser
from users import permissions
from users.models import Organisation, User
from users.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    """No app has granted anything."""
    monkeypatch.setattr(permissions, "_permissions", defaultdict(frozenset))


@pytest.mark.usefixtures("no_grants")
def test_without_a_grant_an_administrator_has_no_permission(admin: User) -> None:
    assert not admin.has_perm("users.view_user")
    assert not admin.has_module_perms("users")


@pytest.mark.usefixtures("no_grants")
def test_a_grant_is_for_one_role_one_permission_and_one_app(admin: User, viewer: User) -> None:
    permissions.grant(Role.ADMIN, "shop.view_order")
    assert admin.has_perm("shop.view_order")
    assert admin.has_module_perms("shop")
    assert not admin.has_perm("shop.delete_order")
    assert not admin.has_module_perms("sho")
    assert not viewer.has_perm("shop.view_order")
    assert permissions.granted(Role.VIEWER) == frozenset()


@pytest.mark.usefixtures("no_grants")
def test_a_superuser_needs_no_grant(root: User) -> None:
    assert root.has_perm("shop.delete_order")
    assert root.has_module_perms("shop")


def test_nobody_has_a_permission_while_inactive(make_user: MakeUser, acme: Organisation) -> None:
    gone = make_user("gone@acme.example", Role.ADMIN, acme, is_active=False)
    assert not gone.has_perm("users.view_user")
    assert not gone.has_module_perms("users")


def test_every_app_grants_the_permissions_for_its_own_models() -> None:
    granted = {
        "users.view_user",
        "users.add_user",
        "imports.view_importbatch",
        "imports.view_importerror",
        "imports.view_auditevent",
    }
    assert permissions.granted(Role.ADMIN) == granted
    assert permissions.granted(Role.SUPER_ADMIN) == granted
    assert permissions.granted(Role.ANALYST) == permissions.granted(Role.VIEWER) == frozenset()


@pytest.mark.parametrize("role", Role.values)
def test_only_administrators_and_platform_staff_manage_users(
    role: str, make_user: MakeUser, acme: Organisation, globex: Organisation
) -> None:
    user = make_user("someone@acme.example", role, acme)
    assert user.manages_users == (role in (Role.ADMIN, Role.SUPER_ADMIN))
    assert user.may_manage_users_of(acme.id) == user.manages_users
    assert user.may_manage_users_of(str(globex.id)) == (role == Role.SUPER_ADMIN)
    user.is_active = False
    assert not user.may_manage_users_of(acme.id)
