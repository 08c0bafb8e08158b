"""Triggers count how imports end and what is staged, whoever changes the tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from rest_framework.test import APIClient

from imports.engine import runner
from imports.models import ImportBatch, MetricCounter, MetricDelta, Upload, UploadChunk
from imports.models.counters import DURATION_BUCKETS, PER_USER_BUCKETS
from tests.imports.api.helpers import csv_bytes, post_import, valid_rows
from users.models import Organisation

pytestmark = pytest.mark.django_db


def total(name: str, **labels: str) -> int:
    """The total of a metric: kept, and changes."""
    found = [
        table.objects.filter(name=name, labels=labels).aggregate(total=Sum("value"))["total"] or 0
        for table in (MetricCounter, MetricDelta)
    ]
    return sum(found)


def batch_of(organisation: Organisation, **fields: Any) -> ImportBatch:
    """A batch that runs and has imported 4 of its 10 rows, skipped 2 and failed 1."""
    usual = {
        "status": "processing",
        "started_at": timezone.now() - timedelta(seconds=20),
        "total_rows": 10,
        "processed_rows": 7,
        "successful_rows": 4,
        "skipped_rows": 2,
        "failed_rows": 1,
    }
    return ImportBatch.objects.create(organisation=organisation, **usual | fields)


def end(batch: ImportBatch, status: str = "failed") -> None:
    """What an operator does with psql."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET status = %s, completed_at = now() WHERE id = %s",
            [status, batch.id],
        )


def test_an_import_that_a_worker_completes_counts_once(api: APIClient, acme: Organisation) -> None:
    batch_id = post_import(api, acme, csv_bytes(valid_rows(3))).json()["id"]
    for _ in range(2):  # as if the message came twice
        runner.run(batch_id, lambda: False)
    assert total("csv_imports_total", status="completed") == 1
    assert total("csv_import_rows_total", outcome="imported") == 3
    assert total("csv_import_objective_total", result="met") == 1


def test_an_import_that_an_operator_ends_with_sql_counts(acme: Organisation) -> None:
    end(batch_of(acme))
    assert total("csv_imports_total", status="failed") == 1
    rows = ("imported", 4), ("skipped", 2), ("failed", 1)
    for outcome, count in rows:
        assert total("csv_import_rows_total", outcome=outcome) == count
    assert total("csv_import_duration_seconds", le="30") == 1
    assert 20_000_000 <= total("csv_import_duration_seconds", sum="microseconds") < 30_000_000
    assert total("csv_import_seconds_per_user", le="5") == 1


def test_what_is_counted_is_rolled_back_with_its_transaction(acme: Organisation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before_the_end")
        end(batch_of(acme))
        cursor.execute("ROLLBACK TO SAVEPOINT before_the_end")
    assert total("csv_imports_total", status="failed") == 0


def test_another_change_of_an_ended_import_counts_nothing(acme: Organisation) -> None:
    batch = batch_of(acme)
    end(batch)
    end(batch)
    ImportBatch.objects.everywhere().filter(id=batch.id).update(error_message="seen")
    assert total("csv_imports_total", status="failed") == 1


def test_an_import_that_never_started_has_no_duration(acme: Organisation) -> None:
    batch = ImportBatch.objects.create(organisation=acme, total_rows=10)
    end(batch, "cancelled")
    assert total("csv_imports_total", status="cancelled") == 1
    assert not MetricDelta.objects.filter(name="csv_import_duration_seconds").exists()
    assert not MetricDelta.objects.filter(name="csv_import_objective_total").exists()


@pytest.mark.parametrize(("rows", "result"), [(2_000, "missed"), (40_000, "met")])
def test_larger_files_have_more_time(acme: Organisation, rows: int, result: str) -> None:
    """60 s and 1 s for each 2,000 rows; this import needed 70 s."""
    batch = batch_of(acme, total_rows=rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET created_at = now() - interval '70 s' WHERE id = %s",
            [batch.id],
        )
    end(batch)
    assert total("csv_import_objective_total", result=result) == 1


def test_rows_of_a_running_import_stay_counted_when_it_is_deleted(acme: Organisation) -> None:
    batch = batch_of(acme)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_batches WHERE id = %s", [batch.id])
    assert total("csv_import_rows_total", outcome="imported") == 4
    assert not MetricDelta.objects.filter(name="csv_imports_total").exists()


def test_staged_bytes_follow_the_chunks(api: APIClient, acme: Organisation) -> None:
    for count in (100, 50):
        post_import(api, acme, csv_bytes(valid_rows(count)))
    content = UploadChunk.objects.everywhere().values_list("content", flat=True)
    assert total("csv_staged_bytes") == sum(map(len, content)) > 6000
    first = Upload.objects.everywhere().order_by("created_at").first()
    assert first is not None
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_uploads WHERE id = %s", [first.id])
    assert 0 < total("csv_staged_bytes") == sum(map(len, content.all()))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_batches")
    assert total("csv_staged_bytes") == 0


def test_folding_changes_no_total_and_leaves_no_change(acme: Organisation) -> None:
    for _ in range(2):
        end(batch_of(acme))
        before = total("csv_import_duration_seconds", sum="microseconds")
        MetricDelta.objects.fold()
        assert total("csv_import_duration_seconds", sum="microseconds") == before
    assert MetricCounter.objects.get(name="csv_imports_total").value == 2
    assert not MetricDelta.objects.exists()


@pytest.mark.parametrize("bounds", [DURATION_BUCKETS, PER_USER_BUCKETS])
def test_the_trigger_has_the_buckets_of_the_code(bounds: tuple[float, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'count_ended_import'")
        source = cursor.fetchone()[0]
    assert "'{" + ",".join(f"{bound:g}" for bound in bounds) + "}'" in source
