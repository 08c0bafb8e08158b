"""Logging out and changing the password by the API."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, client_of
from tests.core.test_problems import problem_of
from tests.users.pages.helpers import NEW
from users.credentials import api_keys, tokens
from users.models import User

pytestmark = pytest.mark.django_db
ME, LOGOUT, CHANGE = "/api/v1/me", "/api/v1/auth/logout", "/api/v1/auth/password/change"


def me(pair: dict[str, str]) -> Any:
    return APIClient().get(ME, headers={"Authorization": f"Bearer {pair['access']}"})


# --- logout -------------------------------------------------------------------------------------


def test_a_logout_ends_all_tokens_of_the_login(admin: User) -> None:
    pair, other = tokens.pair(admin), tokens.pair(admin)
    answer = APIClient().post(LOGOUT, {"refresh": pair["refresh"]})
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(me(pair), 401, "token_not_valid")
    refreshed = APIClient().post("/api/v1/auth/refresh", {"refresh": pair["refresh"]})
    problem_of(refreshed, 401, "token_not_valid")
    assert me(other).status_code == 200
    assert APIClient().post(LOGOUT, {"refresh": pair["refresh"]}).status_code == 204


def test_only_a_refresh_token_of_this_service_logs_out(admin: User) -> None:
    pair = tokens.pair(admin)
    for token in (pair["access"], "x", pair["refresh"][:-3] + "abc"):
        problem_of(APIClient().post(LOGOUT, {"refresh": token}), 401, "token_not_valid")
    assert me(pair).status_code == 200


# --- another password -----------------------------------------------------------------------------


def change(client: APIClient, current: str = PASSWORD, password: str = NEW) -> Any:
    return client.post(CHANGE, {"current_password": current, "password": password})


def test_a_new_password_gives_new_tokens_and_ends_the_others(admin: User) -> None:
    before = tokens.pair(admin)
    answer = change(client_of(admin))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    problem_of(me(before), 401, "token_not_valid")
    assert me(answer.json()).status_code == 200
    admin.refresh_from_db()
    assert admin.check_password(NEW)


def test_the_session_that_changes_the_password_goes_on(admin: User) -> None:
    here, elsewhere = APIClient(), APIClient()
    for client in (here, elsewhere):
        client.force_login(admin)
    assert change(here).status_code == 200
    assert here.get(ME).status_code == 200
    problem_of(elsewhere.get(ME), 401, "not_authenticated")


def test_a_wrong_or_a_weak_password_changes_nothing(admin: User) -> None:
    client = client_of(admin)
    body = problem_of(change(client, current="wrong"), 400, "invalid")
    assert body["errors"][0]["field"] == "current_password"
    body = problem_of(change(client, password="short"), 400, "invalid")
    assert body["errors"][0] == {
        "field": "password",
        "code": "password_too_weak",
        "message": "This password is too short. It must contain at least 8 characters.",
    }
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_wrong_passwords_are_limited_like_logins(admin: User) -> None:
    client = client_of(admin)
    answers = [change(client, current="wrong").status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    problem_of(change(client), 429, "too_many_logins")


def test_an_api_key_can_not_change_the_password(admin: User) -> None:
    _, secret = api_keys.create(
        user_id=admin.id, organisation_id=admin.organisation_id or admin.id, name="x"
    )
    client = APIClient(headers={"Authorization": f"Api-Key {secret}"})
    problem_of(change(client), 403, "permission_denied")


# --- the header ----------------------------------------------------------------------------------


def test_a_header_with_more_than_a_token_is_refused(admin: User) -> None:
    access = tokens.pair(admin)["access"]
    for value, code in (
        (f"Bearer {access} x", "bad_authorization_header"),
        ("Bearer", "bad_authorization_header"),
        (f"Basic {access}", "not_authenticated"),
    ):
        problem_of(APIClient().get(ME, headers={"Authorization": value}), 401, code)
    lower = APIClient().get(ME, headers={"Authorization": f"bearer {access}"})
    assert lower.status_code == 200
