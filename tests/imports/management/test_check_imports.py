"""`manage.py check_imports` tells what is wrong, with the exit status of a monitoring plugin."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone

from imports.models import Heartbeat, ImportBatch, ImportHalt, Upload
from users.models import Invitation, Organisation, User

pytestmark = pytest.mark.django_db


def check(expected_status: int) -> dict[str, tuple[str, str]]:
    """Runs the command. Gives name -> level and message."""
    out = StringIO()
    if expected_status:
        with pytest.raises(SystemExit) as ended:
            call_command("check_imports", "--json", stdout=out)
        assert ended.value.code == expected_status, out.getvalue()
    else:
        call_command("check_imports", "--json", stdout=out)
    checks = json.loads(out.getvalue())["checks"]
    return {one["name"]: (one["level"], one["message"]) for one in checks}


@pytest.fixture(autouse=True)
def heartbeats() -> None:
    for process in ("worker", "beat", "sweep", "purge"):
        Heartbeat.objects.beat(process)


def batches(organisation: Organisation, completed: int, failed: int) -> None:
    for status, count in (("completed", completed), ("failed", failed)):
        for _ in range(count):
            ImportBatch.objects.create(
                organisation=organisation, filename="u.csv", status=status, completed_at=Now()
            )


def test_a_service_that_is_well() -> None:
    found = check(0)
    assert {level for level, _ in found.values()} == {"ok"}
    assert found["database"] == ("ok", "answers")
    assert len(found) == 15


@pytest.mark.parametrize(
    ("completed", "failed", "level", "status"),
    [(95, 5, "ok", 0), (94, 6, "warning", 1), (89, 11, "critical", 2), (1, 8, "ok", 0)],
)
def test_the_success_rate(
    acme: Organisation, completed: int, failed: int, level: str, status: int
) -> None:
    batches(acme, completed, failed)
    assert check(status)["success rate"][0] == level


def test_a_worker_without_heartbeats() -> None:
    Heartbeat.objects.filter(name="worker:").update(at="2020-01-01T00:00:00Z")
    assert check(2)["worker"][0] == "critical"
    Heartbeat.objects.all().delete()
    assert check(2)["worker"] == ("critical", "has never given a heartbeat")


def test_a_halt_is_a_warning() -> None:
    ImportHalt.objects.create(reason="a wrong file")
    level, message = check(1)["halt"]
    assert (level, message.endswith(": a wrong file")) == ("warning", True)


def test_an_import_without_a_worker_and_an_old_one(acme: Organisation) -> None:
    batch = ImportBatch.objects.create(organisation=acme, filename="u.csv")
    ImportBatch.objects.everywhere().filter(id=batch.id).update(
        created_at="2020-01-01T00:00:00Z", enqueued_at="2020-01-01T00:00:00Z"
    )
    assert check(1)["stuck imports"][0] == "warning"
    assert check(1)["retention"][0] == "ok"  # it is not finished, and retention keeps it
    ImportBatch.objects.everywhere().filter(id=batch.id).update(
        status="failed", completed_at="2020-01-01T00:00:00Z"
    )
    assert check(1)["retention"][0] == "warning"


@pytest.mark.parametrize(
    ("minutes", "others", "level"),
    [(59, 0, "ok"), (61, 0, "warning"), (61, 9, "ok"), (80, 9, "warning")],
)
def test_invitations_that_wait_for_longer_than_the_pace_explains(
    viewer: User, admin: User, minutes: int, others: int, level: str, settings: Any
) -> None:
    settings.INVITATION_RATE = 1
    created = timezone.now() - timedelta(minutes=minutes)
    Invitation.objects.create(user=viewer, created_at=created)
    Invitation.objects.create(user=admin, created_at=created, status="sent")
    for _ in range(others):
        Invitation.objects.create(organisation=viewer.organisation)
    found = check(int(level != "ok"))["invitations"]
    assert found[0] == level
    assert found[1].startswith(f"{others + 1} wait to be sent, the oldest since {60 * minutes:,}")


def test_an_invitation_that_was_made_again_waits_from_then_on(viewer: User) -> None:
    Invitation.objects.create(user=viewer, created_at="2020-01-01T00:00:00Z")
    assert check(1)["invitations"][0] == "warning"
    Invitation.objects.everywhere().update(generation=2)
    assert check(0)["invitations"][0] == "ok"


def test_staged_files_that_nobody_imported_are_deleted_in_time(acme: Organisation) -> None:
    upload = Upload.objects.create(
        organisation=acme, size_bytes=1, header_row=1, columns=[], total_rows=0
    )
    assert check(0)["retention"][1].startswith("the oldest unused staged file is of ")
    Upload.objects.everywhere().filter(id=upload.id).update(created_at="2020-01-01T00:00:00Z")
    level, message = check(1)["retention"]
    assert level == "warning"
    assert "2020-01-01" in message
    assert message.endswith("3600 seconds are allowed")


def test_the_growth_of_the_tables(acme: Organisation) -> None:
    batches(acme, completed=2, failed=0)
    ImportBatch.objects.everywhere().update(total_rows=7, processed_rows=7, successful_rows=7)
    sizes = check(0)["table sizes"][1]
    assert "(imports added 14 rows in 24 hours)" in sizes
    assert "(imports added 2 rows in 24 hours)" in sizes


def test_without_redis(settings: Any, silent_port: int) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{silent_port}/0"
    level, message = check(2)["redis"]
    assert (level, message) == ("critical", "does not answer: no import is started")
