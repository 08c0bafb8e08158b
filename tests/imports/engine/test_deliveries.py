"""Messages that come twice, to several workers at once, late, or never."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from imports import tasks
from tests.imports.engine.conftest import supervisor
from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.processes import Process, until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.world import Watcher, World, inside

WEB = ["-m", "tests.imports.engine.support.web"]


@pytest.fixture(scope="module")
def _crowd(databases: Databases, broker_url: str, tmp_path_factory: Any) -> Iterator[World]:
    world = World(databases.new(), broker_url, tmp_path_factory.mktemp("crowd"))
    world.worker(4, DELIVER_TWICE="yes")
    yield world
    world.close()


@pytest.fixture
def crowd(_crowd: World, django_db_blocker: Any) -> Iterator[World]:
    """Four processes that work, and a broker that delivers whatever they send twice."""
    with django_db_blocker.unblock(), inside(_crowd):
        yield _crowd


def test_every_task_delivered_twice(crowd: World) -> None:
    client = crowd.client()
    sample = mixed(2000, client.tag)
    batch_id = crowd.submit(sample, client)
    tasks.enqueue(batch_id)
    with Watcher(crowd, batch_id) as watcher:
        crowd.completed(batch_id, sample)
    assert watcher.wrong == []
    until(crowd.is_quiet)
    crowd.holds_exactly(batch_id, sample)


def test_four_workers_told_to_run_the_same_batch_at_once(crowd: World) -> None:
    client = crowd.client()
    sample = mixed(2000, client.tag)
    batch_id = crowd.submit(sample, client, enqueue=False)
    for _ in range(4):
        tasks.enqueue(batch_id)
    crowd.completed(batch_id, sample)
    until(crowd.is_quiet)
    crowd.holds_exactly(batch_id, sample)


@pytest.mark.parametrize("point", ["before_enqueue", "after_enqueue"])
def test_the_web_process_killed_around_the_announcement(
    crew: World, tmp_path: Path, point: str
) -> None:
    client = crew.client()
    sample = mixed(600, client.tag)
    crew.sql("INSERT INTO users (email) SELECT unnest(%s::text[])", sample.foreign)
    crew.sql("INSERT INTO users (email, organisation_id) SELECT unnest(%s::text[]), %s",
             sample.own, client.organisation_id)  # fmt: skip
    file, rules = tmp_path / "users.csv", tmp_path / "failpoints"
    file.write_bytes(sample.file())
    rules.write_text(f"{point}=kill")
    web = Process(
        [*WEB, str(file), str(client.organisation_id), str(client.user_id)],
        tmp_path / "web.log",
        crew.environment(FAILPOINTS_FILE=str(rules), IMPORT_CHUNK_SIZE="100"),
    )
    until(lambda: web.popen.poll() is not None)
    assert web.popen.returncode == -signal.SIGKILL, web.output()
    batch_id = crew.one(
        "SELECT id FROM import_batches WHERE organisation_id = %s", client.organisation_id
    )
    if point == "before_enqueue":
        assert crew.status(batch_id) == "pending"
        crew.later(batch_id, 31)  # within a minute: 30 s, and 30 s until the next sweep
    crew.completed(batch_id, sample)


def test_a_message_that_names_no_batch_does_not_come_back_for_ever(crew: World) -> None:
    tasks.enqueue("not an id")
    tasks.enqueue(str(uuid4()))
    until(crew.is_quiet)


def test_two_beats(crew: World) -> None:
    second = crew.beat()
    second.wait_until_it_says("Sending due task")
    samples = {}
    for _ in range(3):
        client = crew.client()
        sample = mixed(1000, client.tag)
        batch_id = crew.submit(sample, client, enqueue=False)
        crew.later(batch_id, 31)
        samples[batch_id] = sample
    for batch_id, sample in samples.items():
        crew.completed(batch_id, sample)
    crew.processes.remove(second)
    second.kill()


# --- Redis killed, emptied, hung --------------------------------------------------------------


@pytest.fixture(scope="module")
def _away(databases: Databases, tmp_path_factory: Any) -> Iterator[tuple[World, OwnValkey]]:
    folder = tmp_path_factory.mktemp("away")
    with supervisor() as processes:
        valkey = OwnValkey(processes, folder)
        world = World(databases.new(), valkey.url, folder)
        world.beat()
        world.worker()
        yield world, valkey
        world.close()


@pytest.fixture
def away(
    _away: tuple[World, OwnValkey], django_db_blocker: Any
) -> Iterator[tuple[World, OwnValkey]]:
    """A worker and a beat, and a Redis that the test may kill. It forgets everything then."""
    with django_db_blocker.unblock(), inside(_away[0]):
        yield _away


def test_redis_killed_before_the_announcement(away: tuple[World, OwnValkey]) -> None:
    world, valkey = away
    client = world.client()
    sample = mixed(1000, client.tag)
    valkey.die()
    batch_id = world.submit(sample, client)  # committed, and no error for the client
    assert world.status(batch_id) == "pending"
    world.later(batch_id, 31)
    valkey.come_back()
    world.completed(batch_id, sample)


def test_redis_killed_between_announcement_and_delivery(away: tuple[World, OwnValkey]) -> None:
    world, valkey = away
    client = world.client()
    sample = mixed(1000, client.tag)
    worker = world.processes[-1]
    worker.signal(signal.SIGSTOP)  # nobody fetches
    batch_id = world.submit(sample, client)
    valkey.die()
    valkey.come_back()
    worker.signal(signal.SIGCONT)
    world.later(batch_id, 31)
    world.completed(batch_id, sample)


def test_redis_killed_with_all_its_data_in_mid_batch(away: tuple[World, OwnValkey]) -> None:
    world, valkey = away
    client = world.client()
    sample = mixed(3000, client.tag)
    worker = world.processes[-1]
    world.fail_at("after_commit=freeze@5")
    batch_id = world.submit(sample, client)
    until(worker.frozen)
    world.fail_at("")
    valkey.die()
    valkey.come_back()
    worker.go_on()
    until(lambda: world.processed(batch_id) > 500)
    world.later(batch_id, 61)  # a batch that was handed over to nobody is announced again
    world.completed(batch_id, sample)


def test_redis_hung_while_a_file_comes_in(away: tuple[World, OwnValkey]) -> None:
    world, valkey = away
    client = world.client()
    sample = plain(200, client.tag)
    valkey.freeze()
    batch_id = world.submit(sample, client)  # comes back: no web process is lost for ever
    assert world.status(batch_id) == "pending"
    world.later(batch_id, 31)
    valkey.go_on()
    world.completed(batch_id, sample)


def test_redis_hung_while_a_message_is_acknowledged(away: tuple[World, OwnValkey]) -> None:
    """The worker is then not told that Redis knows it is done with the message, and takes the next
    one all the same."""
    world, valkey = away
    client, other = world.client(), world.client()
    sample, next_sample = mixed(1000, client.tag), plain(200, other.tag)
    worker = world.processes[-1]
    world.fail_at("after_commit=freeze@10")  # the last chunk
    batch_id = world.submit(sample, client)
    until(worker.frozen)
    world.fail_at("")
    valkey.freeze()
    missed = worker.output().count("Couldn't ack")
    worker.go_on()
    until(lambda: worker.output().count("Couldn't ack") > missed)
    valkey.go_on()
    world.completed(batch_id, sample)
    next_id = world.submit(next_sample, other, enqueue=False)
    world.later(next_id, 31)
    world.completed(next_id, next_sample)
    until(world.is_quiet)
    world.holds_exactly(batch_id, sample)
