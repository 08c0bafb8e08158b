"""The e-mail about the end of an import: what it says, and who gets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from imports import actions, notifications, tasks
from imports.engine import runner
from imports.models import ImportBatch
from imports.models.statuses import MailState, Status
from imports.notifications import messages
from tests.conftest import MakeUser
from tests.imports.admin.helpers import admin_client
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from tests.imports.notifications.helpers import body_of, ended, reloaded, submitted
from tests.imports.notifications.mail_server import MailServer
from users.models import Organisation, User
from users.rights.roles import Role

ANA = ("ana.petrova@new.example", "Anastasia", "Petrova", "viewer", "Sales", "")


# --- what it says --------------------------------------------------------------------------------


def test_the_uploader_gets_one_message_with_outcome_counts_and_link(
    admin: User, mail_server: MailServer
) -> None:
    batch = ended(admin, csv_bytes([*valid_rows(3), INVALID_ROW]), name="staff 2026.csv")
    for _ in range(3):
        assert not notifications.send_due()
    (message,) = mail_server.messages()
    assert message["To"] == "admin@acme.example"
    assert message["From"] == "MarketEdge <imports@marketedge.example>"
    assert message["Subject"] == "Import of staff 2026.csv: completed, 1 row failed"
    assert message["Auto-Submitted"] == "auto-generated"
    text = body_of(message)
    assert text.startswith(
        "The import is complete. 1 row could not be imported. File: staff 2026.csv"
    )
    assert "Organisation: Acme Users created: 3 Rows that failed: 1 The import:" in text
    assert f" https://marketedge.example/imports/{batch.id} " in text
    assert f'href="https://marketedge.example/imports/{batch.id}"' in body_of(message, "html")
    assert reloaded(batch).mail_state == MailState.SENT


def test_no_message_contains_data_of_the_users_in_the_file(
    admin: User, make_user: MakeUser, globex: Organisation, mail_server: MailServer
) -> None:
    make_user("taken@globex.example", Role.VIEWER, globex)
    taken = ("taken@globex.example", *ANA[1:])
    wrong = ("wrong.petrova@new", *ANA[1:])
    ended(admin, csv_bytes([ANA, ANA, taken, wrong]))
    ended(admin, csv_bytes([wrong]))
    notifications.send_due()
    sent = mail_server.messages()
    assert [message["Subject"] for message in sent] == [
        "Import of users.csv: completed, 3 rows failed",
        "Import of users.csv: failed",
    ]
    for message in sent:
        whole = message.as_string() + body_of(message) + body_of(message, "html")
        for piece in (
            "Petrova",
            "petrova",
            "Anastasia",
            "taken",
            "Globex",
            "globex",
            "new.example",
        ):
            assert piece not in whole


@pytest.mark.parametrize(
    "name", ['"><img src=x onerror=alert(1)>.csv', "a\r\nBcc: all@acme.example\r\n.csv", "名簿.csv"]
)
def test_a_file_name_is_escaped(admin: User, mail_server: MailServer, name: str) -> None:
    batch = submitted(admin)
    ImportBatch.objects.everywhere().filter(id=batch.id).update(filename=name)
    runner.run(batch.id, lambda: False)
    notifications.send_due()
    (message,) = mail_server.messages()
    assert message["Bcc"] is None
    assert "<img" not in message.get_body(("html",)).get_content()
    assert str(message["Subject"]).endswith(".csv: completed")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "completed"}, "The import is complete."),
        (
            {"status": "completed", "skipped_rows": 3, "successful_rows": 0},
            "There was nothing to do",
        ),
        ({"status": "failed", "error_message": "Stopped: it rains."}, "Stopped: it rains. File"),
        ({"status": "failed", "error_message": ""}, "The import failed. File"),
        ({"status": "cancelled", "processed_rows": 1, "successful_rows": 1}, "processed: 2 The"),
        ({"status": "cancelled"}, "Somebody else cancelled the import."),
    ],
)
def test_the_sentence_of_every_outcome(
    admin: User, settings: Any, fields: dict[str, Any], words: str
) -> None:
    rows = {"total_rows": 3, "processed_rows": 3, "successful_rows": 3}
    batch = ImportBatch(
        filename="a.csv", organisation=admin.organisation, uploaded_by=admin, **rows | fields
    )
    assert words in " ".join(str(messages.message(batch, admin).body).split())


def test_the_link_leads_to_the_page_of_the_import(admin: User, root: User, settings: Any) -> None:
    """On the organisation's page, which shows it by JavaScript; platform staff go to the admin."""
    batch = ended(admin)
    settings.PUBLIC_URL = "https://marketedge.example/"
    path = messages.link(batch).removeprefix("https://marketedge.example")
    page = admin_client(admin).get(path, headers={"host": "localhost"})
    assert page.status_code == 200
    assert 'id="page-data"' in page.content.decode()
    page = admin_client(root).get(path, follow=True, headers={"host": "localhost"})
    assert page.status_code == 200
    assert "users.csv" in page.content.decode()


