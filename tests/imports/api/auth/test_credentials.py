"""Tokens, API keys and sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, MakeUser, client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    csv_upload,
    import_file,
    imports_url,
)
from users.credentials import api_keys, tokens
from users.models import ApiKey, Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]
ME = "/api/v1/me"


def log_in(email: str, password: str = PASSWORD, **extra: Any) -> Any:
    sent = {"email": email, "password": password}
    return APIClient().post("/api/v1/auth/token", sent, **extra)


def refresh(token: str) -> Any:
    return APIClient().post("/api/v1/auth/refresh", {"refresh": token})


def me(access: str) -> Any:
    return APIClient().get(ME, headers={"Authorization": f"Bearer {access}"})


# --- logging in -------------------------------------------------------------------------------


def test_wrong_password_unknown_email_and_inactive_account_get_the_same_answer(
    admin: User, make_user: MakeUser
) -> None:
    make_user("gone@acme.example", is_active=False)
    answers = [
        log_in(admin.email, "wrong"),
        log_in("nobody@acme.example"),
        log_in("gone@acme.example"),
    ]
    for answer in answers:
        problem_of(answer, 401, "login_failed")
    assert len({answer.content for answer in answers}) == 1


def test_logging_in_sets_last_login(admin: User) -> None:
    log_in(admin.email)
    admin.refresh_from_db()
    assert admin.last_login is not None


def test_an_access_token_is_valid_for_fifteen_minutes(admin: User) -> None:
    claims = tokens.claims_of(log_in(admin.email).json()["access"], tokens.ACCESS)
    assert claims is not None
    assert claims["exp"] - claims["iat"] == 15 * 60


# --- refresh ----------------------------------------------------------------------------------


def test_a_refresh_token_that_is_used_twice_ends_its_family(admin: User) -> None:
    """So the thief of an old token gets nothing, and the owner of a stolen one learns of it."""
    first = log_in(admin.email).json()
    second = refresh(first["refresh"])
    assert second.status_code == 200
    assert me(second.json()["access"]).status_code == 200
    problem_of(refresh(first["refresh"]), 401, "token_not_valid")
    problem_of(refresh(second.json()["refresh"]), 401, "token_not_valid")
    assert refresh(log_in(admin.email).json()["refresh"]).status_code == 200


def test_an_access_token_is_no_refresh_token(admin: User) -> None:
    problem_of(refresh(log_in(admin.email).json()["access"]), 401, "token_not_valid")


def test_a_refresh_token_is_no_access_token(admin: User) -> None:
    problem_of(me(log_in(admin.email).json()["refresh"]), 401, "token_not_valid")


# --- revoked tokens -----------------------------------------------------------------------


def test_a_deactivated_users_tokens_are_refused_at_once(admin: User) -> None:
    pair = log_in(admin.email).json()
    assert me(pair["access"]).status_code == 200
    User.objects.everywhere().filter(id=admin.id).update(is_active=False)
    problem_of(me(pair["access"]), 401, "token_not_valid")
    problem_of(refresh(pair["refresh"]), 401, "token_not_valid")


def test_a_new_password_ends_all_earlier_tokens(admin: User) -> None:
    pair = log_in(admin.email).json()
    admin.set_password("another one")
    admin.save()
    problem_of(me(pair["access"]), 401, "token_not_valid")
    problem_of(refresh(pair["refresh"]), 401, "token_not_valid")
    assert me(log_in(admin.email, "another one").json()["access"]).status_code == 200


def test_a_changed_role_takes_effect_at_once(admin: User, acme: Organisation) -> None:
    client = client_of(admin)
    User.objects.everywhere().filter(id=admin.id).update(role=Role.VIEWER)
    problem_of(client.get(imports_url(acme)), 403, "permission_denied")


def test_a_user_can_be_deleted_with_sql(admin: User) -> None:
    refresh(log_in(admin.email).json()["refresh"])
    api_keys.create(user_id=admin.id, organisation_id=admin.organisation_id, name="x")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [admin.id])
    assert not ApiKey.objects.everywhere().exists()


# --- API keys ---------------------------------------------------------------------------------


@pytest.fixture
def key(admin: User, acme: Organisation) -> tuple[ApiKey, str]:
    return api_keys.create(user_id=admin.id, organisation_id=acme.id, name="HR sync")


@pytest.mark.parametrize("scheme", ["Api-Key", "api-key", "Bearer"])
def test_a_key_imports_as_its_user(
    key: tuple[ApiKey, str], acme: Organisation, admin: User, scheme: str
) -> None:
    client = APIClient(headers={"Authorization": f"{scheme} {key[1]}"})
    assert import_file(client, acme).uploaded_by_id == admin.id
    assert client.get(ME).json()["email"] == admin.email


def test_only_the_hash_of_a_key_is_stored(key: tuple[ApiKey, str]) -> None:
    stored, secret = key
    assert len(secret) > 40
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_api_keys::text FROM user_api_keys")
        row = cursor.fetchone()[0]
    assert secret[12:] not in row
    assert secret.startswith(stored.prefix)


@pytest.mark.parametrize("end", ["revoked", "expired", "deactivated"])
def test_a_key_stops_working_at_once(key: tuple[ApiKey, str], admin: User, end: str) -> None:
    client = APIClient(headers={"Authorization": f"Api-Key {key[1]}"})
    assert client.get(ME).status_code == 200
    if end == "revoked":
        api_keys.revoke(key[0])
    elif end == "expired":
        past = timezone.now() - timedelta(seconds=1)
        ApiKey.objects.everywhere().filter(id=key[0].id).update(expires_at=past)
    else:
        User.objects.everywhere().filter(id=admin.id).update(is_active=False)
    problem_of(client.get(ME), 401, "api_key_not_valid")


def test_a_key_of_platform_staff_is_for_one_organisation(
    root: User, acme: Organisation, globex: Organisation
) -> None:
    _, secret = api_keys.create(user_id=root.id, organisation_id=acme.id, name="migration")
    client = APIClient(headers={"Authorization": f"Api-Key {secret}"})
    assert client.get(imports_url(acme)).status_code == 200
    problem_of(client.get(imports_url(globex)), 404, "not_found")
    problem_of(
        client.post(imports_url(globex), {"file": csv_upload()}, format="multipart"),
        404,
        "not_found",
    )


def test_the_last_use_of_a_key_is_not_written_at_every_request(
    key: tuple[ApiKey, str], django_assert_num_queries: Any
) -> None:
    client = APIClient(headers={"Authorization": f"Api-Key {key[1]}"})
    client.get(ME)
    key[0].refresh_from_db()
    assert key[0].last_used_at is not None
    with django_assert_num_queries(1):  # the key with its user and their organisation
        client.get(ME)


# --- the session of a browser -----------------------------------------------------------------


def test_a_session_can_post_only_with_its_csrf_token(admin: User, acme: Organisation) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.get(imports_url(acme)).status_code == 200
    refused = client.post(imports_url(acme), {"file": csv_upload()}, format="multipart")
    problem_of(refused, 403, "csrf_failed")
    client.cookies["csrftoken"] = token = "a" * 32
    headers = {"X-CSRFToken": token}
    answer = client.post(
        imports_url(acme), {"file": csv_upload()}, format="multipart", headers=headers
    )
    assert answer.status_code == 202
