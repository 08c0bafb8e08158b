"""The link of an invitation by the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from tests.core.test_problems import problem_of
from tests.users.pages.helpers import NEW, invited
from users.models import Invitation, User

pytestmark = pytest.mark.django_db
URL = "/api/v1/auth/invitation"


def look(token: str) -> Any:
    return APIClient().post(URL, {"token": token})


def accept(token: str, password: str = NEW) -> Any:
    return APIClient().post(f"{URL}/accept", {"token": token, "password": password})


def test_looking_tells_of_what_the_invitation_is_and_changes_nothing(viewer: User) -> None:
    invitation, token = invited(viewer)
    for _ in range(2):
        answer = look(token)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
    assert answer.json() == {
        "state": "open",
        "detail": "",
        "email": viewer.email,
        "organization": {"id": str(viewer.organisation_id), "name": "Acme"},
    }
    before = invitation.updated_at
    invitation.refresh_from_db()
    assert (invitation.status, invitation.generation) == (Invitation.Status.SENT, 1)
    assert invitation.updated_at >= before


def test_accepting_gives_tokens_once(viewer: User) -> None:
    _, token = invited(viewer)
    answer = accept(token)
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.json()['access']}"}
    assert APIClient().get("/api/v1/me", headers=headers).json()["email"] == viewer.email
    body = problem_of(accept(token, "another good password"), 409, "invitation_not_open")
    assert body["state"] == "accepted"
    assert "used already" in body["detail"]
    assert look(token).json()["state"] == "accepted"
    viewer.refresh_from_db()
    assert viewer.check_password(NEW)


def test_a_weak_password_is_refused_in_words_and_the_link_stays(viewer: User) -> None:
    _, token = invited(viewer)
    body = problem_of(accept(token, "1234"), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == ["password"] * 3
    problem_of(APIClient().post(f"{URL}/accept", {"token": token}), 400, "invalid")
    assert accept(token).status_code == 200


@pytest.mark.parametrize("call", [look, accept])
def test_an_unknown_token_is_not_found(call: Any) -> None:
    for token in ("mei_x", "x" * 47, "é"):
        problem_of(call(token), 404, "invitation_not_found")


def test_an_expired_link_says_so(viewer: User) -> None:
    _, token = invited(viewer, expires_at=timezone.now() - timedelta(seconds=1))
    assert look(token).json()["state"] == "expired"
    assert problem_of(accept(token), 409, "invitation_not_open")["state"] == "expired"


def test_the_link_of_a_user_who_is_gone_says_so(viewer: User) -> None:
    _, token = invited(viewer)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [viewer.id])
    seen = look(token).json()
    assert (seen["state"], seen["email"], seen["organization"]) == ("gone", None, None)
    assert "no longer exists" in seen["detail"]


def test_a_replaced_link_tells_nothing_new(viewer: User) -> None:
    invitation, token = invited(viewer)
    Invitation.objects.everywhere().filter(id=invitation.id).update(generation=2)
    assert look(token).json()["state"] == "replaced"
    problem_of(accept(token), 409, "invitation_not_open")


def test_a_new_link_can_be_asked_for_without_telling_who_exists(
    viewer: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from users.accounts import mail_requests

    problem_of(APIClient().post(f"{URL}/renew", {"email": "x"}), 503, "email_not_set_up")
    settings.EMAIL_HOST = "mail.example"
    sent: list[str] = []
    monkeypatch.setattr(mail_requests.renew_invitation, "delay", sent.append)
    emails = (viewer.email, "nobody@acme.example")
    answers = [APIClient().post(f"{URL}/renew", {"email": email}) for email in emails]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert sent[0] == str(viewer.id)
    for _ in range(4):
        APIClient().post(f"{URL}/renew", {"email": viewer.email})
    again = APIClient().post(f"{URL}/renew", {"email": viewer.email})
    problem_of(again, 429, "too_many_mails")
