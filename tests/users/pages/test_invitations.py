"""The link of an invitation: only a person with a password uses it up, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

from imports.models import AuditEvent, EventType
from tests.conftest import PASSWORD
from tests.users.pages.helpers import NEW, invited, opened, text_of, twice
from users.invitations import acceptance, lifecycle
from users.models import Invitation, Organisation, User

pytestmark = pytest.mark.django_db
ACCEPT = "/invitations/accept"


def every_row(*tables: str) -> str:
    """All rows of these tables as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


# --- the way in ----------------------------------------------------------


def test_an_invited_person_sets_a_password_and_is_logged_in(viewer: User) -> None:
    invitation, token = invited(viewer)
    browser = opened(token)
    page = browser.get(ACCEPT)
    assert page.status_code == 200
    assert "You have been invited to Acme on MarketEdge." in text_of(page)
    assert viewer.email in page.content.decode()
    before = browser.session.session_key
    answer = browser.post(ACCEPT, twice())
    assert (answer.status_code, answer["Location"]) == (302, "/account")
    assert browser.session.session_key != before
    assert "Welcome. Your account is ready." in text_of(browser.get("/account"))
    invitation.refresh_from_db()
    viewer.refresh_from_db()
    assert invitation.status == Invitation.Status.ACCEPTED
    assert invitation.accepted_at is not None
    assert viewer.check_password(NEW)
    assert viewer.last_login is not None


def test_the_second_use_of_a_link_says_so_and_changes_nothing(viewer: User) -> None:
    _, token = invited(viewer)
    first, second = opened(token), opened(token)
    first.post(ACCEPT, twice())
    for answer in (second.post(ACCEPT, twice("another good password")), second.get(ACCEPT)):
        assert answer.status_code == 410
        assert "This invitation was used already. Log in with" in text_of(answer)
        assert "Ask for a new link" in text_of(answer)
    viewer.refresh_from_db()
    assert viewer.check_password(NEW)
    assert "_auth_user_id" not in second.session


def test_of_requests_at_the_same_time_one_is_accepted(server: str, viewer: User) -> None:
    _, token = invited(viewer)
    url = f"{server}/api/v1/auth/invitation/accept"

    def accept(number: int) -> int:
        sent = {"token": token, "password": f"password of client {number}"}
        return requests.post(url, json=sent, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(accept, range(8))) == {200: 1, 409: 7}
    assert AuditEvent.objects.everywhere().filter(event_type="invitation_accepted").count() == 1


# --- what programs that check links do ----------------------------------------------------------


def test_looking_and_empty_forms_change_nothing_in_the_database(viewer: User) -> None:
    _, token = invited(viewer)
    before = every_row("users", "user_invitations", "login_attempts", "audit_events")
    scanner = Client()
    for _ in range(2):
        scanner.head(f"/invitations/{token}")
        scanner.get(f"/invitations/{token}", headers={"Sec-Purpose": "prefetch"}, follow=True)
        scanner.get(ACCEPT)
        scanner.post(f"/invitations/{token}")
        assert scanner.post(ACCEPT).status_code == 400
        assert scanner.post(ACCEPT, {"password": "", "repeat": ""}).status_code == 400
    assert every_row("users", "user_invitations", "login_attempts", "audit_events") == before
    assert opened(token).post(ACCEPT, twice()).status_code == 302


def test_the_secret_is_in_no_other_page_and_not_in_the_session(viewer: User) -> None:
    _, token = invited(viewer)
    browser = Client()
    answer = browser.get(f"/invitations/{token}")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert token not in answer["Location"]
    page = browser.get(ACCEPT)
    assert token not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    # A browser would send the form of a page without referrer with "Origin: null".
    assert page["Referrer-Policy"] == "same-origin"
    assert token not in str(dict(browser.session))
    assert token not in every_row("django_session", "user_invitations")


def test_the_form_needs_a_csrf_token(viewer: User) -> None:
    _, token = invited(viewer)
    browser = opened(token, enforce_csrf_checks=True)
    assert browser.post(ACCEPT, twice()).status_code == 403
    viewer.refresh_from_db()
    assert not viewer.has_usable_password()


def test_a_session_that_has_opened_no_link_gets_no_form(viewer: User) -> None:
    invited(viewer)
    for answer in (Client().get(ACCEPT), Client().post(ACCEPT, twice())):
        assert answer.status_code == 404
        assert "This link is not valid." in text_of(answer)


# --- passwords ----------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (twice("short"), "This password is too short. It must contain at least 8 characters."),
        (twice("password1"), "This password is too common."),
        (twice("4815162342"), "This password is entirely numeric."),
        ({"password": NEW, "repeat": "x"}, "The two passwords are not the same."),
    ],
)
def test_what_is_wrong_with_a_password_is_said_and_the_link_stays(
    viewer: User, form: dict[str, str], sentence: str
) -> None:
    _, token = invited(viewer)
    browser = opened(token)
    answer = browser.post(ACCEPT, form)
    assert answer.status_code == 400
    assert sentence in text_of(answer)
    assert browser.post(ACCEPT, twice()).status_code == 302


# --- links that can't be used -------------------------------------------------------------------


def expire(invitation: Invitation) -> None:
    invitation.expires_at = timezone.now() - timedelta(seconds=1)
    invitation.save()


