"""Workers that are frozen (SIGSTOP) and wake when another one has finished the batch: they write
nothing. And workers that are only slow: they are left alone."""

from __future__ import annotations

import pytest

from imports.engine import recovery
from tests.imports.engine.support.processes import until
from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.world import World

# Outside a transaction; inside one, where PostgreSQL's own time limit frees its locks; and in the
# middle of a COPY, where no limit of PostgreSQL's holds.
POINTS = ["after_claim", "after_commit", "before_commit", "mid_chunk"]


@pytest.mark.parametrize("point", POINTS)
def test_a_frozen_worker_is_overtaken_and_writes_nothing_when_it_wakes(
    crew: World, point: str
) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    worker = crew.processes[-1]
    nth = 1 if point == "after_claim" else 3
    crew.fail_at(f"{point}:{client.tag}.csv=freeze@{nth}")
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv")
    until(worker.frozen)
    crew.fail_at("")
    crew.completed(batch_id, sample)
    assert worker.frozen()
    attempt = crew.batch(batch_id)["attempt"]
    worker.go_on()
    until(crew.is_quiet)  # it is done with its message
    crew.holds_exactly(batch_id, sample)
    assert crew.batch(batch_id)["attempt"] == attempt > 1


@pytest.mark.slow
def test_a_worker_that_is_frozen_for_a_moment_goes_on_where_it_was(world: World) -> None:
    client = world.client()
    sample = mixed(1000, client.tag)
    world.fail_at("mid_chunk=freeze@3")
    batch_id = world.submit(sample, client)
    worker = world.worker(DATABASE_IDLE_SECONDS="60", IMPORT_SLICE_SECONDS="60")
    until(worker.frozen)
    # its row is locked, so that nobody takes it for dead, however long it has said nothing
    assert recovery.sweep(stuck_seconds=-1) == []
    worker.go_on()
    world.completed(batch_id, sample)
    assert world.batch(batch_id)["attempt"] == 1
