"""Rights follow from the role, and constraints of the table hold what the code assumes."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, MakeUser, client_of
from tests.imports.admin.helpers import admin_client
from users.credentials import api_keys, tokens
from users.models import Organisation, User
from users.rights import permissions
from users.rights.roles import Role

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
def test_platform_staff_need_no_grant(root: User) -> None:
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
        "users.change_user",
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
    own = None if role == Role.SUPER_ADMIN else acme
    user = make_user("someone@acme.example", role, own)
    assert user.manages_users == (role in (Role.ADMIN, Role.SUPER_ADMIN))
    assert user.may_manage_users_of(acme.id) == user.manages_users
    assert user.may_manage_users_of(str(globex.id)) == (role == Role.SUPER_ADMIN)
    user.is_active = False
    assert not user.may_manage_users_of(acme.id)


# --- the column is_superuser and the organisation go with the role ------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("is_superuser = true", "users_superuser_is_platform_staff"),
        ("role = 'super_admin'", "users_platform_staff_have_no_organisation"),
    ],
)
def test_the_database_refuses_what_does_not_go_with_the_role(
    change: str, constraint: str, admin: User
) -> None:
    with (
        pytest.raises(IntegrityError, match=constraint),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE users SET {change} WHERE id = %s", [admin.id])


def test_a_demoted_user_keeps_no_power(root: User, acme: Organisation) -> None:
    """As the review did it: a superuser became an analyst, and the flag was left."""
    with (
        pytest.raises(IntegrityError, match="users_superuser_is_platform_staff"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE users SET role = 'analyst' WHERE id = %s", [root.id])
    root.role = Role.ANALYST  # in memory, without the database
    assert root.is_superuser
    assert not root.has_perm("users.add_user")
    assert not root.has_module_perms("users")


def change_form(client: Client, user: User, **changed: Any) -> Any:
    """Posts the form of a user with these changes."""
    url = f"/admin/users/user/{user.id}/change/"
    values = client.get(url).context["adminform"].form.initial
    sent = {name: value for name, value in values.items() if value not in (None, False, "")}
    return client.post(url, sent | {"organisation": user.organisation_id or ""} | changed)


def test_the_admin_site_changes_the_flag_with_the_role(
    root: User, make_user: MakeUser, acme: Organisation
) -> None:
    second = make_user("second@marketedge.example", Role.SUPER_ADMIN, is_superuser=True)
    client = admin_client(root)
    demoted = {"role": "analyst", "organisation": str(acme.id)}
    assert change_form(client, second, **demoted).status_code == 302
    second.refresh_from_db()
    assert (second.role, second.is_superuser) == (Role.ANALYST, False)
    page = change_form(client, second, role="super_admin")
    assert "Platform staff belong to no organisation" in page.content.decode()
    promoted = {"role": "super_admin", "organisation": ""}
    assert change_form(client, second, **promoted).status_code == 302
    second.refresh_from_db()
    assert (second.role, second.is_superuser) == (Role.SUPER_ADMIN, True)


def test_the_migration_lets_old_rows_follow_the_role(root: User, admin: User) -> None:
    constraints = [c for c in User._meta.constraints if "platform_staff" in c.name]
    assert len(constraints) == 2
    with connection.schema_editor() as editor, connection.cursor() as cursor:
        for constraint in constraints:
            editor.remove_constraint(User, constraint)
        cursor.execute("UPDATE users SET is_superuser = true WHERE id = %s", [admin.id])
        organisation = admin.organisation_id
        cursor.execute(
            "UPDATE users SET organisation_id = %s WHERE id = %s", [organisation, root.id]
        )
        cursor.execute(import_module("users.migrations.0011_role_decides_everywhere").CORRECT)
        for constraint in constraints:
            editor.add_constraint(User, constraint)
    admin.refresh_from_db()
    root.refresh_from_db()
    assert (admin.is_superuser, admin.organisation_id) == (False, organisation)
    assert (root.is_superuser, root.organisation_id) == (True, None)


# --- an inactive organisation -------------------------------------------------------------------


def test_nobody_of_an_inactive_organisation_logs_in_or_stays_logged_in(
    admin: User, acme: Organisation
) -> None:
    token, session = client_of(admin), admin_client(admin)
    _, secret = api_keys.create(user_id=admin.id, organisation_id=acme.id, name="sync")
    key = APIClient(headers={"Authorization": f"Api-Key {secret}"})
    pair = tokens.pair(admin)
    clients = (token, session, key)
    assert [client.get("/api/v1/me").status_code for client in clients] == [200, 200, 200]
    acme.is_active = False
    acme.save()
    assert [client.get("/api/v1/me").status_code for client in clients] == [401, 401, 401]
    assert session.get("/admin/").status_code == 302
    assert tokens.refresh(pair["refresh"]) is None
    assert authenticate(email=admin.email, password=PASSWORD) is None
    form = {"username": admin.email, "password": PASSWORD}
    assert Client().post("/admin/login/?next=/admin/", form).status_code == 200
    admin.refresh_from_db()
    assert not admin.has_perm("users.view_user")
    assert not admin.has_module_perms("users")
