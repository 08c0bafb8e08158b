"""The page /metrics, which Prometheus reads."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from imports.engine import runner
from imports.metrics import parts
from imports.metrics.families import COUNTERS, GAUGES, NAMES
from imports.models import Heartbeat, ImportBatch, ImportHalt, MetricCounter, MetricDelta
from tests.imports.api.helpers import csv_bytes, post_import, valid_rows
from tests.paths import ROOT
from users.models import Invitation, Organisation, User

TOKEN = "a token of at least 32 characters."
# A scrape reads over a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client, token: str = TOKEN) -> Any:
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def samples(client: Client) -> dict[tuple[str, str], float]:
    """(name, value of the label) -> value, as the parser of Prometheus reads them."""
    answer = scrape(client)
    assert answer.status_code == 200
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def errors_in(found: dict[tuple[str, str], float]) -> set[str]:
    """The parts that a scrape says it lacks."""
    return {part for (name, part), value in found.items() if name == "csv_scrape_errors" and value}


def batch_of(organisation: Organisation, **fields: Any) -> ImportBatch:
    return ImportBatch.objects.create(organisation=organisation, total_rows=10, **fields)


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


# --- values -----------------------------------------------------------------------------------


def test_every_counter_exists_with_0_before_anything_is_counted(client: Client) -> None:
    found = samples(client)
    for name, (_, labels) in COUNTERS.items():
        for values in labels:
            assert found[name, "".join(values.values())] == 0
    assert found["csv_import_duration_seconds_bucket", "+Inf"] == 0
    assert found["csv_import_seconds_per_user_bucket", "30.0"] == 0
    assert found["csv_imports_stuck", ""] == 0
    assert found["csv_imports_in_progress", "pending"] == 0
    assert not errors_in(found)


def test_an_import_that_ends_is_counted_with_its_rows_and_its_duration(
    client: Client, api: APIClient, acme: Organisation
) -> None:
    rows = [*valid_rows(20), ["no address", "Ada", "Lovelace"]]
    batch_id = post_import(api, acme, csv_bytes(rows)).json()["id"]
    assert samples(client)["csv_imports_in_progress", "pending"] == 1
    runner.run(batch_id, lambda: False)
    found = samples(client)
    assert found["csv_imports_total", "completed"] == 1
    assert found["csv_import_rows_total", "imported"] == 20
    assert found["csv_import_rows_total", "failed"] == 1
    assert found["csv_import_objective_total", "met"] == 1
    assert found["csv_import_duration_seconds_count", ""] == 1
    assert found["csv_import_duration_seconds_bucket", "+Inf"] == 1
    seconds = found["csv_import_duration_seconds_sum", ""]
    assert seconds > 0
    assert found["csv_import_seconds_per_user_sum", ""] == pytest.approx(seconds / 21, abs=1e-5)
    assert found["csv_imports_in_progress", "pending"] == 0


def test_a_bucket_counts_all_that_took_less(client: Client, acme: Organisation) -> None:
    for seconds in (20, 20, 45):
        started = timezone.now() - timedelta(seconds=seconds)
        batch_of(acme, status="processing", started_at=started)
    sql("UPDATE import_batches SET status = 'failed'")
    MetricDelta.objects.fold()
    found = samples(client)
    buckets = {le: found["csv_import_duration_seconds_bucket", le] for le in ("10.0", "30.0")}
    assert buckets == {"10.0": 0, "30.0": 2}
    assert found["csv_import_duration_seconds_bucket", "60.0"] == 3
    assert 85 <= found["csv_import_duration_seconds_sum", ""] < 90


def test_rows_of_a_running_import_count_at_once_and_only_once(
    client: Client, acme: Organisation
) -> None:
    counts = {"processed_rows": 6, "successful_rows": 4, "skipped_rows": 2}
    batch = batch_of(acme, status="processing", **counts)
    assert samples(client)["csv_import_rows_total", "imported"] == 4
    ImportBatch.objects.everywhere().filter(id=batch.id).update(status="cancelled")
    found = samples(client)
    assert found["csv_import_rows_total", "imported"] == 4
    assert found["csv_import_rows_total", "skipped"] == 2
    sql("DELETE FROM import_batches")
    assert samples(client)["csv_import_rows_total", "imported"] == 4


def test_an_import_is_stuck_after_ten_minutes_without_a_heartbeat(
    client: Client, acme: Organisation
) -> None:
    old = timezone.now() - timedelta(minutes=11)
    batch_of(acme, status="processing", heartbeat_at=timezone.now())
    assert samples(client)["csv_imports_stuck", ""] == 0
    batch_of(acme, status="processing", heartbeat_at=old)
    waiting = batch_of(acme)
    sql(
        "UPDATE import_batches SET created_at = now() - interval '11 min' WHERE id = %s", waiting.id
    )
    found = samples(client)
    assert found["csv_imports_stuck", ""] == 2
    assert found["csv_import_oldest_pending_seconds", ""] > 650


def test_a_refused_file_is_counted_by_its_code(
    client: Client, api: APIClient, acme: Organisation
) -> None:
    post_import(api, acme, b"")
    post_import(api, acme, b"email\na@b.example\n")
    found = samples(client)
    assert found["csv_upload_errors_total", "file_empty"] == 1
    assert found["csv_upload_errors_total", "missing_column"] == 1


def test_an_error_of_the_service_during_an_upload_is_counted(
    client: Client, api: APIClient, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imports.actions.read_for_import", lambda *_, **__: 1 / 0)
    api.raise_request_exception = False
    assert post_import(api, acme, csv_bytes(valid_rows(1))).status_code == 500
    assert samples(client)["csv_upload_errors_total", "internal_error"] == 1


def test_a_worker_that_died_during_an_import_is_counted(
    client: Client, api: APIClient, acme: Organisation
) -> None:
    batch_id = post_import(api, acme, csv_bytes(valid_rows(2))).json()["id"]
    old = timezone.now() - timedelta(minutes=1)
    ImportBatch.objects.everywhere().update(status="processing", started_at=old, heartbeat_at=old)
    runner.run(batch_id, lambda: False)
    assert samples(client)["csv_background_task_failures_total", ""] == 1


def test_totals_are_those_that_are_kept_and_their_changes(client: Client) -> None:
    MetricCounter.objects.add("csv_rate_limit_violations_total", 3, limit_type="file_upload")
    MetricDelta.objects.add("csv_rate_limit_violations_total", 4, limit_type="file_upload")
    MetricCounter.objects.add("csv_rate_limit_violations_total", 2, limit_type="another kind")
    found = samples(client)
    assert found["csv_rate_limit_violations_total", "csv_import"] == 0
    assert found["csv_rate_limit_violations_total", "file_upload"] == 7
    assert found["csv_rate_limit_violations_total", "another kind"] == 2


def test_heartbeats_are_as_old_as_the_youngest_of_their_kind(client: Client) -> None:
    for name, minutes in (("worker:a", 9), ("worker:b", 2), ("beat:a", 30), ("sweep:", 5)):
        Heartbeat.objects.create(name=name, at=timezone.now() - timedelta(minutes=minutes))
    found = samples(client)
    ages = [found["csv_heartbeat_age_seconds", kind] for kind in ("worker", "beat", "sweep")]
    assert ages == [pytest.approx(60 * minutes, abs=30) for minutes in (2, 30, 5)]


def test_what_has_never_run_is_as_old_as_the_installation(client: Client) -> None:
    applied = "UPDATE django_migrations SET applied = applied + %s WHERE name LIKE '%%heartbeats%%'"
    sql(applied, timedelta(hours=-4))
    try:
        assert samples(client)["csv_heartbeat_age_seconds", "purge"] >= 4 * 3600
    finally:
        sql(applied, timedelta(hours=4))


def test_invitations_that_wait_are_counted(client: Client, viewer: User, admin: User) -> None:
    name = "csv_invitation_oldest_pending_seconds"
    found = samples(client)
    assert (found["csv_invitations_pending", ""], found[name, ""]) == (0, 0)
    hour_ago = timezone.now() - timedelta(hours=1)
    Invitation.objects.create(user=viewer, created_at=hour_ago)
    Invitation.objects.create(user=admin, created_at=hour_ago, status="sent")
    found = samples(client)
    assert found["csv_invitations_pending", ""] == 1
    assert found[name, ""] == pytest.approx(3600, abs=30)


def test_a_halt_is_shown_until_it_ends(client: Client, settings: Any) -> None:
    assert samples(client)["csv_imports_halted", ""] == 0
    ImportHalt.objects.create(reason="a suspicious file")
    assert samples(client)["csv_imports_halted", ""] == 1
    ImportHalt.objects.update(ended_at=timezone.now())
    assert samples(client)["csv_imports_halted", ""] == 0
    settings.FEATURE_USER_MANAGEMENT = False
    assert samples(client)["csv_imports_halted", ""] == 1


# --- a part that is away ----------------------------------------------------------------------


def test_without_redis_the_scrape_lacks_the_queue_and_says_so(
    client: Client, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = samples(client)
    assert errors_in(found) == {"queue"}
    assert ("csv_import_queue_depth", "") not in found
    assert found["csv_imports_total", "completed"] == 0


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_without_the_database_the_scrape_has_the_queue(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent_port: int, kind: str
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", silent_port if kind == "hangs" else 1)
    found = samples(client)
    assert errors_in(found) == {*parts.PARTS} - {"queue"}
    assert ("csv_import_queue_depth", "") in found
    assert ("csv_imports_total", "completed") not in found


def test_a_query_that_fails_takes_no_other_with_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> Any:
        raise psycopg.OperationalError("the statement timed out")

    monkeypatch.setitem(parts.DATABASE_PARTS, "imports", fail)
    found = samples(client)
    assert errors_in(found) == {"imports"}
    assert found["csv_imports_total", "completed"] == 0


def test_a_locked_table_ends_only_the_part_that_reads_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "STATEMENT_SECONDS", 1)
    parameters = connection.get_connection_params()
    known = {k: v for k, v in parameters.items() if k in ("dbname", "host", "port", "user")}
    with psycopg.connect(**known, password=parameters["password"]) as other:
        other.execute("LOCK TABLE import_batches")
        assert "imports" in errors_in(samples(client))
    assert not errors_in(samples(client))


# --- who may read it --------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "another", TOKEN + " ", "ä"])
def test_a_wrong_token_gets_401_and_no_totals(client: Client, token: str) -> None:
    answer = scrape(client, token)
    assert answer.status_code == 401
    assert b"csv_" not in answer.content


def test_the_page_does_not_exist_while_metrics_token_is_not_set(
    client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = ""
    assert scrape(client, "").status_code == 404


# --- names ------------------------------------------------------------------------------------


def test_every_counter_that_the_code_uses_is_exported() -> None:
    pattern = re.compile(r'Metric(?:Counter|Delta)\.objects\.add\(\s*"(\w+)"')
    sources = [path.read_text() for path in (ROOT / "imports").rglob("*.py")]
    counted = {name for text in sources for name in pattern.findall(text)}
    by_triggers = {"csv_imports_total", "csv_import_rows_total", "csv_import_objective_total"}
    assert counted | by_triggers == set(COUNTERS)


def test_a_scrape_has_the_metrics_that_are_declared(client: Client) -> None:
    text = scrape(client).content.decode()
    assert set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) == set(NAMES)


def test_names_follow_the_rules_of_prometheus() -> None:
    """Counters end in _total, and units are written out."""
    assert all(name.endswith("_total") for name in COUNTERS)
    assert not any(name.endswith(("_total", "_ms", "_minutes")) for name in GAUGES)
