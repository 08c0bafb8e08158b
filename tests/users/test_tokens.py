"""Refresh tokens: what is stored of them, rotation in a family, and the end of a family."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from django.conf import settings
from django.db import connection
from django.utils import timezone

from users.credentials import tokens
from users.models import RefreshTokenFamily, User

pytestmark = pytest.mark.django_db


def refreshed(token: str) -> str:
    """The next refresh token."""
    pair = tokens.refresh(token)
    assert pair is not None
    return pair["refresh"]


def claims_of(token: str, kind: str = tokens.REFRESH) -> dict[str, Any]:
    """What a token says."""
    claims = tokens.claims_of(token, kind)
    assert claims is not None
    return claims


def signed(**claims: Any) -> str:
    """A token with a signature that is right."""
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")


def token_of_before(user: User, kind: str, **more: Any) -> str:
    """A token as djangorestframework_simplejwt made it for the version before."""
    now = int(time.time())
    return signed(
        token_type=kind,
        exp=now + 900,
        iat=now,
        jti="0123456789abcdef0123456789abcdef",
        user_id=str(user.id),
        hash_password=hashlib.md5(user.password.encode()).hexdigest().upper(),
        **more,
    )


def every_stored_text() -> str:
    """All rows of all tables as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_no_table_holds_a_refresh_token_or_its_id(admin: User) -> None:
    first = tokens.pair(admin)["refresh"]
    second = refreshed(first)
    stored = every_stored_text()
    assert str(admin.id) in stored
    for token in (first, second):
        assert token not in stored
        assert claims_of(token)["jti"] not in stored


def test_a_family_has_many_tokens_and_one_row(admin: User) -> None:
    token = tokens.pair(admin)["refresh"]
    for _ in range(5):
        token = refreshed(token)
    assert RefreshTokenFamily.objects.get().user == admin


def test_a_reused_token_ends_its_family_and_no_other(admin: User) -> None:
    stolen, other = tokens.pair(admin)["refresh"], tokens.pair(admin)["refresh"]
    current = refreshed(refreshed(stolen))
    assert tokens.refresh(stolen) is None
    assert tokens.refresh(current) is None
    assert RefreshTokenFamily.objects.exclude(revoked_at=None).count() == 1
    refreshed(other)


def test_of_concurrent_refreshes_with_one_token_one_gets_tokens(server: str, admin: User) -> None:
    token = tokens.pair(admin)["refresh"]

    def refresh(_: int) -> int:
        url = f"{server}/api/v1/auth/refresh"
        return requests.post(url, json={"refresh": token}, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(refresh, range(8))) == {200: 1, 401: 7}
    assert RefreshTokenFamily.objects.get().revoked_at is not None


def test_a_family_ends_30_days_after_the_login(admin: User) -> None:
    token = tokens.pair(admin)["refresh"]
    family = RefreshTokenFamily.objects.get()
    assert abs(family.ends_at - family.created_at - timedelta(days=30)) < timedelta(seconds=1)
    RefreshTokenFamily.objects.update(ends_at=timezone.now() + timedelta(days=2))
    late = refreshed(token)
    assert claims_of(late)["exp"] - claims_of(late)["iat"] <= 2 * 24 * 3600
    RefreshTokenFamily.objects.update(ends_at=timezone.now())
    assert tokens.refresh(late) is None


# --- the version before ----------------------------------------------------------


def test_refresh_tokens_of_the_version_before_work_on(admin: User) -> None:
    family = RefreshTokenFamily.objects.start(admin.id, "0123456789abcdef0123456789abcdef")
    old = token_of_before(admin, "refresh", family=str(family.id))
    assert tokens.refresh(refreshed(old)) is not None
    assert tokens.refresh(old) is None  # used


def test_access_tokens_of_the_version_before_work_on(admin: User) -> None:
    claims = claims_of(token_of_before(admin, "access"), tokens.ACCESS)
    assert tokens.user_of(claims) == admin
    admin.set_password("another one")
    admin.save()
    assert tokens.user_of(claims) is None


def test_the_version_before_takes_the_new_tokens_during_a_deployment(admin: User) -> None:
    """It looks at these claims, and at nothing else."""
    claims = claims_of(tokens.pair(admin)["refresh"])
    before = claims_of(token_of_before(admin, "refresh", family=claims["family"]))
    for name in ("token_type", "user_id", "hash_password", "family"):
        assert claims[name] == before[name]


def test_refresh_tokens_without_a_family_do_not_work(admin: User) -> None:
    assert tokens.refresh(token_of_before(admin, "refresh")) is None


@pytest.mark.parametrize("has_table", [True, False])
def test_the_table_of_earlier_versions_is_emptied_where_it_exists(has_table: bool) -> None:
    with connection.cursor() as cursor:
        if has_table:
            cursor.execute("CREATE TABLE token_blacklist_outstandingtoken (token text)")
            cursor.execute("INSERT INTO token_blacklist_outstandingtoken VALUES ('secret')")
        tokens.purge()
        if has_table:
            cursor.execute("SELECT count(*) FROM token_blacklist_outstandingtoken")
            assert cursor.fetchone() == (0,)


