"""The statements of the runbook work as they are written there."""

from __future__ import annotations

from tests.imports.models.helpers import SampleData


def test_finding_batches_that_take_too_long(data: SampleData) -> None:
    data.sql("UPDATE import_batches SET status = 'processing',"
             " created_at = now() - interval '11 minutes'")  # fmt: skip
    data.insert_batch(status="processing")
    rows = data.sql(
        "SELECT id, filename, status, created_at, started_at, processed_rows, total_rows"
        " FROM import_batches WHERE status = 'processing'"
        " AND created_at < NOW() - INTERVAL '10 minutes';"
    )
    assert [(row[:3], row[4:]) for row in rows] == [
        ((data.batch, "users.csv", "processing"), (None, 0, 0))
    ]


def test_listing_the_errors_of_a_batch(data: SampleData) -> None:
    rows = data.sql(
        f"SELECT * FROM import_errors WHERE import_batch_id = '{data.batch}'"
        " ORDER BY created_at DESC LIMIT 10;"
    )
    assert [row[0] for row in rows] == [data.error]


def test_marking_a_batch_as_failed(data: SampleData) -> None:
    data.sql(
        "UPDATE import_batches SET status = 'failed',"
        " error_message = 'Manual intervention - stuck import',"
        f" completed_at = NOW() WHERE id = '{data.batch}';"
    )
    assert data.sql("SELECT status, error_message, completed_at <= now() FROM import_batches") == [
        ("failed", "Manual intervention - stuck import", True)
    ]


def test_counting_the_reasons_of_failures(data: SampleData) -> None:
    for message, hours in (("one", 0), ("one", 0), ("other", 0), ("old", 2)):
        batch = data.insert_batch(status="failed", error_message=message)
        data.sql("UPDATE import_batches SET created_at = created_at - make_interval(hours => %s)"
                 " WHERE id = %s", hours, batch)  # fmt: skip
    rows = data.sql(
        "SELECT error_message, COUNT(*) AS error_count FROM import_batches"
        " WHERE status = 'failed' AND created_at > NOW() - INTERVAL '1 hour'"
        " GROUP BY error_message;"
    )
    assert sorted(rows) == [("one", 2), ("other", 1)]


def test_counting_the_most_frequent_errors(data: SampleData) -> None:
    for row in (3, 4):
        data.insert_error(row_number=row, field_name="role", error_message="No role.")
    rows = data.sql(
        "SELECT field_name, error_message, COUNT(*) AS occurrence_count FROM import_errors"
        " WHERE created_at > NOW() - INTERVAL '1 hour' GROUP BY field_name, error_message;"
    )
    assert sorted(rows) == [("email", "No address.", 1), ("role", "No role.", 2)]


def test_deleting_old_batches(data: SampleData) -> None:
    young = data.insert_batch()
    data.sql(
        "UPDATE import_batches SET created_at = now() - interval '31 days' WHERE id = %s",
        data.batch,
    )
    data.sql("DELETE FROM import_batches WHERE created_at < NOW() - INTERVAL '30 days';")
    assert data.sql("SELECT id FROM import_batches") == [(young,)]
