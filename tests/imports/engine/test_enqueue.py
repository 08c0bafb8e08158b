"""A batch is enqueued after COMMIT, with tasks whose names do not change."""

from __future__ import annotations

from uuid import UUID

import pytest

from imports import tasks
from tests.imports.engine.support.samples import plain
from tests.imports.engine.support.stack import Stack


def test_the_names_of_the_tasks_stay() -> None:
    """Workers of the last version must know the tasks that are in the queue during a deployment."""
    names = {task.name for task in (tasks.run_batch, tasks.sweep, tasks.run_undo, tasks.send_mail)}
    assert names == {"imports.run", "imports.sweep", "imports.undo", "imports.notify"}
    assert tasks.purge.name == "imports.purge"


def test_a_batch_is_enqueued_after_it_is_committed(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(batch_id: UUID) -> None:
        seen.append(stack.value("SELECT count(*) FROM import_batches WHERE id = %s", batch_id))

    monkeypatch.setattr(tasks, "enqueue", look)
    tenant = stack.new_tenant()
    stack.submit(plain(10, tenant.name), tenant)
    assert seen == [1]


def test_a_batch_is_committed_even_if_it_can_not_be_enqueued(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(plain(10, tenant.name), tenant, enqueue=False)
    assert stack.status(batch_id) == "pending"
    assert stack.queue_is_empty()
