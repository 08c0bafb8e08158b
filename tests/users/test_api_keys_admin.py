"""The admin creates API keys, shows them once and revokes them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.conftest import MakeUser
from users.models import ApiKey, Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]
LIST = "/admin/users/apikey/"


@pytest.fixture
def staff(make_user: MakeUser, acme: Organisation) -> User:
    """Acme's administrator, who may log in to the admin."""
    return make_user("staff@acme.example", Role.ADMIN, acme, is_staff=True)


def create_key(client: Client, **form: Any) -> tuple[Any, str]:
    """Creates a key. Returns the answer, and the key on the page ("" where it was refused)."""
    sent = {"name": "HR sync", "expires_at_0": "", "expires_at_1": "", **form}
    answer = client.post(f"{LIST}add/", sent)
    assert answer.status_code == 200
    found = re.search(r'<code id="api-key">([^<]+)</code>', answer.content.decode())
    return answer, found[1] if found else ""


def test_an_administrator_creates_a_key_for_themselves_and_sees_it_once(
    client: Client, staff: User, acme: Organisation
) -> None:
    client.force_login(staff)
    answer, secret = create_key(client)
    key = ApiKey.objects.everywhere().get()
    assert (key.user, key.organisation) == (staff, acme)
    assert "no-store" in answer["Cache-Control"]
    me = APIClient().get("/api/v1/me", headers={"Authorization": f"Api-Key {secret}"})
    assert me.json()["email"] == staff.email
    for page in (LIST, f"{LIST}{key.id}/change/"):
        shown = client.get(page).content.decode()
        assert key.prefix in shown
        assert secret not in shown
        assert key.key_hash not in shown


def test_an_administrator_can_not_create_a_key_for_somebody_else(
    client: Client, staff: User, other_admin: User, globex: Organisation
) -> None:
    client.force_login(staff)
    create_key(client, user=str(other_admin.id), organisation=str(globex.id))
    assert ApiKey.objects.everywhere().get().user == staff


def test_platform_staff_create_keys_for_users_who_may_manage_users(
    client: Client, root: User, admin: User, viewer: User, acme: Organisation, globex: Organisation
) -> None:
    client.force_login(root)
    for user, organisation, is_allowed in (
        (viewer, acme, False), (admin, globex, False), (admin, acme, True)
    ):  # fmt: skip
        _, secret = create_key(client, user=str(user.id), organisation=str(organisation.id))
        assert bool(secret) == is_allowed
    assert ApiKey.objects.everywhere().get().user == admin


def test_a_revoked_key_is_refused_and_stays_in_the_list(client: Client, staff: User) -> None:
    client.force_login(staff)
    _, secret = create_key(client)
    key = ApiKey.objects.everywhere().get()
    client.post(LIST, {"action": "revoke", "_selected_action": [str(key.id)]})
    answer = APIClient().get("/api/v1/me", headers={"Authorization": f"Api-Key {secret}"})
    assert answer.status_code == 401
    assert b"revoked" in client.get(LIST).content


def test_nobody_sees_another_organisations_keys(
    client: Client, staff: User, make_user: MakeUser, globex: Organisation
) -> None:
    client.force_login(staff)
    create_key(client)
    key = ApiKey.objects.everywhere().get()
    client.force_login(make_user("staff@globex.example", Role.ADMIN, globex, is_staff=True))
    assert key.prefix.encode() not in client.get(LIST).content
    assert client.get(f"{LIST}{key.id}/change/").status_code == 404
    client.post(LIST, {"action": "revoke", "_selected_action": [str(key.id)]})
    key.refresh_from_db()
    assert key.revoked_at is None


def test_a_key_is_neither_changed_nor_deleted(client: Client, root: User, admin: User) -> None:
    client.force_login(root)
    create_key(client, user=str(admin.id), organisation=str(admin.organisation_id))
    key = ApiKey.objects.everywhere().get()
    assert client.post(f"{LIST}{key.id}/change/", {"name": "other"}).status_code == 403
    assert client.post(f"{LIST}{key.id}/delete/", {"post": "yes"}).status_code == 403


def test_a_viewer_may_not_create_keys(
    client: Client, make_user: MakeUser, acme: Organisation
) -> None:
    client.force_login(make_user("viewer@acme.example", Role.VIEWER, acme, is_staff=True))
    assert client.get(f"{LIST}add/").status_code == 403
