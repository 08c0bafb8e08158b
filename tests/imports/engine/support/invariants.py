"""The invariants of imports, as SQL.

Triggers in the test's database log what every transaction did to a batch (`change_log`). The view
`violations` lists the changes that break a rule; it is empty if there are none. As all committed
changes are logged, a test finds a violation even if it lasted only for a moment.
"""

from __future__ import annotations

SQL = r"""
CREATE TABLE change_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    xid xid8 DEFAULT pg_current_xact_id(),
    batch uuid,
    users int DEFAULT 0,      -- users created
    removed int DEFAULT 0,    -- users deleted by undo
    failed int DEFAULT 0,     -- rows with an error
    before jsonb,             -- the row of the batch
    after jsonb
);

CREATE FUNCTION log_users() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO change_log (batch, users) SELECT import_batch_id, count(*) FROM changed
    WHERE import_batch_id IS NOT NULL GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER log AFTER INSERT ON users REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION log_users();

CREATE FUNCTION log_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO change_log (batch, removed) SELECT import_batch_id, count(*) FROM changed
    WHERE import_batch_id IS NOT NULL GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER log_removed AFTER DELETE ON users REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION log_removed();

CREATE FUNCTION log_errors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO change_log (batch, failed)
    SELECT import_batch_id, count(DISTINCT row_number) FROM changed GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER log AFTER INSERT ON import_errors REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION log_errors();

CREATE FUNCTION log_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO change_log (batch, before, after) VALUES (NEW.id, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER log AFTER UPDATE ON import_batches FOR EACH ROW EXECUTE FUNCTION log_batch();

-- What each committed transaction did to each batch.
CREATE VIEW steps AS
SELECT batch, xid, min(id) AS id, sum(users) AS users, sum(removed) AS removed,
    sum(failed) AS failed,
    sum((after->>'successful_rows')::int - (before->>'successful_rows')::int) AS d_successful,
    sum((after->>'failed_rows')::int - (before->>'failed_rows')::int) AS d_failed,
    sum((after->>'processed_rows')::int - (before->>'processed_rows')::int) AS d_processed,
    sum((after->>'next_chunk')::int - (before->>'next_chunk')::int) AS d_cursor,
    sum((after->>'undone_rows')::int - (before->>'undone_rows')::int) AS d_undone
FROM change_log GROUP BY batch, xid;

CREATE VIEW violations AS
SELECT batch, 'users and their counter were not written in one transaction' AS rule,
    to_jsonb(s) AS fact FROM steps s WHERE users <> coalesce(d_successful, 0)
UNION ALL
SELECT batch, 'row errors and their counter were not written in one transaction', to_jsonb(s)
    FROM steps s WHERE failed <> coalesce(d_failed, 0)
UNION ALL
SELECT batch, 'deleted users and their counter were not written in one transaction', to_jsonb(s)
    FROM steps s WHERE removed <> coalesce(d_undone, 0) AND d_undone IS NOT NULL
UNION ALL
SELECT batch, 'the cursor and the counters were not written in one transaction', to_jsonb(s)
    FROM steps s WHERE (coalesce(d_cursor, 0) = 1) <> (coalesce(d_processed, 0) > 0)
        OR d_cursor NOT IN (0, 1)
UNION ALL
SELECT batch, 'a counter decreased', after FROM change_log,
    unnest(ARRAY['next_chunk', 'attempt', 'processed_rows', 'successful_rows', 'skipped_rows',
                 'failed_rows']) AS name
    WHERE (after->>name)::int < (before->>name)::int
UNION ALL
SELECT batch, 'a status changed to one that must not follow', to_jsonb(l) FROM change_log l
    WHERE after->>'status' <> before->>'status'
      AND (before->>'status', after->>'status') NOT IN (
        ('pending', 'processing'), ('pending', 'cancelled'), ('processing', 'completed'),
        ('processing', 'failed'), ('processing', 'cancelled'))
UNION ALL
SELECT batch, 'a batch changed after its end', to_jsonb(l) FROM change_log l
    WHERE before->>'status' NOT IN ('pending', 'processing')
      AND (after->>'processed_rows' <> before->>'processed_rows'
        OR after->>'attempt' <> before->>'attempt')
UNION ALL
SELECT b.id, 'counters and users differ', to_jsonb(b) FROM import_batches b
    WHERE successful_rows - undone_rows
        <> (SELECT count(*) FROM users u WHERE u.import_batch_id = b.id)
UNION ALL
SELECT b.id, 'counters and row errors differ', to_jsonb(b) FROM import_batches b
    WHERE failed_rows <> (SELECT count(DISTINCT row_number) FROM import_errors e
                          WHERE e.import_batch_id = b.id)
UNION ALL
SELECT b.id, 'the cursor and the rows before it differ', to_jsonb(b) FROM import_batches b
    WHERE processed_rows <> (
        SELECT coalesce(sum(c.row_count), 0)
        FROM import_uploads u JOIN import_upload_chunks c ON c.upload_id = u.id
        WHERE u.import_batch_id = b.id AND c.number < b.next_chunk)
UNION ALL
SELECT import_batch_id, 'a user of a batch belongs to another organisation', to_jsonb(u)
    FROM users u JOIN import_batches b ON b.id = import_batch_id
    WHERE u.organisation_id IS DISTINCT FROM b.organisation_id;

-- What a reader sees of a batch at one moment: one statement is one snapshot.
CREATE FUNCTION snapshot(uuid) RETURNS TABLE (
    status text, total int, processed int, successful int, skipped int, failed int,
    users bigint, errors bigint
) LANGUAGE sql AS $$
    SELECT status, total_rows, processed_rows, successful_rows, skipped_rows, failed_rows,
        (SELECT count(*) FROM users WHERE import_batch_id = $1),
        (SELECT count(DISTINCT row_number) FROM import_errors WHERE import_batch_id = $1)
    FROM import_batches WHERE id = $1
$$;
"""
