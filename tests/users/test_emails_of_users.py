"""One mailbox is one user, however its address is spelt, and however the user was made."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from imports.models import ImportBatch
from tests.conftest import PASSWORD, MakeUser
from tests.imports.admin.helpers import admin_client
from tests.imports.api.helpers import csv_bytes, import_file
from users.checks import check_emails
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

UNICODE, STORED = "hans@münchen.de", "hans@xn--mnchen-3ya.de"
SPELLINGS = [
    *(UNICODE, STORED, "Hans@MÜNCHEN.de", "hans@mu\u0308nchen.de"),
    " hans@XN--MNCHEN-3YA.DE ",
]


def store(email: str, user: User) -> None:
    """Gives a user an e-mail address as the code of before stored it."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET email = %s WHERE id = %s", [email, user.id])


def log_in(email: str) -> Any:
    sent = {"email": email, "password": PASSWORD}
    return APIClient().post("/api/v1/auth/token", sent)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_user_is_stored_in_one_form_and_logs_in_with_any_spelling(
    spelling: str, make_user: MakeUser, acme: Organisation
) -> None:
    user = make_user(spelling, "viewer", acme, is_staff=True)
    assert user.email == STORED
    for typed in SPELLINGS:
        assert authenticate(email=typed, password=PASSWORD) == user
        assert log_in(typed).status_code == 200
        form = {"username": typed, "password": PASSWORD}
        assert Client().post("/admin/login/?next=/admin/", form).status_code == 302


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_admin_site_refuses_a_second_user_for_a_mailbox(
    spelling: str, make_user: MakeUser, root: User, acme: Organisation
) -> None:
    make_user(STORED, "viewer", acme)
    form = {"email": spelling, "first_name": "Hans", "last_name": "Meier", "role": "viewer"}
    form |= {"organisation": str(acme.id), "usable_password": "false"}
    page = admin_client(root).post("/admin/users/user/add/", form)
    assert "already exists" in page.content.decode()
    assert User.objects.everywhere().filter(first_name="Hans").count() == 0


def test_an_import_finds_the_user_that_the_admin_site_made(
    root: User, api: APIClient, acme: Organisation
) -> None:
    form = {"email": UNICODE, "first_name": "Hans", "last_name": "Meier", "role": "viewer"}
    form |= {"organisation": str(acme.id), "usable_password": "false"}
    assert admin_client(root).post("/admin/users/user/add/", form).status_code == 302
    rows = [(spelling, "Hans", "Meier", "viewer", "", "") for spelling in SPELLINGS[:1]]
    batch = import_file(api, acme, csv_bytes(rows))
    assert (batch.successful_rows, batch.skipped_rows) == (0, 1)
    assert ImportBatch.objects.everywhere().count() == 1


def test_a_form_says_why_a_text_is_no_email(root: User) -> None:
    form = {"email": "hans.example.com", "first_name": "Hans", "last_name": "Meier"}
    form |= {"role": "viewer", "usable_password": "false"}
    page = admin_client(root).post("/admin/users/user/add/", form).content.decode()
    assert "This is not an e-mail address: it has no @." in page


def test_no_user_is_created_with_a_text_that_is_no_email(make_user: MakeUser) -> None:
    with pytest.raises(ValidationError, match="it has no @"):
        make_user("hans.example.com")
    names = {"email": "hans@localhost", "first_name": "Hans", "last_name": "Meier"}
    with pytest.raises(CommandError, match="has no dot"):
        call_command("createsuperuser", interactive=False, **names)


def test_an_old_address_stays_while_another_field_is_changed(root: User, viewer: User) -> None:
    store("no-at-sign", viewer)
    client = admin_client(root)
    page = client.get(f"/admin/users/user/{viewer.id}/change/")
    values = page.context["adminform"].form.initial
    sent = {name: value for name, value in values.items() if value not in (None, False, "")}
    sent |= {"organisation": viewer.organisation_id, "location": "Leeds"}
    assert client.post(f"/admin/users/user/{viewer.id}/change/", sent).status_code == 302
    viewer.refresh_from_db()
    assert (viewer.email, viewer.location) == ("no-at-sign", "Leeds")


# --- rows that are stored in another form -----------------------------------------------------


def run_migration() -> None:
    migration = import_module("users.migrations.0007_emails_have_one_form")
    with connection.schema_editor() as editor:
        migration.normalise_emails(apps, editor)


def test_the_migration_gives_old_rows_the_one_form(viewer: User) -> None:
    store(UNICODE, viewer)
    run_migration()
    viewer.refresh_from_db()
    assert viewer.email == STORED
    assert not check_emails(databases=["default"])


def test_two_old_users_of_one_mailbox_are_left_and_reported_and_both_log_in(
    viewer: User, admin: User
) -> None:
    store(UNICODE, viewer)
    store(STORED, admin)
    run_migration()
    viewer.refresh_from_db()
    assert viewer.email == UNICODE
    (warning,) = check_emails(databases=["default"])
    assert str(viewer.id) in warning.msg
    assert str(admin.id) not in warning.msg
    assert "hans" not in f"{warning.msg}{warning.hint}"
    for typed, user in ((UNICODE, viewer), (STORED, admin)):
        assert authenticate(email=typed, password=PASSWORD) == user


def test_the_check_is_silent_before_the_first_migration() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE users RENAME TO not_yet")
    assert check_emails(databases=["default"]) == []
    assert check_emails(databases=None) == []
