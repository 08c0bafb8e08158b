"""Workers that are killed: each row has its outcome exactly once, and the batch still ends."""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import Sample, mixed
from tests.imports.engine.support.stack import ConsistencyChecker, Stack


def worker_of(stack: Stack) -> Process:
    """Gives the worker that was started last."""
    return stack.processes[-1]


def kill_at_random_points(stack: Stack, sample: Sample, *, kills: int, chunk_size: int) -> None:
    """Kills the processes of the worker at random points of the file, each time after progress."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it if the test fails
    order = random.Random(seed)
    batch_id = stack.submit(sample, stack.new_tenant(), chunk_size=chunk_size)
    reached = -1
    with ConsistencyChecker(stack, batch_id) as checker:
        for number in range(kills):
            wanted = int((number + order.random()) * len(sample) / (kills + 1))
            wanted = max(wanted, reached + 1)
            wait_until(lambda least=wanted: stack.processed(batch_id) >= least)
            assert worker_of(stack).kill_children()
            reached = stack.processed(batch_id)
        stack.wait_until_completed(batch_id, sample)
    assert checker.violations == []
    assert stack.batch(batch_id)["attempt"] > kills


@pytest.mark.slow
def test_workers_killed_at_ten_random_points(live_stack: Stack) -> None:
    kill_at_random_points(live_stack, mixed(5000, "ten"), kills=10, chunk_size=100)


@pytest.mark.slow
def test_workers_killed_at_25_random_points_of_20_000_rows(live_stack: Stack) -> None:
    kill_at_random_points(live_stack, mixed(20_000, "many"), kills=25, chunk_size=100)


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_worker_killed_at_a_point_of_every_third_chunk(live_stack: Stack, point: str) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    live_stack.set_faults(
        f"{point}:{tenant.name}.csv=kill@3"
    )  # the third time that a process reaches it
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    live_stack.wait_until_completed(batch_id, sample)
    assert live_stack.batch(batch_id)["attempt"] >= 3


def test_worker_killed_right_after_its_claim(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    live_stack.set_faults(f"after_claim:{tenant.name}.csv=kill")
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(lambda: live_stack.batch(batch_id)["attempt"])
    live_stack.set_faults("")
    live_stack.wait_until_completed(batch_id, sample)
    assert live_stack.batch(batch_id)["attempt"] > 1


def test_worker_killed_right_after_the_last_commit(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    live_stack.set_faults(f"after_commit:{tenant.name}.csv=kill")
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv", chunk_size=1000)
    live_stack.wait_until_completed(batch_id, sample)
    wait_until(live_stack.queue_is_empty)  # the message was delivered again, and changed nothing
    live_stack.check_outcome(batch_id, sample)
    assert live_stack.batch(batch_id)["attempt"] == 1


def test_a_new_worker_finds_stalled_and_lost_batches_without_beat(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(2000, tenant.name)
    worker = stack.worker()
    stack.set_faults("mid_chunk=freeze@5")
    batch_id = stack.submit(sample, tenant)
    wait_until(worker.frozen)
    stack.set_faults("")
    worker.kill()  # all processes at once, as the kernel does when memory is full
    assert stack.processed(batch_id) == 400
    other = stack.new_tenant()
    lost = mixed(200, other.name)
    lost_id = stack.submit(lost, other, enqueue=False)
    stack.make_older(lost_id, 31)
    stack.worker(wait=False)  # a worker sweeps when it starts; no beat is running
    stack.wait_until_completed(batch_id, sample)
    stack.wait_until_completed(lost_id, lost)


def test_sigterm_ends_a_worker_within_five_seconds_and_another_continues(
    stack: Stack,
) -> None:
    tenant = stack.new_tenant()
    sample = mixed(2000, tenant.name)
    old = stack.worker()
    stack.set_faults("mid_chunk=freeze@5")
    batch_id = stack.submit(sample, tenant)
    wait_until(old.frozen)
    stack.set_faults("")
    old.signal(signal.SIGTERM)
    old.wait_for_output("Warm shutdown")
    old.resume()
    wait_until(lambda: old.popen.poll() is not None, seconds=5)
    assert old.popen.returncode == 0
    assert stack.processed(batch_id) == 500  # the current chunk was finished, no other begun
    assert stack.batch(batch_id)["heartbeat_at"] is None  # released at once
    stack.worker(wait=False)
    stack.wait_until_completed(batch_id, sample)


@pytest.mark.slow
def test_sigterm_to_the_whole_process_group(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(5000, tenant.name)
    batch_id = stack.submit(sample, tenant, chunk_size=50)
    for _ in range(3):
        reached = stack.processed(batch_id)
        worker = stack.worker(wait=False)
        wait_until(lambda least=reached: stack.processed(batch_id) > least)
        os.killpg(worker.pid, signal.SIGTERM)
        wait_until(lambda gone=worker: gone.popen.poll() is not None, seconds=10)
    stack.worker()
    stack.wait_until_completed(batch_id, sample)


def test_a_batch_that_crashes_its_worker_repeatedly_fails_alone(
    live_stack: Stack,
) -> None:
    tenant, other = live_stack.new_tenant(), live_stack.new_tenant()
    sample, harmless = mixed(1000, tenant.name), mixed(5000, other.name)
    worker = worker_of(live_stack)
    live_stack.set_faults("after_commit:crashing.csv=freeze@4")
    batch_id = live_stack.submit(sample, tenant, filename="crashing.csv")
    wait_until(worker.frozen)
    live_stack.set_faults("mid_chunk:crashing.csv=kill")
    worker.resume()
    harmless_id = live_stack.submit(harmless, other)
    assert live_stack.wait_until_ended(batch_id) == ["failed"]
    live_stack.wait_until_completed(harmless_id, harmless)
    live_stack.check_partial_outcome(batch_id, sample)
    batch = live_stack.batch(batch_id)
    assert batch["processed_rows"] == 400
    assert batch["error_message"].startswith("The import stopped 3 times near row 401 of the data")
    attempts = live_stack.value(
        "SELECT count(DISTINCT after->>'attempt') FROM change_log WHERE batch = %s"
        " AND (after->>'next_chunk')::int = 4",
        batch_id,
    )
    assert attempts <= 5  # no hot loop: the resumed attempt, three more, and the failure
