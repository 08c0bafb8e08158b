"""The pages to change the own password, and to get a new one by e-mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Retry
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.test import Client
from django.utils import timezone

from imports.models import AuditEvent, EventType
from tests.conftest import PASSWORD, MakeUser
from tests.core.test_problems import problem_of
from tests.users.pages.helpers import LINK, NEW, invited, text_of, twice
from users.accounts import mail_requests
from users.credentials import passwords, tokens
from users.models import Invitation, LoginAttempts, RefreshTokenFamily, User

pytestmark = pytest.mark.django_db
RESET = "/password/reset"


@pytest.fixture
def mail_is_on(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    settings.PUBLIC_URL = "https://service.example"
    settings.DEFAULT_FROM_EMAIL = "MarketEdge <mail@service.example>"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(task, id) of each message that was handed to the broker."""
    sent: list[tuple[str, str]] = []
    for task in (mail_requests.send_password_reset, mail_requests.renew_invitation):
        monkeypatch.setattr(
            task, "delay", lambda user_id, name=task.name: sent.append((name, user_id))
        )
    return sent


def link_to_new_password(user: User) -> str:
    """The path of the link in the e-mail that the user gets."""
    mail.outbox.clear()
    mail_requests.send_password_reset(str(user.id))
    found = LINK.search(mail.outbox[0].body)
    assert found
    assert found[0] in mail.outbox[0].alternatives[0].content
    return found[0].removeprefix("https://service.example")


# --- change ----------------------------------------------------------


def test_a_change_ends_other_sessions_and_all_tokens_and_keeps_this_session(admin: User) -> None:
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.force_login(admin)
    pair = tokens.pair(admin)
    before = here.session.session_key
    answer = here.post("/password/change", {"current": PASSWORD, **twice()})
    assert answer["Location"] == "/account"
    assert "Your password is changed." in text_of(here.get("/account"))
    assert here.session.session_key != before
    assert elsewhere.get("/account").status_code == 302
    assert tokens.refresh(pair["refresh"]) is None
    assert not RefreshTokenFamily.objects.filter(revoked_at=None).exists()
    admin.refresh_from_db()
    assert admin.check_password(NEW)
    last = AuditEvent.objects.of(admin.organisation_id).latest("id")
    assert (last.event_type, last.user_id) == (EventType.PASSWORD_CHANGED, admin.id)


