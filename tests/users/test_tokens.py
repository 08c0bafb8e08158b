"""Refresh tokens: what is stored of them, rotation in a family, and the end of a family."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken as SimpleJwtRefreshToken

from users.credentials import tokens
from users.models import RefreshTokenFamily, User

pytestmark = pytest.mark.django_db


def refreshed(token: str) -> str:
    """The next refresh token."""
    pair = tokens.refresh(token)
    assert pair is not None
    return pair["refresh"]


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
        assert tokens.RefreshToken(token)["jti"] not in stored


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
    late = tokens.RefreshToken(refreshed(token))
    assert late["exp"] - late["iat"] <= 2 * 24 * 3600
    RefreshTokenFamily.objects.update(ends_at=timezone.now())
    assert tokens.refresh(str(late)) is None


def test_tokens_of_the_version_before_do_not_work_and_are_deleted(admin: User) -> None:
    old = str(SimpleJwtRefreshToken.for_user(admin))
    assert tokens.refresh(old) is None
    assert OutstandingToken.objects.exists()
    tokens.purge()
    assert not OutstandingToken.objects.exists()


def test_the_version_before_takes_the_new_tokens_during_a_deployment(admin: User) -> None:
    assert SimpleJwtRefreshToken(tokens.pair(admin)["refresh"]).access_token


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
