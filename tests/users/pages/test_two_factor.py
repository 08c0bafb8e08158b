"""The second factor of platform staff: at the login page, the admin site and the API."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.test import APIClient

from imports.models import AuditEvent, EventType
from tests.conftest import PASSWORD, client_of
from tests.core.test_problems import problem_of
from tests.users.pages.helpers import text_of
from users.accounts import second_factor
from users.credentials import api_keys, tokens
from users.models import Organisation, User

pytestmark = pytest.mark.django_db
PAGE, CODE = "/account/two-factor", "/login/code"


def code_of(user: User, steps: int = 0) -> str:
    """What the app of the user shows now, or some steps later."""
    device = TOTPDevice.objects.get(user=user)
    app = TOTP(device.bin_key)
    app.time = time.time() + 30 * steps
    return f"{app.token():06d}"


def wrong_code(user: User) -> str:
    right = {code_of(user, steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in right)


@pytest.fixture
def protected(root: User) -> tuple[User, list[str]]:
    """Platform staff with a second factor, and the recovery codes."""
    second_factor.prepare(root)
    codes = second_factor.switch_on(root, code_of(root, -1))
    assert codes
    return root, codes


def after_password(user: User, url: str = "/login", **extra: str) -> Client:
    """A browser in which the right password was given."""
    browser = Client()
    form = {"username": user.email, "password": PASSWORD, **extra}
    answer = browser.post(url, form)
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    return browser


def let_time_pass() -> None:
    """django-otp makes who gave a wrong code wait."""
    for device in (TOTPDevice, StaticDevice):
        device.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)


# --- switching it on and off ----------------------------------------------------------------------


def test_platform_staff_switch_it_on_with_the_first_code(root: User) -> None:
    browser = Client()
    browser.force_login(root)
    page = browser.get(PAGE)
    key = TOTPDevice.objects.get().bin_key
    assert "data:image/svg+xml" in page.content.decode()
    shown = re.search(r"<code>([A-Z2-7 ]+)</code>", page.content.decode())
    assert shown
    assert b32decode(shown[1].replace(" ", "")) == key
    assert browser.post(PAGE, {"code": wrong_code(root)}).status_code == 400
    assert not second_factor.is_on(root)
    let_time_pass()
    page = browser.post(PAGE, {"code": code_of(root)})
    codes = re.findall(r"<li>([a-z]{6}-[a-z]{6})</li>", page.content.decode())
    assert len(set(codes)) == 10
    assert second_factor.is_on(root)
    assert "10 of your recovery codes are left" in text_of(browser.get(PAGE))
    assert browser.get("/account").status_code == 200  # the session goes on
    event = AuditEvent.objects.everywhere().latest("id")
    assert (event.event_type, event.user_id) == (EventType.TWO_FACTOR_ON, root.id)


def test_others_find_no_such_page(admin: User) -> None:
    browser = Client()
    assert browser.get(PAGE)["Location"] == f"/login?next={PAGE}"
    browser.force_login(admin)
    assert browser.get(PAGE).status_code == 404
    assert PAGE not in browser.get("/account").content.decode()


def test_it_is_switched_off_with_a_code_only(protected: tuple[User, list[str]]) -> None:
    user, codes = protected
    browser = Client()
    browser.force_login(user)
    assert browser.post(PAGE, {"code": wrong_code(user), "do": "off"}).status_code == 400
    assert browser.post(PAGE, {"do": "off"}).status_code == 400
    let_time_pass()
    assert second_factor.is_on(user)
    assert browser.post(PAGE, {"code": codes[0], "do": "off"}).status_code == 302
    assert not second_factor.is_on(user)
    event = AuditEvent.objects.everywhere().latest("id")
    assert (event.event_type, event.user_id) == (EventType.TWO_FACTOR_OFF, user.id)


def test_new_recovery_codes_replace_those_of_before(protected: tuple[User, list[str]]) -> None:
    user, codes = protected
    browser = Client()
    browser.force_login(user)
    page = browser.post(PAGE, {"code": code_of(user), "do": "codes"}).content.decode()
    new = re.findall(r"<li>([a-z]{6}-[a-z]{6})</li>", page)
    assert len(new) == 10
    assert not second_factor.check(user, codes[1], "192.0.2.1")
    let_time_pass()
    assert second_factor.check(user, new[1], "192.0.2.1")


# --- logging in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/login", "/admin/login/"])
def test_a_login_asks_for_the_code_after_the_password(
    protected: tuple[User, list[str]], url: str
) -> None:
    user, _ = protected
    browser = after_password(user, url, next="/admin/users/user/")
    assert browser.get("/account").status_code == 302  # not logged in yet
    assert browser.get("/admin/").status_code == 302
    page = browser.post(CODE, {"code": wrong_code(user)})
    assert page.status_code == 400
    assert "This code is not right." in text_of(page)
    let_time_pass()
    before = browser.session.session_key
    answer = browser.post(CODE, {"code": code_of(user)})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/users/user/")
    assert browser.session.session_key != before
    assert browser.get("/admin/users/user/").status_code == 200


def test_a_code_works_once(protected: tuple[User, list[str]]) -> None:
    user, codes = protected
    for code in (code_of(user), codes[0], codes[1].upper().replace("-", " ")):
        first, second = after_password(user), after_password(user)
        assert first.post(CODE, {"code": code}).status_code == 302
        assert second.post(CODE, {"code": code}).status_code == 400
        let_time_pass()


@pytest.mark.django_db(transaction=True)
def test_of_requests_with_one_code_at_the_same_time_one_gets_in(
    server: str, root: User, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    root.set_password(PASSWORD)
    root.save()
    second_factor.prepare(root)
    codes = second_factor.switch_on(root, code_of(root, -1))
    assert codes
    sent = {"email": root.email, "password": PASSWORD, "otp": codes[0]}

    def log_in(_: int) -> int:
        return requests.post(f"{server}/api/v1/auth/token", json=sent, timeout=60).status_code

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(log_in, range(6))) == {200: 1, 401: 5}


def test_the_code_alone_is_not_enough_and_the_password_is_valid_for_minutes(
    protected: tuple[User, list[str]],
) -> None:
    user, codes = protected
    assert Client().post(CODE, {"code": codes[0]})["Location"] == "/login"
    for change in ("time", "password"):
        browser = after_password(user)
        if change == "time":
            session = browser.session
            session["second_factor"][2] = time.time() - 1
            session.save()
        else:
            user.set_password("another one")
            user.save()
        assert browser.post(CODE, {"code": codes[1]})["Location"] == "/login"
        assert "_auth_user_id" not in browser.session


def test_wrong_codes_are_limited_like_wrong_passwords(protected: tuple[User, list[str]]) -> None:
    user, codes = protected
    browser = after_password(user)
    for _ in range(10):
        assert browser.post(CODE, {"code": "wrong"}).status_code == 400
    answer = browser.post(CODE, {"code": codes[0]})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_the_api_asks_for_the_code(protected: tuple[User, list[str]]) -> None:
    user, _ = protected
    sent = {"email": user.email, "password": PASSWORD}

    def log_in(**more: str) -> Any:
        return APIClient().post("/api/v1/auth/token", {**sent, **more})

    problem_of(log_in(), 401, "otp_required")
    problem_of(log_in(otp=wrong_code(user)), 401, "otp_not_valid")
    let_time_pass()
    problem_of(log_in(otp=code_of(user), password="wrong"), 401, "login_failed")
    code = code_of(user)
    answer = log_in(otp=code)
    assert answer.status_code == 200
    problem_of(log_in(otp=code), 401, "otp_not_valid")


def test_a_login_without_a_second_factor_ignores_the_code(admin: User) -> None:
    sent = {"email": admin.email, "password": PASSWORD, "otp": "123456"}
    assert APIClient().post("/api/v1/auth/token", sent).status_code == 200


# --- STAFF_TOTP_REQUIRED --------------------------------------------------------------------------


def test_where_it_is_required_staff_without_it_get_no_further(
    root: User, admin: User, acme: Organisation, settings: Any
) -> None:
    pair = tokens.pair(root)
    _, key = api_keys.create(user_id=root.id, organisation_id=acme.id, name="nightly")
    settings.STAFF_TOTP_REQUIRED = True
    browser = Client()
    browser.force_login(root)
    for path in ("/account", "/admin/", "/admin/users/user/", "/password/change", "/login"):
        assert browser.get(path)["Location"] == PAGE, path
    assert browser.get("/healthz").status_code == 200
    problem_of(browser.get("/api/v1/me"), 403, "otp_setup_required")
    headers = {"Authorization": f"Bearer {pair['access']}"}
    problem_of(APIClient().get("/api/v1/me", headers=headers), 403, "otp_setup_required")
    sent = {"email": root.email, "password": PASSWORD}
    problem_of(APIClient().post("/api/v1/auth/token", sent), 403, "otp_setup_required")
    page = browser.get(PAGE)
    assert "Your account needs a second factor before you can go on." in text_of(page)
    assert browser.post(PAGE, {"code": code_of(root)}).status_code == 200
    assert browser.get("/account").status_code == 200
    assert browser.post("/logout").status_code == 302
    # An API key is made by somebody who has logged in, and works on.
    assert APIClient(headers={"Authorization": f"Api-Key {key}"}).get("/api/v1/me").status_code == (
        200
    )
    assert client_of(admin).get("/api/v1/me").status_code == 200


def test_where_it_is_required_it_can_not_be_switched_off_for_long(
    protected: tuple[User, list[str]], settings: Any
) -> None:
    user, codes = protected
    settings.STAFF_TOTP_REQUIRED = True
    browser = Client()
    browser.force_login(user)
    assert browser.get("/account").status_code == 200
    browser.post(PAGE, {"code": codes[0], "do": "off"})
    assert browser.get("/account")["Location"] == PAGE


# --- what is stored -------------------------------------------------------------------------------


def test_no_table_holds_a_recovery_code(protected: tuple[User, list[str]]) -> None:
    _, codes = protected
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM otp_static_statictoken t")
        stored = cursor.fetchone()[0]
    assert stored
    for code in codes:
        assert code not in stored
        assert code.replace("-", "") not in stored


def test_a_user_with_a_second_factor_can_be_deleted_with_sql(
    protected: tuple[User, list[str]],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [protected[0].id])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not TOTPDevice.objects.exists()


def test_whoever_is_no_longer_staff_still_needs_the_code(
    protected: tuple[User, list[str]], acme: Organisation
) -> None:
    user, codes = protected
    User.objects.everywhere().filter(id=user.id).update(
        role="admin", organisation=acme, is_superuser=False
    )
    browser = after_password(user)
    assert browser.post(CODE, {"code": codes[0]}).status_code == 302
    assert browser.post(PAGE, {"code": codes[1], "do": "off"}).status_code == 302
    assert browser.get(PAGE).status_code == 404
