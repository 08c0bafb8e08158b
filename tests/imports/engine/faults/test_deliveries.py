"""Messages that are delivered twice, to several workers at once, late, or never."""

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
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.stack import ConsistencyChecker, Stack, connected_to

WEB = ["-m", "tests.imports.engine.support.web_process"]


@pytest.fixture(scope="module")
def _duplicating_stack(
    databases: Databases, broker_url: str, tmp_path_factory: Any
) -> Iterator[Stack]:
    stack = Stack(databases.new(), broker_url, tmp_path_factory.mktemp("duplicating_stack"))
    stack.worker(4, DELIVER_TWICE="yes")
    yield stack
    stack.close()


@pytest.fixture
def duplicating_stack(_duplicating_stack: Stack, django_db_blocker: Any) -> Iterator[Stack]:
    """A stack with four worker processes, whose broker delivers each message twice."""
    with django_db_blocker.unblock(), connected_to(_duplicating_stack):
        yield _duplicating_stack


def test_every_task_is_delivered_twice(duplicating_stack: Stack) -> None:
    tenant = duplicating_stack.new_tenant()
    sample = mixed(2000, tenant.name)
    batch_id = duplicating_stack.submit(sample, tenant)
    tasks.enqueue(batch_id)
    with ConsistencyChecker(duplicating_stack, batch_id) as checker:
        duplicating_stack.wait_until_completed(batch_id, sample)
    assert checker.violations == []
    wait_until(duplicating_stack.queue_is_empty)
    duplicating_stack.check_outcome(batch_id, sample)


@pytest.mark.slow
def test_four_workers_get_the_same_batch_at_once(duplicating_stack: Stack) -> None:
    tenant = duplicating_stack.new_tenant()
    sample = mixed(2000, tenant.name)
    batch_id = duplicating_stack.submit(sample, tenant, enqueue=False)
    for _ in range(4):
        tasks.enqueue(batch_id)
    duplicating_stack.wait_until_completed(batch_id, sample)
    wait_until(duplicating_stack.queue_is_empty)
    duplicating_stack.check_outcome(batch_id, sample)


@pytest.mark.parametrize("point", ["before_enqueue", "after_enqueue"])
def test_web_process_killed_before_or_after_it_enqueues(
    live_stack: Stack, tmp_path: Path, point: str
) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(600, tenant.name)
    live_stack.sql("INSERT INTO users (email) SELECT unnest(%s::text[])", sample.existing_foreign)
    live_stack.sql("INSERT INTO users (email, organisation_id) SELECT unnest(%s::text[]), %s",
             sample.existing_own, tenant.organisation_id)  # fmt: skip
    file, rules = tmp_path / "users.csv", tmp_path / "failpoints"
    file.write_bytes(sample.file())
    rules.write_text(f"{point}=kill")
    web = Process(
        [*WEB, str(file), str(tenant.organisation_id), str(tenant.user_id)],
        tmp_path / "web.log",
        live_stack.environment(FAILPOINTS_FILE=str(rules), IMPORT_CHUNK_SIZE="100"),
    )
    wait_until(lambda: web.popen.poll() is not None)
    assert web.popen.returncode == -signal.SIGKILL, web.output()
    batch_id = live_stack.value(
        "SELECT id FROM import_batches WHERE organisation_id = %s", tenant.organisation_id
    )
    if point == "before_enqueue":
        assert live_stack.status(batch_id) == "pending"
        live_stack.make_older(batch_id, 31)  # within a minute: 30 s, and 30 s until the next sweep
    live_stack.wait_until_completed(batch_id, sample)


def test_a_message_for_no_batch_is_dropped(live_stack: Stack) -> None:
    tasks.enqueue("not an id")
    tasks.enqueue(str(uuid4()))
    wait_until(live_stack.queue_is_empty)


@pytest.mark.slow
def test_two_beats_enqueue_a_batch_once_each(live_stack: Stack) -> None:
    second = live_stack.beat()
    second.wait_for_output("Sending due task")
    samples = {}
    for _ in range(3):
        tenant = live_stack.new_tenant()
        sample = mixed(1000, tenant.name)
        batch_id = live_stack.submit(sample, tenant, enqueue=False)
        live_stack.make_older(batch_id, 31)
        samples[batch_id] = sample
    for batch_id, sample in samples.items():
        live_stack.wait_until_completed(batch_id, sample)
    live_stack.processes.remove(second)
    second.kill()


