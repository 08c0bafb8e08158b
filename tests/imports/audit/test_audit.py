"""The audit trail: every deed is in it, nobody can change it, and the right people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from imports import actions, audit, quotas
from imports.audit import middleware
from imports.audit import retention as audit_retention
from imports.engine import recovery, retention, runner
from imports.engine.options import ImportOptions
from imports.errors import FileRefused, MoveNotAllowed
from imports.models import AuditEvent, EventType, ImportBatch, Upload, UploadBlock
from imports.models.statuses import Status
from tests.conftest import MakeUser, client_of
from tests.imports.admin.helpers import at_the_admin, batch_page, confirm, upload
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    import_file,
    imports_url,
    post_import,
    run_batch,
    valid_rows,
)
from users import api_keys
from users.models import Organisation, User
from users.roles import Role

CSV = csv_bytes([*valid_rows(3), INVALID_ROW])
TRAIL = "/admin/imports/auditevent/"


def trail(**fields: Any) -> list[AuditEvent]:
    """What is written down, oldest first."""
    return list(AuditEvent.objects.filter(**fields).order_by("id"))


def deeds() -> list[str]:
    """In order."""
    return [event.event_type for event in trail()]


def submitted(user: User, organisation_id: UUID | None = None) -> ImportBatch:
    """An import that waits for a worker."""
    file, into = csv_upload(CSV), organisation_id or user.organisation_id
    staged = actions.stage_for_import(
        file.file, filename=file.name, user=user, organisation_id=into
    )
    return actions.submit(staged, user=user, options=ImportOptions())


def an_event(age: timedelta = timedelta(), **fields: Any) -> AuditEvent:
    """One of some time ago."""
    facts = {
        "event_type": EventType.SUBMITTED,
        "source": "api",
        "created_at": datetime.now(UTC) - age,
    }
    return AuditEvent.objects.create(**facts | fields)


# --- what is written down ------------------------------------------------------------------------


def test_every_deed_by_the_api_is_written_down_once(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.TRUSTED_PROXY_HOPS = 1
    client = client_of(admin)
    client.credentials(
        **client._credentials, HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7"
    )  # the first is what the client wrote itself
    preview = client.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload(CSV)}, format="multipart"
    )
    upload_id = preview.json()["upload_id"]
    for _ in range(2):  # a second click is no second deed
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
    events = trail()
    assert [event.event_type for event in events] == [
        "previewed",
        "submitted",
        "errors_downloaded",
        "undone",
        "submitted",
        "cancelled",
        "retried",
    ]
    batches = [None, str(batch.id), str(batch.id), str(batch.id), other, other, again]
    assert [event.batch_id and str(event.batch_id) for event in events] == batches
    assert [str(event.upload_id) for event in events[:2]] == [upload_id, upload_id]
    assert str(events[-1].subject_id) == other
    assert {(event.source, event.client_ip) for event in events} == {("api", "198.51.100.7")}
    assert {event.user_id for event in events} == {admin.id}
    assert {event.organisation_id for event in events} == {acme.id}
    assert all(abs(datetime.now(UTC) - event.created_at).seconds < 60 for event in events)


def test_every_deed_in_the_admin_is_written_down(admin: User, acme: Organisation) -> None:
    client = at_the_admin(admin, REMOTE_ADDR="2001:db8::7")
    confirm(client, upload(client, acme, CSV))
    batch = run_batch(ImportBatch.objects.get().id)
    page = batch_page(batch).removesuffix("change/")
    assert client.get(f"{page}errors.csv").status_code == 200
    waiting = submitted(admin)
    for action in ("cancel", "retry"):
        client.post(f"/admin/imports/importbatch/{waiting.id}/{action}")
    by_page = trail(source="admin")
    assert [event.event_type for event in by_page] == [
        "previewed",
        "submitted",
        "errors_downloaded",
        "cancelled",
        "retried",
    ]
    assert {event.client_ip for event in by_page} == {"2001:db8::7"}
    assert {event.user_id for event in by_page} == {admin.id}


def test_what_operators_do_at_a_terminal_is_written_down(
    admin: User, acme: Organisation, tmp_path: Path
) -> None:
    file, report = tmp_path / "users.csv", tmp_path / "errors.csv"
    file.write_bytes(CSV)
    call_command("import_users", str(file), organization="Acme", errors=report, verbosity=0)
    call_command("reset_upload_limits", admin.email)
    call_command("block_uploads", "192.0.2.0/24", reason="a flood")
    call_command("block_uploads", admin.email, reason="a flood", by=admin.email)
    call_command("unblock_uploads", admin.email)
    call_command("purge_imports", dry_run=True)
    call_command("purge_imports")
    found = [(event.event_type, event.user_id, event.organisation_id) for event in trail()]
    assert found == [
        ("submitted", None, acme.id),
        ("errors_downloaded", None, acme.id),
        ("quota_reset", None, acme.id),
        ("blocked", None, None),
        ("blocked", admin.id, None),
        ("unblocked", None, None),
        ("purged", None, None),
    ]
    assert {(event.source, event.client_ip) for event in trail()} == {("command", None)}
    assert [event.subject_id for event in trail()[4:6]] == [admin.id, admin.id]


def test_blocks_that_are_set_and_lifted_in_the_admin_are_written_down(
    root: User, admin: User
) -> None:
    client = at_the_admin(root)
    fields = {"network": "192.0.2.0/24", "reason": "a flood", "user": ""}
    client.post("/admin/imports/uploadblock/add/", fields | {"until_0": "", "until_1": ""})
    (block,) = trail()
    assert (block.event_type, block.source, block.user_id) == ("blocked", "admin", root.id)
    action = {"action": "delete_selected", "_selected_action": block.subject_id, "post": "yes"}
    client.post("/admin/imports/uploadblock/", action)
    assert [(event.event_type, event.user_id) for event in trail()[1:]] == [("unblocked", root.id)]


def test_an_import_that_an_operator_gives_up_is_written_down_and_one_by_the_sweep_is_not(
    admin: User,
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    for fail in (False, True):
        batch = submitted(admin)
        ImportBatch.objects.filter(id=batch.id).update(
            status=Status.PROCESSING, heartbeat_at=long_ago, attempts_without_progress=3
        )
        recovery.sweep(fail=fail)
        assert ImportBatch.objects.get(id=batch.id).status == Status.FAILED
    assert [event.batch_id for event in trail(event_type="marked_failed")] == [batch.id]


def test_a_quota_that_is_reset_in_the_admin_names_who_did_it(root: User, admin: User) -> None:
    request = at_the_admin(root).get("/admin/").wsgi_request
    middleware.Origin(lambda request: quotas.reset_limits(admin.id))(request)  # type: ignore[arg-type]
    (event,) = trail()
    assert (event.event_type, event.user_id, event.subject_id) == ("quota_reset", root.id, admin.id)


def test_the_api_key_is_noted(admin: User, acme: Organisation) -> None:
    key, secret = api_keys.create(user_id=admin.id, organisation_id=acme.id, name="HR")
    client = client_of(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert post_import(client, acme).status_code == 202
    post_import(client_of(admin), acme)
    assert [(event.user_id, event.api_key_id) for event in trail()] == [
        (admin.id, key.id),
        (admin.id, None),
    ]


def test_after_a_request_its_origin_is_forgotten(admin: User, acme: Organisation) -> None:
    post_import(client_of(admin), acme)
    submitted(admin)
    assert [event.source for event in trail()] == ["api", "command"]


def test_what_was_refused_is_not_written_down(
    admin: User, viewer: User, other_admin: User, acme: Organisation
) -> None:
    batch = import_file(client_of(admin), acme)
    known = len(trail())
    for user in (viewer, other_admin):
        client, url = client_of(user), f"{imports_url(acme)}/{batch.id}"
        post_import(client, acme)
        client.get(f"{url}/errors", {"format": "csv"})
        client.post(f"{url}/cancel")
        client.post(f"{url}/retry")
    for stage in (actions.stage_for_import, actions.stage_for_preview):
        with pytest.raises(FileRefused):
            stage(
                csv_upload(b"nonsense").file, filename="a.csv", user=admin, organisation_id=acme.id
            )
    with pytest.raises(MoveNotAllowed):
        actions.cancel(batch, user=admin)
    assert len(trail()) == known


@pytest.fixture
def full_up(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Called, it lets the audit trail take nothing more; the rest of the database is well."""
    rule = "ALTER TABLE audit_events ADD CONSTRAINT full_up CHECK (false) NOT VALID"
    yield lambda: _execute(rule)
    _execute("ALTER TABLE audit_events DROP CONSTRAINT IF EXISTS full_up")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "event_type", ["preview", "submit", "cancel", "undo", "download", "reset", "block", "unblock"]
)
def test_a_deed_that_can_not_be_written_down_is_not_done(
    admin: User, full_up: Callable[[], None], event_type: str
) -> None:
    batch, waiting = submitted(admin), submitted(admin)
    runner.run(batch.id, lambda: False)
    file = csv_upload(CSV)
    into = {"filename": "a.csv", "user": admin, "organisation_id": admin.organisation_id}
    staged = actions.stage_for_import(file.file, **into)
    quotas.consume(user=admin, organisation_id=None, limit_type="csv_import", ip="")
    tries: dict[str, Callable[[], Any]] = {
        "preview": lambda: actions.stage_for_preview(file.file, **into),
        "submit": lambda: actions.submit(staged, user=admin, options=ImportOptions()),
        "cancel": lambda: actions.cancel(waiting, user=admin),
        "undo": lambda: actions.undo(ImportBatch.objects.get(id=batch.id), user=admin),
        "download": lambda: actions.error_report(batch, user=admin),
        "reset": lambda: quotas.reset_limits(admin.id),
        "block": lambda: call_command("block_uploads", "192.0.2.7", reason="a flood"),
        "unblock": lambda: call_command("unblock_uploads", "192.0.2.0/24"),
    }
    call_command("block_uploads", "192.0.2.0/24", reason="a flood", verbosity=0)
    before = _state(admin)
    full_up()
    with pytest.raises(IntegrityError):
        tries[event_type]()
    assert _state(admin) == before