# --- the end of a login ----------------------------------------------------------


def test_a_logout_ends_access_and_refresh_tokens_of_this_login_only(admin: User) -> None:
    ended, other = tokens.pair(admin), tokens.pair(admin)
    newest = refreshed(ended["refresh"])
    assert tokens.log_out(ended["refresh"])  # an older one of the family will do
    assert tokens.refresh(newest) is None
    assert tokens.user_of(claims_of(ended["access"], tokens.ACCESS)) is None
    assert tokens.user_of(claims_of(other["access"], tokens.ACCESS)) == admin
    assert tokens.log_out(ended["refresh"])


def test_a_reused_token_ends_the_access_tokens_of_its_family_too(admin: User) -> None:
    pair = tokens.pair(admin)
    refreshed(pair["refresh"])
    assert tokens.refresh(pair["refresh"]) is None
    assert tokens.user_of(claims_of(pair["access"], tokens.ACCESS)) is None


@pytest.mark.parametrize("how", ["by the model", "by SQL"])
def test_who_is_deactivated_has_to_log_in_again_when_active_again(admin: User, how: str) -> None:
    pair, session = tokens.pair(admin), admin.get_session_auth_hash()
    for is_active in (False, True):
        if how == "by SQL":
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE users SET is_active = %s WHERE id = %s", [is_active, admin.id]
                )
        else:
            admin.is_active = is_active
            admin.save()  # the same object, which knows nothing of what the database has set
    admin.refresh_from_db()
    assert admin.may_log_in
    assert admin.get_session_auth_hash() != session
    assert tokens.user_of(claims_of(pair["access"], tokens.ACCESS)) is None
    assert tokens.refresh(pair["refresh"]) is None
    refreshed(tokens.pair(admin)["refresh"])


def test_a_new_password_and_deactivation_end_the_families_in_the_table(
    admin: User, viewer: User
) -> None:
    for user in (admin, viewer):
        tokens.pair(user)
    admin.set_password("another one")
    admin.save()
    User.objects.everywhere().filter(id=viewer.id).update(is_active=False)
    assert not RefreshTokenFamily.objects.filter(revoked_at=None).exists()


def test_other_changes_of_a_user_end_nothing(admin: User) -> None:
    pair = tokens.pair(admin)
    admin.first_name = "Augusta"
    admin.save()
    assert tokens.user_of(claims_of(pair["access"], tokens.ACCESS)) == admin
    assert RefreshTokenFamily.objects.get().revoked_at is None


# --- what is no token ----------------------------------------------------------


def test_tokens_that_this_service_did_not_sign_are_refused(admin: User) -> None:
    good = claims_of(tokens.pair(admin)["access"], tokens.ACCESS)
    other_key = jwt.encode(good, "x" * 40, algorithm="HS256")
    unsigned = jwt.encode(good, None, algorithm="none")
    other_algorithm = jwt.encode(good, settings.SECRET_KEY, algorithm="HS512")
    late = signed(**good | {"exp": int(time.time()) - 1})
    endless = signed(**{name: value for name, value in good.items() if name != "exp"})
    for token in (other_key, unsigned, other_algorithm, late, endless, "", "a.b.c", "é", "\ud800"):
        assert tokens.claims_of(token, tokens.ACCESS) is None
    assert tokens.claims_of(signed(**good), tokens.ACCESS) == good


def test_a_clock_that_is_ahead_on_the_machine_that_made_it_does_no_harm(admin: User) -> None:
    good = claims_of(tokens.pair(admin)["access"], tokens.ACCESS)
    ahead = signed(**good | {"iat": int(time.time()) + 60})
    assert tokens.user_of(claims_of(ahead, tokens.ACCESS)) == admin


def test_an_access_token_costs_one_query(admin: User, django_assert_num_queries: Any) -> None:
    access = tokens.pair(admin)["access"]
    with django_assert_num_queries(1):
        assert tokens.user_of(claims_of(access, tokens.ACCESS)) == admin


# --- retention ----------------------------------------------------------


def test_only_ended_families_are_deleted(admin: User) -> None:
    tokens.pair(admin)
    tokens.pair(admin)
    some = RefreshTokenFamily.objects.values("id")[:1]
    RefreshTokenFamily.objects.filter(id__in=some).update(ends_at=timezone.now())
    assert tokens.purge() == 1
    assert RefreshTokenFamily.objects.count() == 1


def test_a_deleted_users_families_are_deleted_by_the_database(admin: User) -> None:
    tokens.pair(admin)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [admin.id])
    assert not RefreshTokenFamily.objects.exists()