# --- Redis is killed or does not answer ---------------------------------------------------------


@pytest.fixture(scope="module")
def _stack_and_valkey(
    databases: Databases, tmp_path_factory: Any
) -> Iterator[tuple[Stack, OwnValkey]]:
    folder = tmp_path_factory.mktemp("own_valkey")
    with supervisor() as processes:
        valkey = OwnValkey(processes, folder)
        stack = Stack(databases.new(), valkey.url, folder)
        stack.beat()
        stack.worker()
        yield stack, valkey
        stack.close()


@pytest.fixture
def stack_and_valkey(
    _stack_and_valkey: tuple[Stack, OwnValkey], django_db_blocker: Any
) -> Iterator[tuple[Stack, OwnValkey]]:
    """A stack with a worker and beat, and its Valkey server, which loses its data when killed."""
    with django_db_blocker.unblock(), connected_to(_stack_and_valkey[0]):
        yield _stack_and_valkey


def test_redis_killed_before_enqueue(stack_and_valkey: tuple[Stack, OwnValkey]) -> None:
    stack, valkey = stack_and_valkey
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    valkey.kill()
    batch_id = stack.submit(sample, tenant)  # committed, and no error for the uploader
    assert stack.status(batch_id) == "pending"
    stack.make_older(batch_id, 31)
    valkey.restart()
    stack.wait_until_completed(batch_id, sample)


def test_redis_killed_between_enqueue_and_delivery(
    stack_and_valkey: tuple[Stack, OwnValkey],
) -> None:
    stack, valkey = stack_and_valkey
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    worker = stack.processes[-1]
    worker.signal(signal.SIGSTOP)  # no worker fetches messages
    batch_id = stack.submit(sample, tenant)
    valkey.kill()
    valkey.restart()
    worker.signal(signal.SIGCONT)
    stack.make_older(batch_id, 31)
    stack.wait_until_completed(batch_id, sample)


@pytest.mark.slow
def test_redis_killed_during_an_import(
    stack_and_valkey: tuple[Stack, OwnValkey],
) -> None:
    stack, valkey = stack_and_valkey
    tenant = stack.new_tenant()
    sample = mixed(3000, tenant.name)
    worker = stack.processes[-1]
    stack.set_faults("after_commit=freeze@5")
    batch_id = stack.submit(sample, tenant)
    wait_until(worker.frozen)
    stack.set_faults("")
    valkey.kill()
    valkey.restart()
    worker.resume()
    wait_until(lambda: stack.processed(batch_id) > 500)
    stack.make_older(batch_id, 61)  # the sweep enqueues it again
    stack.wait_until_completed(batch_id, sample)


@pytest.mark.slow
def test_redis_does_not_answer_during_an_upload(stack_and_valkey: tuple[Stack, OwnValkey]) -> None:
    stack, valkey = stack_and_valkey
    tenant = stack.new_tenant()
    sample = plain(200, tenant.name)
    valkey.freeze()
    batch_id = stack.submit(sample, tenant)  # returns: the web process must not hang
    assert stack.status(batch_id) == "pending"
    stack.make_older(batch_id, 31)
    valkey.resume()
    stack.wait_until_completed(batch_id, sample)


@pytest.mark.slow
def test_redis_does_not_answer_an_acknowledgement(
    stack_and_valkey: tuple[Stack, OwnValkey],
) -> None:
    """The worker must take the next message although Redis did not confirm the last one."""
    stack, valkey = stack_and_valkey
    tenant, other = stack.new_tenant(), stack.new_tenant()
    sample, next_sample = mixed(1000, tenant.name), plain(200, other.name)
    worker = stack.processes[-1]
    stack.set_faults("after_commit=freeze@10")  # the last chunk
    batch_id = stack.submit(sample, tenant)
    wait_until(worker.frozen)
    stack.set_faults("")
    valkey.freeze()
    missed = worker.output().count("Couldn't ack")
    worker.resume()
    wait_until(lambda: worker.output().count("Couldn't ack") > missed)
    valkey.resume()
    stack.wait_until_completed(batch_id, sample)
    next_id = stack.submit(next_sample, other, enqueue=False)
    stack.make_older(next_id, 31)
    stack.wait_until_completed(next_id, next_sample)
    wait_until(stack.queue_is_empty)
    stack.check_outcome(batch_id, sample)
