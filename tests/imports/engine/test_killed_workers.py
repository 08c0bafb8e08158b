"""Workers that die: each row has its outcome exactly once, and the batch ends by itself."""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.imports.engine.support.processes import Process, until
from tests.imports.engine.support.samples import Sample, mixed
from tests.imports.engine.support.world import Watcher, World


def worker_of(world: World) -> Process:
    """The one that was started last."""
    return world.processes[-1]


def kill_at_random_points(world: World, sample: Sample, *, kills: int, chunk_size: int) -> None:
    """SIGKILL to whoever works, at points spread over the file; each time it must have got on."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test fails
    order = random.Random(seed)
    batch_id = world.submit(sample, world.client(), chunk_size=chunk_size)
    reached = -1
    with Watcher(world, batch_id) as watcher:
        for number in range(kills):
            wanted = int((number + order.random()) * len(sample) / (kills + 1))
            wanted = max(wanted, reached + 1)
            until(lambda least=wanted: world.processed(batch_id) >= least)
            assert worker_of(world).kill_children()
            reached = world.processed(batch_id)
        world.completed(batch_id, sample)
    assert watcher.wrong == []
    assert world.batch(batch_id)["attempt"] > kills


def test_sigkill_at_ten_random_points(crew: World) -> None:
    kill_at_random_points(crew, mixed(5000, "ten"), kills=10, chunk_size=100)


@pytest.mark.slow
def test_sigkill_at_25_random_points_of_20_000_rows(crew: World) -> None:
    kill_at_random_points(crew, mixed(20_000, "many"), kills=25, chunk_size=100)


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_sigkill_at_every_third_chunk_exactly_here(crew: World, point: str) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    crew.fail_at(f"{point}:{client.tag}.csv=kill@3")  # the third time in the life of a process
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv")
    crew.completed(batch_id, sample)
    assert crew.batch(batch_id)["attempt"] >= 3


def test_sigkill_right_after_the_batch_was_taken_up(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    crew.fail_at(f"after_claim:{client.tag}.csv=kill")
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv")
    until(lambda: crew.batch(batch_id)["attempt"])
    crew.fail_at("")
    crew.completed(batch_id, sample)
    assert crew.batch(batch_id)["attempt"] > 1


def test_sigkill_right_after_the_last_commit(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    crew.fail_at(f"after_commit:{client.tag}.csv=kill")
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv", chunk_size=1000)
    crew.completed(batch_id, sample)
    until(crew.is_quiet)  # the message was delivered again, and did nothing
    crew.holds_exactly(batch_id, sample)
    assert crew.batch(batch_id)["attempt"] == 1


def test_the_whole_worker_killed_and_another_message_lost_and_no_beat(world: World) -> None:
    client = world.client()
    sample = mixed(2000, client.tag)
    worker = world.worker()
    world.fail_at("mid_chunk=freeze@5")
    batch_id = world.submit(sample, client)
    until(worker.frozen)
    world.fail_at("")
    worker.kill()  # all of it at once, as when the memory is full
    assert world.processed(batch_id) == 400
    other = world.client()
    unannounced = mixed(200, other.tag)
    unannounced_id = world.submit(unannounced, other, enqueue=False)
    world.later(unannounced_id, 31)
    world.worker(wait=False)  # it sweeps when it starts: nobody else does here
    world.completed(batch_id, sample)
    world.completed(unannounced_id, unannounced)


def test_sigterm_in_mid_chunk_the_worker_is_gone_within_five_seconds_and_another_carries_on(
    world: World,
) -> None:
    client = world.client()
    sample = mixed(2000, client.tag)
    old = world.worker()
    world.fail_at("mid_chunk=freeze@5")
    batch_id = world.submit(sample, client)
    until(old.frozen)
    world.fail_at("")
    old.signal(signal.SIGTERM)
    old.wait_until_it_says("Warm shutdown")
    old.go_on()
    until(lambda: old.popen.poll() is not None, seconds=5)
    assert old.popen.returncode == 0
    assert world.processed(batch_id) == 500  # the chunk in hand was finished, no other begun
    assert world.batch(batch_id)["heartbeat_at"] is None  # handed over, not left to go silent
    world.worker(wait=False)
    world.completed(batch_id, sample)


@pytest.mark.slow
def test_sigterm_to_the_whole_group_of_processes(world: World) -> None:
    client = world.client()
    sample = mixed(5000, client.tag)
    batch_id = world.submit(sample, client, chunk_size=50)
    for _ in range(3):
        reached = world.processed(batch_id)
        worker = world.worker(wait=False)
        until(lambda least=reached: world.processed(batch_id) > least)
        os.killpg(worker.pid, signal.SIGTERM)
        until(lambda gone=worker: gone.popen.poll() is not None, seconds=10)
    world.worker()
    world.completed(batch_id, sample)


def test_a_row_that_kills_its_worker_every_time_fails_its_batch_and_no_other(crew: World) -> None:
    client, other = crew.client(), crew.client()
    sample, harmless = mixed(1000, client.tag), mixed(5000, other.tag)
    worker = worker_of(crew)
    crew.fail_at("after_commit:poison.csv=freeze@4")
    batch_id = crew.submit(sample, client, filename="poison.csv")
    until(worker.frozen)
    crew.fail_at("mid_chunk:poison.csv=kill")
    worker.go_on()
    harmless_id = crew.submit(harmless, other)
    assert crew.ended(batch_id) == ["failed"]
    crew.completed(harmless_id, harmless)
    crew.stopped_early(batch_id, sample)
    batch = crew.batch(batch_id)
    assert batch["processed_rows"] == 400
    assert batch["error_message"].startswith("The import stopped 3 times near row 401 of the data")
    starts = crew.one("SELECT count(DISTINCT after->>'attempt') FROM ledger WHERE batch = %s"
                      " AND (after->>'next_chunk')::int = 4", batch_id)  # fmt: skip
    assert starts <= 5  # no hot loop: the one that was woken, three more, and the end