def _state(user: User) -> Any:
    usage = quotas.usage(user=user, organisation_id=None, limit_type="csv_import")
    batches = ImportBatch.objects.order_by("id").values_list("id", "status", "undo_requested_at")
    numbers = [table.objects.count() for table in (Upload, User, UploadBlock)]
    return list(batches), numbers, usage.remaining


def test_a_deed_costs_one_insert(admin: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        audit.record(EventType.SUBMITTED, user=admin, organisation_id=admin.organisation_id)
    assert len(queries) == 1
    assert queries[0]["sql"].startswith('INSERT INTO "audit_events"')


def test_nothing_personal_is_in_it(admin: User, acme: Organisation, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT data_type FROM information_schema.columns"
            " WHERE table_name = 'audit_events' AND column_name NOT IN ('deed', 'door')"
        )
        types = {row[0] for row in cursor.fetchall()}
    assert types == {"bigint", "uuid", "inet", "timestamp with time zone"}
    test_what_operators_do_at_a_terminal_is_written_down(admin, acme, tmp_path)
    known = {*EventType.values, "command"}
    assert {text for event in trail() for text in (event.event_type, event.source)} <= known


# --- nobody changes it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET user_id = NULL",
        "UPDATE audit_events SET created_at = now() WHERE false",
        "DELETE FROM audit_events",
        "INSERT INTO audit_events (id, deed, door) SELECT id, '', '' FROM audit_events"
        " ON CONFLICT (id) DO UPDATE SET deed = ''",
        "TRUNCATE audit_events",
        "SET LOCAL marketedge.audit_kept_days = '365'; DELETE FROM audit_events",
        "SET LOCAL marketedge.audit_kept_days = '0'; DELETE FROM audit_events",
        "SET LOCAL marketedge.audit_kept_days = '-9'; DELETE FROM audit_events",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_is_written(
    acme: Organisation, statement: str
) -> None:
    event = an_event(timedelta(days=29), organisation_id=acme.id)
    as_in_production = "SET LOCAL marketedge.audit_may_be_emptied = ''; "
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(as_in_production + statement)
    assert trail() == [event]


def test_the_models_own_methods_change_nothing_either(acme: Organisation) -> None:
    event = an_event(organisation_id=acme.id)
    for change in (event.delete, event.save, AuditEvent.objects.all().delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_it_outlives_the_user_the_import_and_the_file(admin: User, acme: Organisation) -> None:
    batch = submitted(admin)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_batches")
        cursor.execute("DELETE FROM users")
    (event,) = trail()
    assert (event.user_id, event.batch_id) == (admin.id, batch.id)


def test_it_goes_with_its_organisation_and_no_other(
    admin: User, root: User, acme: Organisation, globex: Organisation
) -> None:
    submitted(admin)
    theirs = submitted(root, globex.id)
    quotas.reset_limits(root.id)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM organisations WHERE id = %s", [acme.id])
    assert [event.batch_id for event in trail()] == [theirs.id, None]


def test_retention_deletes_what_is_old_enough_and_nothing_else(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_RETENTION_DAYS = 100
    monkeypatch.setattr(audit_retention, "EVENTS_AT_A_TIME", 2)
    for _ in range(5):
        an_event(timedelta(days=100, minutes=1), organisation_id=acme.id)
    kept = [an_event(timedelta(days=99, hours=23)), an_event()]
    assert retention.purge(dry_run=True).audit_events == 5
    assert retention.purge().audit_events == 5
    assert trail() == kept
    assert retention.purge().audit_events == 0


def test_purging_old_imports_says_nothing_about_their_trail(admin: User, settings: Any) -> None:
    batch = submitted(admin)
    runner.run(batch.id, lambda: False)
    retention.purge(days=0)
    assert not ImportBatch.objects.exists()
    assert deeds() == ["submitted"]


# --- who reads it --------------------------------------------------------------------------------


def rows(page: Any) -> list[int]:
    """The events of a list."""
    assert page.status_code == 200
    return sorted(event.id for event in page.context["cl"].result_list)


@pytest.fixture
def written(
    admin: User, other_admin: User, root: User, acme: Organisation, globex: Organisation
) -> dict[str, AuditEvent]:
    """An event of each kind of reader."""
    ours = {"organisation_id": acme.id, "client_ip": "192.0.2.1"}
    return {
        "ours": an_event(user_id=admin.id, batch_id=submitted(admin).id, **ours),
        "by staff": an_event(user_id=root.id, organisation_id=acme.id, client_ip="198.51.100.66"),
        "theirs": an_event(user_id=other_admin.id, organisation_id=globex.id),
        "staff's": an_event(event_type=EventType.BLOCKED, user_id=root.id, subject_id=uuid4()),
    }


def test_platform_staff_read_everything(root: User, written: dict[str, AuditEvent]) -> None:
    client = at_the_admin(root)
    assert rows(client.get(TRAIL)) == [event.id for event in trail()]
    for event in trail():
        assert client.get(f"{TRAIL}{event.id}/change/").status_code == 200
    page = client.get(TRAIL).content.decode()
    for text in ("admin@acme.example", "Globex", "198.51.100.66", "blocked uploads", "users.csv"):
        assert text in page


def test_an_administrator_reads_their_own_organisations_and_not_who_of_the_staff_it_was(
    admin: User, written: dict[str, AuditEvent]
) -> None:
    client = at_the_admin(admin)
    page = client.get(TRAIL)
    own = sorted(event.id for event in trail() if event.organisation_id == admin.organisation_id)
    assert rows(page) == own
    text = page.content.decode()
    assert "admin@acme.example" in text
    assert "MarketEdge&#x27;s staff" in text
    for hidden in ("root@", "Globex", "globex", "198.51.100.66"):
        assert hidden not in text
    one = client.get(f"{TRAIL}{written['by staff'].id}/change/").content.decode()
    assert "198.51.100.66" not in one
    assert "root@" not in one
    for name in ("theirs", "staff's"):
        assert client.get(f"{TRAIL}{written[name].id}/change/").status_code == 404
    assert rows(client.get(TRAIL, {"q": "198.51.100.66"})) == []
    assert rows(client.get(TRAIL, {"q": "root@marketedge.example"})) == []
    assert rows(client.get(TRAIL, {"organisation": str(written["theirs"].organisation_id)})) == own


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_nobody_else_reads_it(make_user: MakeUser, acme: Organisation, role: str) -> None:
    client = at_the_admin(make_user("eve@acme.example", role, acme))
    assert client.get(TRAIL).status_code in (302, 403)


def test_nobody_changes_it_in_the_admin(root: User, written: dict[str, AuditEvent]) -> None:
    client, before = at_the_admin(root), trail()
    one = f"{TRAIL}{written['ours'].id}"
    assert client.get(f"{TRAIL}add/").status_code == 403
    assert client.post(f"{one}/change/", {"deed": "x"}).status_code == 403
    assert client.post(f"{one}/delete/", {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": written["ours"].id, "post": "yes"}
    client.post(TRAIL, action)
    assert trail() == before


def test_it_can_be_filtered_and_searched(
    root: User, acme: Organisation, written: dict[str, AuditEvent]
) -> None:
    client, ours = at_the_admin(root), written["ours"]
    of_batch = sorted(event.id for event in trail(batch_id=ours.batch_id))
    of_admin = sorted(event.id for event in trail(user_id=ours.user_id))
    of_acme = sorted(event.id for event in trail(organisation_id=acme.id))
    found = {
        "q=" + str(ours.batch_id): of_batch,
        "q=" + str(written["staff's"].subject_id): [written["staff's"].id],
        "q=Admin@acme.example": of_admin,
        "q=192.0.2.1": [ours.id],
        "q=nonsense": [],
        "deed=blocked": [written["staff's"].id],
        f"organisation={acme.id}": of_acme,
        "organisation=nonsense": [event.id for event in trail()],
        "source=command": sorted(event.id for event in trail(source="command")),
    }
    assert {query: rows(client.get(f"{TRAIL}?{query}")) for query in found} == found
