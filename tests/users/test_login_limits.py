"""Wrong passwords are limited alike at the API and the admin site, exactly and without Redis."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.contrib.auth import authenticate
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from imports.models import AuditEvent, EventType
from tests.conftest import PASSWORD, ModuleProcess, serve
from tests.core.test_problems import problem_of
from users.credentials.login_limits import LIMITS, network_of
from users.models import LoginAttempts, User

pytestmark = pytest.mark.django_db

HOME, STRANGER = "192.0.2.7", "198.51.100.1"


def api_login(email: str, password: str = "wrong", ip: str = HOME) -> Any:
    sent = {"email": email, "password": password}
    return APIClient().post("/api/v1/auth/token", sent, REMOTE_ADDR=ip)


def admin_login(email: str, password: str = "wrong", ip: str = HOME) -> Any:
    form = {"username": email, "password": password}
    return Client().post("/admin/login/?next=/admin/", form, REMOTE_ADDR=ip)


def set_counter(scope: str, count: int, seconds_left: int = 600) -> None:
    """Changes the counters of a scope, as if so many attempts had been made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE login_attempts SET count = %s,"
            " window_end = clock_timestamp() + %s * interval '1 second' WHERE scope = %s",
            [count, seconds_left, scope],
        )


# --- one limit for every login ----------------------------------------------------------------


@pytest.mark.parametrize("log_in", [api_login, admin_login])
def test_attempts_at_the_api_and_at_the_admin_site_add_up(
    log_in: Callable[..., Any], root: User
) -> None:
    for _ in range(5):
        assert api_login(root.email).status_code == 401
        assert admin_login(root.email.upper()).status_code == 200
    assert log_in(root.email, PASSWORD).status_code == 429
    assert log_in(root.email, PASSWORD, ip=STRANGER).status_code in (200, 302)


def test_the_admin_site_says_what_happened_and_how_long_to_wait(root: User) -> None:
    admin_login(root.email)
    set_counter("account_network", 10, seconds_left=83)
    page = admin_login(root.email, PASSWORD)
    assert page.status_code == 429
    assert int(page["Retry-After"]) in (82, 83)
    text = page.content.decode()
    assert "Too many wrong passwords. The next attempt is possible in 2 min." in text
    assert "correct email" not in text


def test_the_api_says_how_long_to_wait(admin: User) -> None:
    api_login(admin.email)
    set_counter("account_network", 10, seconds_left=83)
    answer = api_login(admin.email, PASSWORD)
    body = problem_of(answer, 429, "too_many_logins")
    assert int(answer["Retry-After"]) in (82, 83)
    assert body["retry_after_seconds"] == int(answer["Retry-After"])


