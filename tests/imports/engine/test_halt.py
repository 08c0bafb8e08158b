"""All imports can be halted. Nothing is lost, and what waits goes on afterwards."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from celery_app import app
from core.errors import NotAllowed
from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.engine.upkeep import recovery
from imports.errors import ImportsHalted
from imports.models import AuditEvent, ImportBatch, ImportHalt
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.stack import Stack, forget_broker
from users.models import User


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_a_running_import_stops_at_the_next_chunk_and_goes_on_afterwards(stack: Stack) -> None:
    stack.worker(2)
    sample = mixed(3_000, "halted")
    stack.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END$$;"
        " CREATE TRIGGER slow AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    )
    batch_id = stack.submit(sample, stack.new_tenant(), chunk_size=50)
    wait_until(lambda: stack.processed(batch_id) > 0, what="the first chunk")
    assert "Imports are halted." in command("halt_imports", "--reason", "a wrong file")
    # It is released: no worker has it any more.
    wait_until(lambda: stack.batch(batch_id)["heartbeat_at"] is None, seconds=5, what="the stop")
    stopped_at = stack.processed(batch_id)
    assert 0 < stopped_at < len(sample)
    stack.beat()  # whose sweep must leave the batch alone
    waiting = "UPDATE import_batches SET announced_at = now() - interval '1 hour' WHERE id = %s"
    stack.sql(waiting, batch_id)
    sweeps = "SELECT count(*) FROM heartbeats WHERE name = 'sweep:' AND at > %s"
    now = stack.value("SELECT clock_timestamp()")
    wait_until(lambda: stack.value(sweeps, now) == 1, what="a sweep")
    assert stack.processed(batch_id) == stopped_at
    assert stack.batch(batch_id)["status"] == "processing"
    assert "1 waiting imports were queued" in command("resume_imports")
    stack.wait_until_completed(batch_id, sample)


def test_an_import_that_is_claimed_while_halted_costs_no_attempt(stack: Stack) -> None:
    batch_id = stack.submit(plain(20, "claimed"), stack.new_tenant())
    command("halt_imports", "--reason", "test")
    assert runner.run(batch_id, lambda: False) is runner.Result.HALTED
    assert stack.batch(batch_id)["attempt"] == 0
    assert recovery.sweep(at_once=True) == []
    command("resume_imports")
    assert runner.run(batch_id, lambda: False) is runner.Result.DONE
    assert stack.status(batch_id) == "completed"


def test_nothing_new_is_started_while_halted_but_an_undo_works(stack: Stack) -> None:
    tenant, sample = stack.new_tenant(), plain(20, "done")
    done, staged = (
        stack.submit(sample, tenant),
        stack.stage(plain(20, "other"), tenant, chunk_size=9),
    )
    assert runner.run(done, lambda: False) is runner.Result.DONE
    command("halt_imports", "--reason", "test")
    user = User.objects.everywhere().get(id=tenant.user_id)
    with pytest.raises(ImportsHalted) as refused:
        actions.submit(staged, user=user, options=ImportOptions())
    assert refused.value.headers() == {"Retry-After": "300"}
    batch = ImportBatch.objects.everywhere().get(id=done)
    assert actions.undo(batch, user=user).is_finished


def test_two_calls_are_as_one_and_both_are_recorded_once(stack: Stack) -> None:
    assert command("resume_imports") == "Imports are not halted.\n"
    command("halt_imports", "--reason", "first")
    assert "halted already" in command("halt_imports", "--reason", "second")
    assert [halt.reason for halt in ImportHalt.objects.all()] == ["first"]
    command("resume_imports")
    events = AuditEvent.objects.everywhere().order_by("id").values_list("event_type", flat=True)
    assert [event for event in events if event in ("halted", "resumed")] == ["halted", "resumed"]


def test_an_administrator_of_an_organisation_may_not_halt_imports(stack: Stack) -> None:
    user = User.objects.everywhere().get(id=stack.new_tenant().user_id)
    with pytest.raises(NotAllowed):
        actions.halt("no", user=user)
    with pytest.raises(NotAllowed):
        actions.resume(user=user)
    assert not ImportHalt.objects.exists()


def test_without_redis_the_waiting_imports_are_left_to_the_sweep(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    batch_id = stack.submit(plain(20, "waiting"), stack.new_tenant(), enqueue=False)
    command("halt_imports", "--reason", "test")
    with monkeypatch.context() as patch:
        patch.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{silent_port}/0")
        for name in ("socket_timeout", "socket_connect_timeout"):  # each is waited for many times
            patch.setitem(app.conf.broker_transport_options, name, 0.2)
        forget_broker()
        assert "Redis did not answer." in command("resume_imports")
    forget_broker()
    assert stack.batch(batch_id)["announced_at"] is None  # so that a sweep finds it
    stack.make_older(batch_id, 60)
    stack.beat()
    stack.worker()
    assert stack.wait_until_ended(batch_id) == ["completed"]
