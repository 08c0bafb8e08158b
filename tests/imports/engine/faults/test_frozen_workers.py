"""Workers that are frozen (SIGSTOP) write nothing after another worker has claimed their batch."""

from __future__ import annotations

import pytest

from imports.engine.upkeep import recovery
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import Stack

# Outside a transaction, inside one (PostgreSQL's time limit releases its locks), and in the middle
# of a COPY (no time limit of PostgreSQL applies).
POINTS = ["after_claim", "after_commit", "before_commit", "mid_chunk"]


@pytest.mark.parametrize("point", POINTS)
def test_a_frozen_worker_writes_nothing_after_it_resumes(live_stack: Stack, point: str) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    worker = live_stack.processes[-1]
    nth = 1 if point == "after_claim" else 3
    live_stack.set_faults(f"{point}:{tenant.name}.csv=freeze@{nth}")
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(worker.frozen)
    live_stack.set_faults("")
    live_stack.wait_until_completed(batch_id, sample)
    assert worker.frozen()
    attempt = live_stack.batch(batch_id)["attempt"]
    worker.resume()
    wait_until(live_stack.queue_is_empty)  # the message is acknowledged
    live_stack.check_outcome(batch_id, sample)
    assert live_stack.batch(batch_id)["attempt"] == attempt > 1


@pytest.mark.slow
def test_a_worker_that_is_frozen_for_a_moment_continues(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    stack.set_faults("mid_chunk=freeze@3")
    batch_id = stack.submit(sample, tenant)
    stack.set_idle_seconds(60)
    worker = stack.worker(DATABASE_IDLE_SECONDS="60", IMPORT_SLICE_SECONDS="60")
    wait_until(worker.frozen)
    # the batch's row is locked, so the sweep leaves it alone however old its heartbeat is
    assert recovery.sweep(stuck_seconds=-1) == []
    worker.resume()
    stack.wait_until_completed(batch_id, sample)
    assert stack.batch(batch_id)["attempt"] == 1