def test_the_password_is_not_looked_at_over_the_limit(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    api_login(admin.email)
    set_counter("account_network", 10)
    monkeypatch.setattr(User, "check_password", lambda *_: pytest.fail("The password was checked"))
    assert api_login(admin.email, PASSWORD).status_code == 429


def test_a_refused_attempt_does_not_lengthen_the_wait(admin: User) -> None:
    api_login(admin.email)
    set_counter("account_network", 10)
    before = list(LoginAttempts.objects.order_by("id").values())
    assert api_login(admin.email).status_code == 429
    assert list(LoginAttempts.objects.order_by("id").values()) == before


def test_a_new_window_begins_after_the_end_of_the_last(admin: User) -> None:
    api_login(admin.email)
    set_counter("account_network", 10, seconds_left=0)
    assert api_login(admin.email).status_code == 401
    assert LoginAttempts.objects.get(scope="account_network").count == 1


def test_right_passwords_are_not_counted(admin: User) -> None:
    assert {api_login(admin.email, PASSWORD).status_code for _ in range(12)} == {200}
    assert set(LoginAttempts.objects.values_list("count", flat=True)) == {0}


def test_unknown_accounts_are_limited_like_others() -> None:
    answers = [api_login("nobody@acme.example").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


# --- networks ---------------------------------------------------------------------------------


def test_a_strangers_network_does_not_lock_the_owners_out(admin: User, viewer: User) -> None:
    for _ in range(10):
        api_login(admin.email, ip=STRANGER)
    assert api_login(admin.email, PASSWORD, ip=STRANGER).status_code == 429
    assert api_login(admin.email, PASSWORD, ip=HOME).status_code == 200
    assert api_login(viewer.email, PASSWORD, ip=STRANGER).status_code == 200


def test_a_network_has_a_limit_over_all_accounts(admin: User) -> None:
    for number in range(50):
        assert api_login(f"nobody{number}@acme.example", ip=STRANGER).status_code == 401
    assert api_login(admin.email, PASSWORD, ip=STRANGER).status_code == 429
    assert api_login(admin.email, PASSWORD, ip=HOME).status_code == 200


def test_an_ipv6_network_of_64_bits_counts_as_one(admin: User) -> None:
    for number in range(10):
        api_login(admin.email, ip=f"2001:db8:0:1::{number:x}")
    assert api_login(admin.email, PASSWORD, ip="2001:db8:0:1:ffff::1").status_code == 429
    assert api_login(admin.email, PASSWORD, ip="2001:db8:0:2::1").status_code == 200
    assert network_of("2001:db8:0:1:ffff::1") == "2001:db8:0:1::/64"
    assert (network_of("192.0.2.7"), network_of("")) == ("192.0.2.7", "")


def test_guessing_from_many_networks_is_limited_and_spares_the_owners_network(
    admin: User,
) -> None:
    assert api_login(admin.email, PASSWORD, ip=HOME).status_code == 200
    for number in range(LIMITS["account"].attempts):
        assert api_login(admin.email, ip=f"198.51.100.{number}").status_code == 401
    assert api_login(admin.email, PASSWORD, ip="203.0.113.1").status_code == 429
    assert api_login(admin.email, PASSWORD, ip=HOME).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("UPDATE login_attempts SET succeeded_at = now() - interval '91 days'")
    assert api_login(admin.email, PASSWORD, ip=HOME).status_code == 429


# --- exact, and without Redis -----------------------------------------------------------------


@pytest.mark.slow
def test_of_24_clients_at_once_exactly_10_are_looked_at_while_redis_hangs(
    start: Callable[..., ModuleProcess], admin: User
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # accepts, and never answers
        url = serve(start, REDIS_URL=f"redis://127.0.0.1:{hanging.getsockname()[1]}/0")
        sent = {"email": admin.email, "password": "wrong"}

        def log_in(_: int) -> requests.Response:
            return requests.post(f"{url}/api/v1/auth/token", json=sent, timeout=60)

        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(log_in, range(24)))
    assert Counter(answer.status_code for answer in answers) == {401: 10, 429: 14}
    waits = [int(answer.headers["Retry-After"]) for answer in answers if answer.status_code == 429]
    assert all(800 < wait <= 900 for wait in waits)


# --- what is stored ---------------------------------------------------------------------------


def test_the_table_holds_neither_an_email_nor_an_ip_address(admin: User) -> None:
    api_login(admin.email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(login_attempts::text, ' ') FROM login_attempts")
        stored = cursor.fetchone()[0]
    assert LoginAttempts.objects.count() == 3
    assert "acme" not in stored
    assert HOME not in stored


def test_old_counters_are_deleted_and_known_networks_kept(admin: User, viewer: User) -> None:
    api_login(admin.email, PASSWORD, ip=HOME)
    api_login(viewer.email, ip=STRANGER)
    for scope in LIMITS:
        set_counter(scope, 1, seconds_left=-1)
    assert LoginAttempts.objects.purge() == 3
    assert LoginAttempts.objects.filter(succeeded_at=None).count() == 0
    assert LoginAttempts.objects.count() == 3


@pytest.mark.parametrize("log_in", [api_login, admin_login])
def test_logins_and_wrong_passwords_are_in_the_audit_trail(
    log_in: Callable[..., Any], root: User, admin: User
) -> None:
    for email, password in (
        (root.email, PASSWORD), (admin.email, "wrong"), ("nobody@acme.example", "wrong")
    ):  # fmt: skip
        log_in(email, password)
    events = (
        AuditEvent.objects.everywhere()
        .order_by("id")
        .values_list(
            "event_type", "user_id", "subject_id", "organisation_id", "client_ip", "source"
        )
    )
    source = "api" if log_in is api_login else "admin"
    refused = EventType.LOGIN_REFUSED
    assert list(events) == [
        (EventType.LOGGED_IN, root.id, None, None, HOME, source),
        (refused, None, admin.id, admin.organisation_id, HOME, source),
        (refused, None, None, None, HOME, source),
    ]


def test_refusals_over_the_limit_leave_no_event(admin: User) -> None:
    for _ in range(15):
        api_login(admin.email)
    assert AuditEvent.objects.everywhere().count() == 10


def test_a_login_in_code_without_a_request_is_limited_too(admin: User) -> None:
    assert authenticate(email=admin.email, password=PASSWORD) == admin
    assert authenticate(email=admin.email, password=None) is None
    assert LoginAttempts.objects.count() == 3


def test_the_audit_page_does_not_take_a_refused_login_for_an_operator(
    root: User, admin: User
) -> None:
    api_login(admin.email)
    client = Client()
    client.force_login(root)
    page = client.get("/admin/imports/auditevent/").content.decode()
    assert "not logged in" in page.partition("result_list")[2].partition("</table>")[0]
    assert "an operator" not in page.partition("result_list")[2].partition("</table>")[0]
