"""How many invitations of an import were sent, as its answer and its page say it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from imports.invitations import MAIL_IS_OFF
from tests.imports.admin.helpers import admin_client, batch_url, visible_text
from tests.imports.api.helpers import csv_bytes, import_file, imports_url, post_import, valid_rows
from users.invitations import requests
from users.models import Invitation, Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

NONE = dict.fromkeys(
    ("pending", "sent", "accepted", "expired", "revoked", "failed", "bounced", "unknown"), 0
)
HOUR = timedelta(hours=1)


@pytest.fixture
def mail(settings: Any) -> None:
    """E-mail is on."""
    settings.EMAIL_HOST = "mail.example"
    settings.DEFAULT_FROM_EMAIL = "imports@marketedge.example"
    settings.PUBLIC_URL = "https://marketedge.example"


def set_states(*states: dict[str, Any]) -> None:
    """Changes as many invitations, after writing those that imports have asked for."""
    requests.write_all()
    found = Invitation.objects.everywhere().order_by("id")
    for invitation, fields in zip(found, states, strict=False):
        Invitation.objects.everywhere().filter(id=invitation.id).update(**fields)


@pytest.mark.usefixtures("mail")
def test_an_answer_counts_the_invitations_by_their_state(
    api: APIClient, admin: User, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes(valid_rows(12)))
    path = f"{imports_url(acme)}/{batch.id}"
    assert api.get(path).json()["invitations"] == NONE | {"pending": 12, "message": ""}
    requests.write_all()
    assert api.get(path).json()["invitations"] == NONE | {"pending": 12, "message": ""}
    now = timezone.now()
    set_states(
        {"status": "sending"},
        {"status": "sent", "expires_at": now + HOUR},
        {"status": "sent", "expires_at": now + HOUR},
        {"status": "sent", "expires_at": now - HOUR},
        {"status": "unknown", "expires_at": now + HOUR},
        {"status": "unknown", "expires_at": now - HOUR},
        {"status": "accepted", "expires_at": now - HOUR},
        {"status": "revoked"},
        {"status": "failed"},
        {"status": "bounced"},
    )
    numbers = {"pending": 3, "sent": 2, "expired": 2, "unknown": 1, "accepted": 1}
    numbers |= {"revoked": 1, "failed": 1, "bounced": 1}
    assert api.get(path).json()["invitations"] == NONE | numbers | {"message": ""}
    page = visible_text(admin_client(admin).get(batch_url(batch)))
    assert (
        "Invitations: 3 waiting to be sent, 2 sent, 1 may have been sent, 1 accepted, 2 expired,"
        " 1 revoked, 1 could not be sent, 1 came back."
    ) in page


@pytest.mark.usefixtures("mail")
def test_the_calls_that_answer_with_a_batch_count_alike(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme)
    set_states({"status": "sending"}, {"status": "sent", "expires_at": timezone.now() - HOUR})
    polled = api.get(f"{imports_url(acme)}/{batch.id}").json()
    again = post_import(api, acme, headers={"Idempotency-Key": "k"}).json()
    assert again["invitations"] == NONE | {"message": ""}
    assert polled["invitations"] == NONE | {"pending": 2, "expired": 1, "message": ""}
    cancelled = api.post(f"{imports_url(acme)}/{again['id']}/cancel").json()
    assert cancelled["invitations"] == NONE | {"message": ""}
    history = api.get(imports_url(acme)).json()["results"]
    assert all("invitations" not in listed for listed in history)
    assert {*polled} - {*history[0]} == {"invitations"}


@pytest.mark.usefixtures("mail")
def test_the_etag_changes_with_the_numbers(
    api: APIClient, acme: Organisation, django_assert_num_queries: Any
) -> None:
    batch = import_file(api, acme)
    path = f"{imports_url(acme)}/{batch.id}"
    known = {"If-None-Match": api.get(path)["ETag"]}
    with django_assert_num_queries(2):  # the user, the batch with the numbers
        assert api.get(path, headers=known).status_code == 304
    set_states({"status": "sent", "expires_at": timezone.now() + HOUR})
    with django_assert_num_queries(2):
        changed = api.get(path, headers=known)
    assert changed.status_code == 200
    set_states({"expires_at": timezone.now() - HOUR})
    assert api.get(path, headers={"If-None-Match": changed["ETag"]}).status_code == 200


@pytest.mark.usefixtures("mail")
def test_users_who_have_moved_are_not_counted(
    api: APIClient, acme: Organisation, globex: Organisation
) -> None:
    batch = import_file(api, acme)
    moved = User.objects.of(acme.id).filter(import_batch_id=batch.id).first()
    assert moved
    requests.write_all()
    User.objects.everywhere().filter(id=moved.id).update(organisation=globex)
    answer = api.get(f"{imports_url(acme)}/{batch.id}").json()
    assert answer["invitations"]["pending"] == 2


@pytest.mark.usefixtures("mail")
def test_an_import_that_invites_nobody_has_no_numbers(
    api: APIClient, admin: User, acme: Organisation
) -> None:
    batch = import_file(api, acme, send_invitations="false")
    assert api.get(f"{imports_url(acme)}/{batch.id}").json()["invitations"] is None
    assert not Invitation.objects.everywhere().exists()
    assert "Invitations: " not in visible_text(admin_client(admin).get(batch_url(batch)))


def test_an_import_says_that_email_is_not_set_up(
    api: APIClient, admin: User, acme: Organisation
) -> None:
    batch = import_file(api, acme)
    answer = api.get(f"{imports_url(acme)}/{batch.id}").json()
    assert answer["invitations"] == NONE | {"message": MAIL_IS_OFF}
    assert not Invitation.objects.everywhere().exists()
    assert MAIL_IS_OFF in visible_text(admin_client(admin).get(batch_url(batch)))
