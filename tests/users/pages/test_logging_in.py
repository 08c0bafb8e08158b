"""The login page, logging out, and the page of one's own account."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from imports.models import AuditEvent, EventType
from tests.conftest import PASSWORD, MakeUser
from tests.users.pages.helpers import text_of
from users.models import LoginAttempts, Organisation, User

pytestmark = pytest.mark.django_db


def log_in(user: User, url: str = "/login", password: str = PASSWORD, **extra: Any) -> Any:
    return Client().post(url, {"username": user.email, "password": password, **extra})


def session_of(user: User) -> Client:
    browser = Client()
    assert browser.post("/login", {"username": user.email, "password": PASSWORD}).status_code == 302
    return browser


# --- logging in ---------------------------------------------------------------------------------


def test_who_belongs_to_an_organisation_lands_on_its_page(
    viewer: User, admin: User, make_user: MakeUser, acme: Organisation
) -> None:
    analyst = make_user("analyst@acme.example", "analyst", acme, is_staff=True)
    User.objects.everywhere().filter(id=admin.id).update(is_staff=True)
    for user in (viewer, admin, analyst):
        assert log_in(user)["Location"] == "/"


def test_platform_staff_land_on_the_admin_site_where_there_is_one(
    root: User, settings: Any
) -> None:
    assert log_in(root)["Location"] == "/admin/"
    settings.FEATURE_ADMIN_PANEL = False
    assert log_in(root)["Location"] == "/account"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "/login",
        "/login?next=/login",
    ],
)
def test_next_leads_to_no_other_host_and_not_in_a_circle(viewer: User, url: str) -> None:
    assert log_in(viewer, next=url)["Location"] == "/"
    browser = Client()
    browser.force_login(viewer)
    answer = browser.get("/login", {"next": url})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_next_leads_to_a_page_of_this_service(viewer: User) -> None:
    page = Client().get("/password/change")
    assert page["Location"] == "/login?next=/password/change"
    assert 'value="/password/change"' in Client().get(page["Location"]).content.decode()
    assert log_in(viewer, next="/password/change")["Location"] == "/password/change"


def test_a_login_gets_a_new_session_key(viewer: User) -> None:
    browser = Client()
    session = browser.session
    session["x"] = 1
    session.save()
    browser.post("/login", {"username": viewer.email, "password": PASSWORD})
    assert browser.session.session_key != session.session_key


def test_the_same_answer_for_all_reasons_to_refuse(
    viewer: User, make_user: MakeUser, acme: Organisation
) -> None:
    gone = make_user("gone@acme.example", is_active=False)
    invited = make_user("new@acme.example", organisation=acme)
    invited.set_unusable_password()
    invited.save()
    nobody = User(email="nobody@acme.example")
    answers = [log_in(viewer, password="wrong"), *map(log_in, (gone, invited, nobody))]
    assert {answer.status_code for answer in answers} == {200}
    assert len({text_of(answer) for answer in answers}) == 1
    assert "No active account has this e-mail address and password." in text_of(answers[0])


def test_attempts_add_up_with_those_at_the_other_doors(root: User) -> None:
    for _ in range(4):
        log_in(root, password="wrong")
        log_in(root, "/admin/login/", password="wrong")
    for _ in range(2):
        sent = {"email": root.email, "password": "wrong"}
        Client().post("/api/v1/auth/token", sent, "application/json")
    answer = log_in(root)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Too many wrong passwords. The next attempt is possible in 15 min." in text_of(answer)


def test_a_login_is_not_counted_and_is_in_the_audit_trail(viewer: User) -> None:
    log_in(viewer)
    assert set(LoginAttempts.objects.values_list("count", flat=True)) == {0}
    event = AuditEvent.objects.everywhere().get()
    assert (event.event_type, event.user_id, event.source) == (
        EventType.LOGGED_IN,
        viewer.id,
        "page",
    )


def test_the_form_needs_a_csrf_token(viewer: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    form = {"username": viewer.email, "password": PASSWORD}
    assert browser.post("/login", form).status_code == 403
    assert browser.post("/logout").status_code == 403


# --- logging out --------------------------------------------------------------------------------


def test_logging_out_is_a_post(viewer: User) -> None:
    browser = session_of(viewer)
    key = browser.session.session_key
    assert browser.get("/logout").status_code == 405
    assert browser.get("/account").status_code == 200
    answer = browser.post("/logout", {"next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (302, "/login")
    assert "You have logged out." in text_of(browser.get("/login"))
    browser.cookies["sessionid"] = str(key)
    assert browser.get("/account").status_code == 302


# --- the end of a session -------------------------------------------------------------------------


def test_deactivation_ends_a_session_for_good(viewer: User) -> None:
    browser = session_of(viewer)
    for is_active in (False, True):
        User.objects.everywhere().filter(id=viewer.id).update(is_active=is_active)
        assert browser.get("/account").status_code == 302
    assert session_of(viewer).get("/account").status_code == 200


def test_nobody_of_an_inactive_organisation_is_logged_in(viewer: User, acme: Organisation) -> None:
    browser = session_of(viewer)
    Organisation.objects.filter(id=acme.id).update(is_active=False)
    assert browser.get("/account").status_code == 302
    assert log_in(viewer).status_code == 200


def test_a_new_password_by_somebody_else_ends_a_session(viewer: User) -> None:
    browser = session_of(viewer)
    viewer.set_password("another one")
    viewer.save()
    assert browser.get("/account").status_code == 302


# --- the account ----------------------------------------------------------------------------------


def test_the_account_shows_who_one_is(viewer: User) -> None:
    viewer.market_edge_access = True
    viewer.save()
    page = session_of(viewer).get("/account")
    text = text_of(page)
    for part in ("Ada Lovelace", viewer.email, "Acme", "Viewer", "MarketEdge"):
        assert part in text
    assert "Administration" not in text
    assert page["Cache-Control"] == "no-store"


def test_the_account_links_to_the_admin_site_where_it_may_be_opened(
    root: User, settings: Any
) -> None:
    browser = session_of(root)
    assert 'href="/admin/"' in browser.get("/account").content.decode()
    settings.FEATURE_ADMIN_PANEL = False
    assert "Administration" not in text_of(browser.get("/account"))


def test_a_name_is_escaped(viewer: User) -> None:
    viewer.first_name = "<script>alert(1)</script>"
    viewer.save()
    page = session_of(viewer).get("/account").content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
