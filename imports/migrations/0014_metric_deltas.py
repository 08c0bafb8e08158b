"""Counts how imports end, and the bytes of staged files, in the database itself.

Triggers do it, so that an import counts once, whoever ends it: a worker, a user, or an operator
with SQL. They write to the new table `metric_deltas`, in the transaction that they count.

The next migration adds what was staged before there were triggers.
"""

from django.db import migrations, models

TRIGGERS = """
SET LOCAL lock_timeout = '4s';

CREATE FUNCTION metric_bucket(seconds float8, bounds float8[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(min(bound)::text, '+Inf') FROM unnest(bounds) AS bound WHERE seconds <= bound
$$;

CREATE FUNCTION count_ended_import() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    batch import_batches := OLD;
    ended timestamptz := clock_timestamp();
    duration float8;
    per_user float8;
    in_time boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        batch := NEW;
    END IF;
    INSERT INTO metric_deltas (name, labels, value)
    SELECT 'csv_import_rows_total', jsonb_build_object('outcome', outcome), rows
    FROM (VALUES ('imported', batch.successful_rows), ('skipped', batch.skipped_rows),
                 ('failed', batch.failed_rows)) AS counts (outcome, rows)
    WHERE rows > 0;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;

    duration := extract(epoch FROM greatest(ended, batch.started_at) - batch.started_at);
    per_user := duration / nullif(batch.processed_rows, 0);
    in_time := ended - batch.created_at <= make_interval(secs => 60 + batch.total_rows / 2000.0);
    INSERT INTO metric_deltas (name, labels, value)
    SELECT * FROM (VALUES
        ('csv_imports_total', jsonb_build_object('status', batch.status), 1),
        ('csv_import_duration_seconds', jsonb_build_object('le', metric_bucket(duration,
            '{0.5,1,2.5,5,10,30,60,120,300,600,1800,3600}')), 1),
        ('csv_import_duration_seconds', '{"sum": "microseconds"}', duration * 1000000),
        ('csv_import_seconds_per_user', jsonb_build_object('le', metric_bucket(per_user,
            '{0.001,0.005,0.01,0.05,0.1,0.5,1,5,10,30,60}')), 1),
        ('csv_import_seconds_per_user', '{"sum": "microseconds"}', per_user * 1000000),
        ('csv_import_objective_total', jsonb_build_object('result',
            CASE WHEN in_time THEN 'met' ELSE 'missed' END), 1)
    ) AS changes (name, labels, value)
    WHERE CASE name
        WHEN 'csv_import_duration_seconds' THEN duration IS NOT NULL
        WHEN 'csv_import_seconds_per_user' THEN per_user IS NOT NULL
        WHEN 'csv_import_objective_total' THEN batch.status <> 'cancelled'
        ELSE true
    END;
    RETURN NULL;
END $$;

CREATE TRIGGER import_batches_count_end AFTER UPDATE OF status ON import_batches FOR EACH ROW
    WHEN (OLD.status IN ('pending', 'processing') AND NEW.status NOT IN ('pending', 'processing'))
    EXECUTE FUNCTION count_ended_import();
-- A scrape counts the rows of a batch that runs. They stay counted if the batch is deleted.
CREATE TRIGGER import_batches_count_deleted AFTER DELETE ON import_batches FOR EACH ROW
    WHEN (OLD.status IN ('pending', 'processing')) EXECUTE FUNCTION count_ended_import();

-- octet_length does not read the content: the length is stored beside it.
CREATE FUNCTION count_staged_chunk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metric_deltas (name, labels, value)
    VALUES ('csv_staged_bytes', '{}', octet_length(NEW.content));
    RETURN NULL;
END $$;
CREATE FUNCTION count_deleted_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metric_deltas (name, labels, value)
    SELECT 'csv_staged_bytes', '{}', -sum(octet_length(content)) FROM deleted
    HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER import_upload_chunks_count AFTER INSERT ON import_upload_chunks
    FOR EACH ROW EXECUTE FUNCTION count_staged_chunk();
CREATE TRIGGER import_upload_chunks_count_deleted AFTER DELETE ON import_upload_chunks
    REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_chunks();
"""
NO_TRIGGERS = """
DROP TRIGGER import_upload_chunks_count ON import_upload_chunks;
DROP TRIGGER import_upload_chunks_count_deleted ON import_upload_chunks;
DROP TRIGGER import_batches_count_end ON import_batches;
DROP TRIGGER import_batches_count_deleted ON import_batches;
DROP FUNCTION count_staged_chunk();
DROP FUNCTION count_deleted_chunks();
DROP FUNCTION count_ended_import();
DROP FUNCTION metric_bucket(float8, float8[]);
"""

class Migration(migrations.Migration):
    dependencies = [("imports", "0013_sheets_of_uploads")]

    operations = [
        migrations.CreateModel(
            name="MetricDelta",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("labels", models.JSONField(db_default={}, default=dict)),
                ("value", models.BigIntegerField()),
            ],
            options={"db_table": "metric_deltas"},
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
