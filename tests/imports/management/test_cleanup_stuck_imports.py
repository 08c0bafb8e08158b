"""`manage.py cleanup_stuck_imports`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db.models.functions import Now

from imports.engine import runner
from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.conftest import ModuleProcess
from tests.imports.management.helpers import output_of

pytestmark = pytest.mark.django_db


def stop_heartbeat(batch: ImportBatch, minutes: int) -> None:
    """Makes the batch look as if its worker had died that many minutes ago."""
    ago = Now() - timedelta(minutes=minutes)
    ImportBatch.objects.everywhere().filter(id=batch.id).update(heartbeat_at=ago, enqueued_at=ago)


def test_a_stalled_import_is_queued_again_and_continues_where_it_stopped(
    batch: ImportBatch,
) -> None:
    stop_heartbeat(batch, 11)
    output = output_of("cleanup_stuck_imports")
    assert str(batch.id) in output
    assert "2 of 6" in output
    assert "queued again" in output
    assert output_of("cleanup_stuck_imports") == "Nothing is stuck.\n"
    runner.run(batch.id, lambda: False)
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.COMPLETED, 6)


def test_a_dry_run_changes_nothing(batch: ImportBatch) -> None:
    stop_heartbeat(batch, 11)
    before = ImportBatch.objects.everywhere().values().get()
    for _ in range(2):
        assert "would be queued again" in output_of("cleanup_stuck_imports", "--dry-run")
    assert "would be marked as failed" in output_of("cleanup_stuck_imports", "--dry-run", "--fail")
    assert ImportBatch.objects.everywhere().values().get() == before


def test_a_dry_run_names_the_imports_that_have_no_attempt_left(batch: ImportBatch) -> None:
    stop_heartbeat(batch, 11)
    ImportBatch.objects.everywhere().update(
        attempts_without_progress=runner.MAX_ATTEMPTS_WITHOUT_PROGRESS
    )
    assert "would be marked as failed" in output_of("cleanup_stuck_imports", "--dry-run")
    assert "marked as failed" in output_of("cleanup_stuck_imports")


def test_with_fail_a_stalled_import_is_marked_as_failed_with_the_reason(batch: ImportBatch) -> None:
    stop_heartbeat(batch, 11)
    assert "marked as failed" in output_of("cleanup_stuck_imports", "--fail")
    batch.refresh_from_db()
    assert (batch.status, batch.successful_rows) == (Status.FAILED, 2)
    assert "no worker got any further with this import for 10 minutes" in batch.error_message
    assert output_of("cleanup_stuck_imports", "--fail") == "Nothing is stuck.\n"


def test_minutes_decide_which_imports_are_stalled(batch: ImportBatch) -> None:
    stop_heartbeat(batch, 5)
    assert output_of("cleanup_stuck_imports") == "Nothing is stuck.\n"
    assert str(batch.id) in output_of("cleanup_stuck_imports", "--minutes", "4")
    with pytest.raises(CommandError, match="1 or more"):
        output_of("cleanup_stuck_imports", "--minutes", "0")


def test_a_pending_import_without_a_message_is_queued_again(batch: ImportBatch) -> None:
    ago = Now() - timedelta(minutes=2)
    zero = {"processed_rows": 0, "successful_rows": 0, "next_chunk": 0}
    ImportBatch.objects.everywhere().update(
        status=Status.PENDING, enqueued_at=ago, created_at=ago, **zero
    )
    assert "pending, not queued" in output_of("cleanup_stuck_imports")


def test_without_redis_the_command_fails_with_a_sentence(
    batch: ImportBatch, start: Callable[..., ModuleProcess]
) -> None:
    stop_heartbeat(batch, 11)
    away = start("manage", "cleanup_stuck_imports", REDIS_URL="redis://127.0.0.1:1/0")
    assert away.popen.wait() == 1
    assert "Redis did not answer" in away.log.read_text()
    assert "Traceback" not in away.log.read_text()