# --- who gets it ---------------------------------------------------------------------------------


def _wants_no_mail(batch: ImportBatch) -> None:
    User.objects.everywhere().update(wants_import_mail=False)


def _deactivated(batch: ImportBatch) -> None:
    User.objects.everywhere().update(is_active=False)


def _moved(batch: ImportBatch) -> None:
    User.objects.everywhere().update(organisation=Organisation.objects.create(name="Elsewhere"))


def _deleted(batch: ImportBatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [batch.uploaded_by_id])


def _from_command_line(batch: ImportBatch) -> None:
    ImportBatch.objects.everywhere().update(source="command")


@pytest.mark.parametrize(
    "change", [_wants_no_mail, _deactivated, _moved, _deleted, _from_command_line]
)
def test_others_get_no_message(
    admin: User, mail_server: MailServer, change: Callable[[ImportBatch], None]
) -> None:
    change(ended(admin))
    assert not notifications.send_due()
    assert not notifications.expire_and_check()
    assert mail_server.messages() == []


def test_the_uploader_gets_a_message_if_somebody_else_cancels(
    admin: User, make_user: MakeUser, acme: Organisation, mail_server: MailServer
) -> None:
    actions.cancel(submitted(admin), user=admin)
    notifications.send_due()
    assert mail_server.messages() == []
    colleague = make_user("boss@acme.example", Role.ADMIN, acme)
    actions.cancel(submitted(admin), user=colleague)
    actions.cancel(submitted(admin), user=None)
    notifications.send_due()
    assert [message["To"] for message in mail_server.messages()] == ["admin@acme.example"] * 2
    assert "boss" not in mail_server.messages()[0].as_string()


def test_the_uploader_gets_a_message_if_the_sweep_fails_the_import(
    admin: User, mail_server: MailServer
) -> None:
    batch = submitted(admin)
    long_ago = Now() - timedelta(hours=1)
    ImportBatch.objects.everywhere().update(
        status=Status.PROCESSING, heartbeat_at=long_ago, attempts_without_progress=3
    )
    tasks.sweep()
    notifications.send_due()
    (message,) = mail_server.messages()
    assert message["Subject"] == "Import of users.csv: failed"
    assert reloaded(batch).status == Status.FAILED
    assert reloaded(batch).error_message in body_of(message)


def test_the_uploader_gets_a_message_if_an_operator_fails_the_import_by_sql(
    admin: User, mail_server: MailServer
) -> None:
    batch = submitted(admin)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET status = 'failed', error_message ="
            " 'Manual intervention - stuck import', completed_at = NOW() WHERE id = %s",
            [batch.id],
        )
    assert notifications.expire_and_check()
    notifications.send_due()
    assert "Manual intervention - stuck import." in body_of(mail_server.messages()[0])


def test_no_message_is_sent_about_a_running_import(admin: User, mail_server: MailServer) -> None:
    submitted(admin)
    assert not notifications.expire_and_check()
    notifications.send_due()
    assert mail_server.messages() == []
