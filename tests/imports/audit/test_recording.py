"""Which actions are recorded, and what is recorded of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from imports import quotas
from imports.audit import middleware
from imports.engine.upkeep import recovery
from imports.models import EventType, ImportBatch
from imports.models.statuses import Status
from tests.conftest import client_of
from tests.imports.admin.helpers import admin_client, batch_url, confirm, upload
from tests.imports.api.helpers import csv_upload, imports_url, post_import, run_batch
from tests.imports.audit.helpers import CSV, events, submit_import
from users.credentials import api_keys
from users.models import ApiKey, Organisation, User


def test_every_action_in_the_api_is_recorded_once(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.TRUSTED_PROXY_HOPS = 1
    client = client_of(admin)
    # The client wrote the first IP address itself.
    client.credentials(**client._credentials, HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7")
    preview = client.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload(CSV)}, format="multipart"
    )
    upload_id = preview.json()["upload_id"]
    for _ in range(2):  # a second click makes no second event
        sent = client.post(imports_url(acme), {"upload_id": upload_id}, format="multipart")
    batch = run_batch(sent.json()["id"])
    url = f"{imports_url(acme)}/{batch.id}"
    for _ in range(2):
        assert client.get(url).status_code == 200
        assert client.get(f"{url}/errors").status_code == 200
    assert client.get(f"{url}/errors", {"format": "csv"}).status_code == 200
    for _ in range(2):
        assert client.post(f"{url}/undo").status_code == 200
    other = post_import(client, acme).json()["id"]
    for _ in range(2):
        assert client.post(f"{imports_url(acme)}/{other}/cancel").status_code == 200
    again = client.post(f"{imports_url(acme)}/{other}/retry").json()["id"]
    recorded = events()
    assert [event.event_type for event in recorded] == [
        "previewed",
        "submitted",
        "errors_downloaded",
        "undone",
        "submitted",
        "cancelled",
        "retried",
    ]
    batches = [None, str(batch.id), str(batch.id), str(batch.id), other, other, again]
    assert [event.batch_id and str(event.batch_id) for event in recorded] == batches
    assert [str(event.upload_id) for event in recorded[:2]] == [upload_id, upload_id]
    assert str(recorded[-1].subject_id) == other
    assert {(event.source, event.client_ip) for event in recorded} == {("api", "198.51.100.7")}
    assert {event.user_id for event in recorded} == {admin.id}
    assert {event.organisation_id for event in recorded} == {acme.id}
    assert all(abs(datetime.now(UTC) - event.created_at).seconds < 60 for event in recorded)


def test_every_action_in_the_admin_is_recorded(admin: User, acme: Organisation) -> None:
    client = admin_client(admin, REMOTE_ADDR="2001:db8::7")
    confirm(client, upload(client, acme, CSV))
    batch = run_batch(ImportBatch.objects.everywhere().get().id)
    page = batch_url(batch).removesuffix("change/")
    assert client.get(f"{page}errors.csv").status_code == 200
    waiting = submit_import(admin)
    for action in ("cancel", "retry"):
        client.post(f"/admin/imports/importbatch/{waiting.id}/{action}")
    in_admin = events(source="admin")
    assert [event.event_type for event in in_admin] == [
        "previewed",
        "submitted",
        "errors_downloaded",
        "cancelled",
        "retried",
    ]
    assert {event.client_ip for event in in_admin} == {"2001:db8::7"}
    assert {event.user_id for event in in_admin} == {admin.id}


def run_commands(admin: User, folder: Path) -> None:
    """Runs every management command that is recorded."""
    file, report = folder / "users.csv", folder / "errors.csv"
    file.write_bytes(CSV)
    call_command("import_users", str(file), organization="Acme", errors=report, verbosity=0)
    call_command("reset_upload_limits", admin.email)
    call_command("block_uploads", "192.0.2.0/24", reason="a flood")
    call_command("block_uploads", admin.email, reason="a flood", by=admin.email)
    call_command("unblock_uploads", admin.email)
    call_command("purge_imports", dry_run=True)
    call_command("purge_imports")


def test_commands_are_recorded(admin: User, acme: Organisation, tmp_path: Path) -> None:
    run_commands(admin, tmp_path)
    found = [(event.event_type, event.user_id, event.organisation_id) for event in events()]
    assert found == [
        ("submitted", None, acme.id),
        ("errors_downloaded", None, acme.id),
        ("quota_reset", None, acme.id),
        ("blocked", None, None),
        ("blocked", admin.id, None),
        ("unblocked", None, None),
        ("purged", None, None),
    ]
    assert {(event.source, event.client_ip) for event in events()} == {("command", None)}
    assert [event.subject_id for event in events()[4:6]] == [admin.id, admin.id]


def test_setting_and_lifting_a_block_in_the_admin_are_recorded(root: User, admin: User) -> None:
    client = admin_client(root)
    fields = {"network": "192.0.2.0/24", "reason": "a flood", "user": ""}
    client.post("/admin/imports/uploadblock/add/", fields | {"until_0": "", "until_1": ""})
    (block,) = events()
    assert (block.event_type, block.source, block.user_id) == ("blocked", "admin", root.id)
    action = {"action": "delete_selected", "_selected_action": block.subject_id, "post": "yes"}
    client.post("/admin/imports/uploadblock/", action)
    assert [(event.event_type, event.user_id) for event in events()[1:]] == [("unblocked", root.id)]


def test_only_imports_that_an_operator_fails_are_recorded_as_such(
    admin: User,
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    for fail in (False, True):
        batch = submit_import(admin)
        ImportBatch.objects.everywhere().filter(id=batch.id).update(
            status=Status.PROCESSING, heartbeat_at=long_ago, attempts_without_progress=3
        )
        recovery.sweep(fail=fail)
        assert ImportBatch.objects.everywhere().get(id=batch.id).status == Status.FAILED
    assert [event.batch_id for event in events(event_type="marked_failed")] == [batch.id]


def test_a_reset_of_a_quota_in_the_admin_records_who_did_it(root: User, admin: User) -> None:
    request = admin_client(root).get("/admin/").wsgi_request
    middleware.Origin(lambda request: quotas.reset_limits(admin.id))(request)  # type: ignore[arg-type]
    (event,) = events()
    assert (event.event_type, event.user_id, event.subject_id) == ("quota_reset", root.id, admin.id)


def test_the_api_key_is_recorded(admin: User, acme: Organisation) -> None:
    key, secret = api_keys.create(user_id=admin.id, organisation_id=acme.id, name="HR")
    client = client_of(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert post_import(client, acme).status_code == 202
    post_import(client_of(admin), acme)
    submitted = events(event_type="submitted")
    assert [(event.user_id, event.api_key_id) for event in submitted] == [
        (admin.id, key.id),
        (admin.id, None),
    ]


def test_a_new_and_a_revoked_api_key_are_recorded_once(admin: User, acme: Organisation) -> None:
    client = admin_client(admin)
    client.post("/admin/users/apikey/add/", {"name": "HR", "expires_at_0": "", "expires_at_1": ""})
    key = ApiKey.objects.everywhere().get()
    for _ in range(2):  # the second time, it is revoked already
        action = {"action": "revoke", "_selected_action": str(key.id)}
        client.post("/admin/users/apikey/", action)
    facts = {"source": "admin", "user_id": admin.id, "organisation_id": acme.id}
    found = [event.event_type for event in events(subject_id=key.id, **facts)]
    assert found == ["key_created", "key_revoked"]
    assert len(events()) == 2


def test_an_export_is_recorded_for_the_organisation_of_the_user(
    admin: User, root: User, acme: Organisation
) -> None:
    for user in (admin, root):
        client = admin_client(user)
        client.get("/admin/users/user/export/")
        assert events(user_id=user.id) == []
        sent = {"format": "0", "resource": "", "userresource_email": "on"}
        answer = client.post("/admin/users/user/export/", sent)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.getvalue()
        (event,) = events(user_id=user.id)
        assert (event.event_type, event.source) == ("exported", "admin")
        assert event.organisation_id == user.organisation_id
    page = admin_client(admin).get("/admin/imports/auditevent/")
    assert [event.user_id for event in page.context["cl"].result_list] == [admin.id]


def test_the_origin_is_forgotten_after_the_request(admin: User, acme: Organisation) -> None:
    post_import(client_of(admin), acme)
    submit_import(admin)
    assert [event.source for event in events()] == ["api", "command"]


def test_events_hold_no_personal_data(admin: User, acme: Organisation, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT data_type FROM information_schema.columns"
            " WHERE table_name = 'audit_events'"
            " AND column_name NOT IN ('deed', 'door', 'fields', 'details')"
        )
        types = {row[0] for row in cursor.fetchall()}
    assert types == {"bigint", "uuid", "inet", "timestamp with time zone"}
    run_commands(admin, tmp_path)
    known = {*EventType.values, "command"}
    assert {text for event in events() for text in (event.event_type, event.source)} <= known