def revoke(invitation: Invitation) -> None:
    lifecycle.revoke(invitation, by=None)


def delete_user(invitation: Invitation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [invitation.user_id])


def deactivate_user(invitation: Invitation) -> None:
    User.objects.everywhere().filter(id=invitation.user_id).update(is_active=False)


def deactivate_organisation(invitation: Invitation) -> None:
    Organisation.objects.filter(id=invitation.organisation_id).update(is_active=False)


def give_password(invitation: Invitation) -> None:
    assert invitation.user
    invitation.user.set_password(PASSWORD)
    invitation.user.save()


ENDS: list[tuple[Callable[[Invitation], None], str]] = [
    (expire, "This invitation has expired."),
    (revoke, "This invitation was withdrawn."),
    (delete_user, "because its account no longer exists."),
    (deactivate_user, "because its account is not active."),
    (deactivate_organisation, "because its account is not active."),
    (give_password, "This invitation was used already."),
]


@pytest.mark.parametrize(("end", "sentence"), ENDS, ids=[end.__name__ for end, _ in ENDS])
@pytest.mark.parametrize("when", ["before it is opened", "while the form is open"])
def test_a_link_that_has_ended_says_why(
    viewer: User, end: Callable[[Invitation], None], sentence: str, when: str
) -> None:
    invitation, token = invited(viewer)
    browser = Client()
    if when == "while the form is open":
        browser = opened(token)
        end(invitation)
        answer = browser.post(ACCEPT, twice())
    else:
        end(invitation)
        browser = opened(token)
        answer = browser.get(ACCEPT)
    assert answer.status_code == 410
    assert sentence in text_of(answer)
    assert "Ask for a new link" in text_of(answer)
    assert "_auth_user_id" not in browser.session
    assert not User.objects.everywhere().filter(id=viewer.id, last_login__isnull=False).exists()


def test_a_new_invitation_makes_the_link_of_before_void(viewer: User, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    invitation, token = invited(viewer)
    browser = opened(token)
    renewed = lifecycle.invite(viewer, by=None)
    assert renewed.generation == invitation.generation + 1
    for answer in (browser.get(ACCEPT), browser.post(ACCEPT, twice())):
        assert answer.status_code == 410
        assert "A newer invitation took the place of this one." in text_of(answer)
    page = opened(token).get(ACCEPT)
    assert (page.status_code, "may be incomplete, or a newer" in text_of(page)) == (404, True)


def test_a_void_link_does_not_open_the_invitation_that_took_its_place(viewer: User) -> None:
    """Also in the moment in which the hash of the old link is still stored."""
    invitation, token = invited(viewer)
    Invitation.objects.everywhere().filter(id=invitation.id).update(generation=2)
    browser = opened(token)
    assert browser.get(ACCEPT).status_code == 410
    assert browser.post(ACCEPT, twice()).status_code == 410
    viewer.refresh_from_db()
    assert not viewer.has_usable_password()


@pytest.mark.parametrize("token", ["mei_x", "x", "mei_" + "é" * 43, "%00"])
def test_a_link_that_was_never_made_is_not_valid(token: str) -> None:
    page = opened(token).get(ACCEPT)
    assert page.status_code == 404
    assert "This link is not valid." in text_of(page)


def test_the_time_of_the_database_decides(viewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of the web server that is behind does not make a link longer valid."""
    invitation, _ = invited(viewer)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE user_invitations SET expires_at = now()")
    behind = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: behind)
    assert acceptance.look(invitation.id, invitation.generation).is_open
    with pytest.raises(acceptance.InvitationNotOpen):
        acceptance.accept(invitation.id, invitation.generation, NEW)


@pytest.mark.parametrize("end", [end for end, _ in ENDS], ids=[end.__name__ for end, _ in ENDS])
def test_what_ends_a_link_after_it_was_looked_at_is_noticed(
    viewer: User, end: Callable[[Invitation], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another request had ended it in the middle of this one."""
    invitation, _ = invited(viewer)
    seen = acceptance.look(invitation.id, invitation.generation)
    end(invitation)
    monkeypatch.setattr(acceptance, "look", lambda *_: seen)
    with pytest.raises(acceptance.InvitationNotOpen):
        acceptance.accept(invitation.id, invitation.generation, NEW)


# --- a browser with another login, and the audit trail --------------------------------------------


def test_accepting_logs_out_who_was_logged_in_before(viewer: User, admin: User) -> None:
    _, token = invited(viewer)
    browser = Client()
    browser.force_login(admin)
    browser.get(f"/invitations/{token}")
    assert f"You are logged in as {admin.email}." in text_of(browser.get(ACCEPT))
    browser.post(ACCEPT, twice())
    assert browser.session["_auth_user_id"] == str(viewer.id)


def test_accepting_is_in_the_audit_trail(viewer: User) -> None:
    _, token = invited(viewer)
    opened(token).post(ACCEPT, twice())
    events = AuditEvent.objects.of(viewer.organisation_id).order_by("id")
    assert list(events.values_list("event_type", "user_id", "source")) == [
        (EventType.PASSWORD_CHANGED, viewer.id, "page"),
        (EventType.INVITATION_ACCEPTED, viewer.id, "page"),
        (EventType.LOGGED_IN, viewer.id, "page"),
    ]
