"""Incidents that customers cause: only blocks of the runbook are run to find and mend them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import plain
from tests.runbook.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
UPLOADS_AN_HOUR = 10  # UPLOAD_RATE_LIMIT_CSV_IMPORT


def test_a_customer_imports_a_wrong_file(service: Service) -> None:
    stack, on_call, customer = service.stack, service.on_call, service.customer()
    other = service.customer().imports(300)
    wrong = customer.imports(500)
    assert stack.wait_until_ended(wrong, other) == ["completed"] * 2
    del service.samples[wrong]
    one_of_them = "SELECT id FROM users WHERE import_batch_id = %s LIMIT 1"
    stack.sql("UPDATE users SET first_name = 'Kept' WHERE id = %s", stack.value(one_of_them, wrong))

    now = datetime.now(UTC)
    for name, time in (
        ("START_TIME", now - timedelta(hours=1)),
        ("END_TIME", now + timedelta(hours=1)),
    ):
        on_call.known[name] = time.strftime("%Y-%m-%dT%H:%M:%S")
    name = stack.value(
        "SELECT name FROM organisations WHERE id = %s", customer.tenant.organisation_id
    )
    listed = on_call.does("Corrupted data", "affected_imports").splitlines()
    on_call.known["BATCH_ID"] = next(line.split()[0] for line in listed if line.endswith(name))
    assert on_call.known["BATCH_ID"] == str(wrong)
    said = on_call.does("Corrupted data", "undo_import")
    assert "499 of 500 users" in said
    assert "499 users deleted, 1 kept" in said
    assert on_call.does("Corrupted data", "count(*) FROM users") == [(1,)]

    customer.imports(400)  # the right file
    service.is_well_again()


def test_a_user_floods_the_service(service: Service) -> None:
    on_call, customer, other = service.on_call, service.customer(), service.customer()
    for _ in range(UPLOADS_AN_HOUR):
        customer.imports(100)
    for number in range(4):
        assert customer.sends(plain(100, f"over{number}")).status_code == 429
    other.imports(300)

    counts = on_call.does("Rate limiting", "FROM upload_tallies")
    on_call.known["USER_ID"], _, _, most = counts[0]
    assert on_call.known["USER_ID"] == customer.tenant.user_id
    assert most >= UPLOADS_AN_HOUR
    assert str(customer.tenant.user_id) in on_call.does("Rate limiting", "redis-cli")
    on_call.does("Rate limiting", "manage.py block_uploads")
    refused = customer.sends(plain(100, "blocked"))
    assert (refused.status_code, refused.json()["code"]) == (403, "upload_blocked")
    assert on_call.does("Rate limiting", "FROM upload_tallies")[0] == counts[0]
    other.imports(300)

    on_call.does("Rate limiting", "manage.py unblock_uploads")
    on_call.does("Rate limiting", "import reset_limits")
    customer.imports(100)
    service.is_well_again()


def test_a_suspicious_upload(service: Service) -> None:
    stack, on_call = service.stack, service.on_call
    thief, other = service.customer(), service.customer()
    stack.set_faults("after_commit=freeze@3")
    suspicious = thief.imports(2000)
    worker = service.worker_of(suspicious)
    wait_until(worker.frozen)
    del service.samples[suspicious]

    on_call.does("Security incident", "halt_imports")
    stack.set_faults("")
    worker.resume()
    released = "SELECT heartbeat_at IS NULL FROM import_batches WHERE id = %s"
    wait_until(lambda: stack.value(released, suspicious))
    assert stack.processed(suspicious) == 300
    assert other.sends(plain(100, "halted")).json()["code"] == "imports_halted"
    assert on_call.checks().keys() == {"halt"}

    events = on_call.does("Security incident", "FROM audit_events")
    submitted = [event for event in events if event[1] == "submitted"]
    _, _, door, address, on_call.known["USER_ID"], _, _, on_call.known["BATCH_ID"] = submitted[0]
    assert (door, str(address)) == ("api", "127.0.0.1")
    assert on_call.known["USER_ID"] == thief.tenant.user_id
    assert on_call.known["BATCH_ID"] == suspicious
    on_call.does("Rate limiting", "manage.py block_uploads")
    on_call.does("Stuck imports", "UPDATE import_batches")
    assert "300 users deleted, 0 kept" in on_call.does("Corrupted data", "undo_import")
    on_call.does("Security incident", "resume_imports")

    assert on_call.does("Corrupted data", "count(*) FROM users") == [(0,)]
    assert thief.sends(plain(100, "again")).json()["code"] == "upload_blocked"
    other.imports(300)
    service.is_well_again()