def test_a_change_needs_the_current_password_and_counts_wrong_ones(admin: User) -> None:
    browser = Client()
    browser.force_login(admin)
    for _ in range(10):
        answer = browser.post("/password/change", {"current": "wrong", **twice()})
        assert answer.status_code == 400
        assert "This is not your current password." in text_of(answer)
    answer = browser.post("/password/change", {"current": PASSWORD, **twice()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Too many wrong passwords." in text_of(answer)
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_a_weak_password_is_refused_in_words(admin: User) -> None:
    browser = Client()
    browser.force_login(admin)
    answer = browser.post("/password/change", {"current": PASSWORD, **twice("short")})
    assert answer.status_code == 400
    assert "This password is too short." in text_of(answer)


def test_a_change_writes_the_password_and_no_other_column(admin: User) -> None:
    User.objects.everywhere().filter(id=admin.id).update(first_name="Changed meanwhile")
    passwords.change(admin, NEW)
    admin.refresh_from_db()
    assert admin.first_name == "Changed meanwhile"
    assert admin.check_password(NEW)


# --- reset: the request ----------------------------------------------------------


@pytest.mark.usefixtures("mail_is_on")
def test_the_answer_does_not_tell_whether_an_account_exists(
    admin: User, make_user: MakeUser, asked: list[tuple[str, str]], django_assert_num_queries: Any
) -> None:
    make_user("gone@acme.example", is_active=False)
    emails = [admin.email, "nobody@acme.example", "gone@acme.example", "no address"]
    for url in (RESET, "/invitations/renew"):
        asked.clear()
        pages, queries = set(), set()
        for email in emails:
            with django_assert_num_queries(9, exact=False) as counted:
                pages.add(text_of(Client().post(url, {"email": email})))
            queries.add(len(counted))
        assert len(pages) == 1
        assert len(queries) == 1
        assert len(asked) == len(emails)  # a message each, so that none takes longer
        assert asked[0][1] == str(admin.id)
    assert not mail.outbox


@pytest.mark.usefixtures("mail_is_on")
def test_emails_are_limited_like_logins(admin: User, asked: list[tuple[str, str]]) -> None:
    for email in (admin.email, "nobody@acme.example"):
        for _ in range(5):
            assert Client().post(RESET, {"email": email.upper()}).status_code == 200
        answer = Client().post("/invitations/renew", {"email": email})
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert "Too many e-mails were asked for." in text_of(answer)
    assert len(asked) == 10
    assert Client().post("/login", {"username": admin.email, "password": PASSWORD}).status_code == (
        302
    )
    assert not LoginAttempts.objects.filter(scope="account", count__gt=0).exists()


def test_without_email_the_page_says_so(admin: User) -> None:
    answer = Client().post(RESET, {"email": admin.email})
    assert answer.status_code == 503
    assert "This service sends no e-mail." in text_of(answer)


@pytest.mark.usefixtures("mail_is_on")
def test_while_the_broker_is_away_everybody_gets_the_same_answer(
    admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kombu.exceptions import OperationalError

    def away(_: str) -> None:
        raise OperationalError

    monkeypatch.setattr(mail_requests.send_password_reset, "delay", away)
    for email in (admin.email, "nobody@acme.example"):
        answer = Client().post(RESET, {"email": email})
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0


# --- reset: the e-mail ----------------------------------------------------------


@pytest.mark.usefixtures("mail_is_on")
def test_only_accounts_that_may_log_in_get_an_email(admin: User, make_user: MakeUser) -> None:
    gone = make_user("gone@acme.example", is_active=False)
    mail_requests.send_password_reset(str(gone.id))
    mail_requests.send_password_reset("00000000-0000-4000-8000-000000000000")
    assert not mail.outbox
    link_to_new_password(admin)
    assert mail.outbox[0].to == [admin.email]
    assert mail.outbox[0].subject == "Set a new password for MarketEdge"


@pytest.mark.usefixtures("mail_is_on")
def test_who_was_invited_and_has_no_password_gets_a_new_invitation_instead(viewer: User) -> None:
    invitation, _ = invited(viewer)
    mail_requests.send_password_reset(str(viewer.id))
    invitation.refresh_from_db()
    assert (invitation.status, invitation.generation) == (Invitation.Status.PENDING, 2)
    assert not mail.outbox  # the outbox of invitations sends it


@pytest.mark.usefixtures("mail_is_on")
def test_who_was_never_invited_gets_nothing(viewer: User) -> None:
    viewer.set_unusable_password()
    viewer.save()
    mail_requests.send_password_reset(str(viewer.id))
    mail_requests.renew_invitation(str(viewer.id))
    assert not mail.outbox
    assert not Invitation.objects.everywhere().exists()


@pytest.mark.usefixtures("mail_is_on")
@pytest.mark.parametrize(
    ("status", "is_renewed"),
    [
        (Invitation.Status.SENT, True),
        (Invitation.Status.UNKNOWN, True),
        (Invitation.Status.FAILED, True),
        (Invitation.Status.PENDING, False),
        (Invitation.Status.SENDING, False),
        (Invitation.Status.REVOKED, False),
        (Invitation.Status.BOUNCED, False),
        (Invitation.Status.ACCEPTED, False),
    ],
)
def test_a_person_can_renew_what_nobody_has_withdrawn(
    viewer: User, status: str, is_renewed: bool
) -> None:
    invitation, _ = invited(viewer, status=status, expires_at=timezone.now() - timedelta(days=1))
    mail_requests.renew_invitation(str(viewer.id))
    invitation.refresh_from_db()
    assert invitation.generation == (2 if is_renewed else 1)


@pytest.mark.usefixtures("mail_is_on")
def test_the_button_on_the_page_of_an_expired_link_asks_for_its_account(
    viewer: User, asked: list[tuple[str, str]]
) -> None:
    from tests.users.pages.helpers import opened

    _, token = invited(viewer, expires_at=timezone.now() - timedelta(days=1))
    browser = opened(token)
    assert "Ask for a new link" in text_of(browser.get("/invitations/accept"))
    assert browser.post("/invitations/renew").status_code == 200
    assert asked == [("users.renew_invitation", str(viewer.id))]


@pytest.mark.usefixtures("mail_is_on")
def test_a_mail_server_that_is_away_is_tried_again(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
    monkeypatch.setattr(
        mail_requests.send_password_reset,
        "retry",
        lambda **options: Retry(when=options["countdown"]),
    )
    with pytest.raises(Retry):
        mail_requests.send_password_reset(str(admin.id))


# --- reset: the link ----------------------------------------------------------


@pytest.mark.usefixtures("mail_is_on")
def test_the_link_sets_a_password_once(admin: User) -> None:
    path = link_to_new_password(admin)
    first, second = Client(), Client()
    session = Client()
    session.force_login(admin)
    admin.refresh_from_db()
    path = link_to_new_password(admin)  # a login makes the one of before void
    for browser in (first, second):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/password/reset/new")
        assert answer["Referrer-Policy"] == "no-referrer"
        page = browser.get("/password/reset/new")
        assert admin.email in page.content.decode()
        assert path.rpartition("/")[2] not in page.content.decode()
    assert first.post("/password/reset/new", twice())["Location"] == "/login"
    assert "Your new password is set. Log in with it." in text_of(first.get("/login"))
    answer = second.post("/password/reset/new", twice("another good password"))
    assert answer.status_code == 410
    assert "This link is not valid any more" in text_of(answer)
    admin.refresh_from_db()
    assert admin.check_password(NEW)
    assert session.get("/account").status_code == 302
    assert "_auth_user_id" not in first.session


@pytest.mark.usefixtures("mail_is_on")
def test_a_link_is_void_after_an_hour_and_without_a_right_to_log_in(
    admin: User, settings: Any
) -> None:
    path = link_to_new_password(admin)
    assert settings.PASSWORD_RESET_TIMEOUT == 3600
    User.objects.everywhere().filter(id=admin.id).update(is_active=False)
    browser = Client()
    browser.get(path)
    assert browser.get("/password/reset/new").status_code == 410
    User.objects.everywhere().filter(id=admin.id).update(is_active=True)
    settings.PASSWORD_RESET_TIMEOUT = -1
    browser.get(path)
    assert browser.get("/password/reset/new").status_code == 410


def test_links_that_were_never_made_are_not_valid(admin: User, viewer: User) -> None:
    for token in ("x", "cyq1mh-5f1c7ad3b2", default_token_generator.make_token(viewer)):
        browser = Client()
        browser.get(f"/password/reset/{admin.id}/{token}")
        assert browser.get("/password/reset/new").status_code == 410


# --- the same by the API ----------------------------------------------------------------------


@pytest.mark.usefixtures("mail_is_on")
def test_the_api_resets_a_password(admin: User, asked: list[tuple[str, str]]) -> None:
    url = "/api/v1/auth/password"
    known = Client().post(f"{url}/reset", {"email": admin.email}, "application/json")
    unknown = Client().post(f"{url}/reset", {"email": "x@acme.example"}, "application/json")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known.status_code == 202
    _, _, _, user_id, token = link_to_new_password(admin).split("/")
    sent = {"user_id": user_id, "token": token, "password": "short"}
    body = problem_of(Client().post(f"{url}/confirm", sent, "application/json"), 400, "invalid")
    assert body["errors"][0]["field"] == "password"
    sent["password"] = NEW
    assert Client().post(f"{url}/confirm", sent, "application/json").status_code == 204
    again = Client().post(f"{url}/confirm", sent, "application/json")
    problem_of(again, 400, "reset_link_not_valid")
