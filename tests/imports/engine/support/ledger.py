"""The invariants, as SQL. Triggers in the test's database write down what every transaction did to
a batch, and only what was committed is there to be read: so it does not depend on luck what a test
sees. `broken_promises` then says what should not have been; nothing, if all is well.
"""

from __future__ import annotations

SQL = r"""
CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY,
    xid xid8 DEFAULT pg_current_xact_id(),
    batch uuid,
    users int DEFAULT 0,      -- made
    removed int DEFAULT 0,    -- users taken back
    failed int DEFAULT 0,     -- rows with an error
    before jsonb,             -- the batch's row
    after jsonb
);

CREATE FUNCTION note_users() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ledger (batch, users) SELECT import_batch_id, count(*) FROM changed
    WHERE import_batch_id IS NOT NULL GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON users REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_users();

CREATE FUNCTION note_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ledger (batch, removed) SELECT import_batch_id, count(*) FROM changed
    WHERE import_batch_id IS NOT NULL GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER note_removed AFTER DELETE ON users REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_removed();

CREATE FUNCTION note_errors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ledger (batch, failed)
    SELECT import_batch_id, count(DISTINCT row_number) FROM changed GROUP BY 1;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON import_errors REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_errors();

CREATE FUNCTION note_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ledger (batch, before, after) VALUES (NEW.id, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON import_batches FOR EACH ROW EXECUTE FUNCTION note_batch();

-- What each committed transaction did to each batch.
CREATE VIEW steps AS
SELECT batch, xid, min(id) AS id, sum(users) AS users, sum(removed) AS removed,
    sum(failed) AS failed,
    sum((after->>'successful_rows')::int - (before->>'successful_rows')::int) AS d_successful,
    sum((after->>'failed_rows')::int - (before->>'failed_rows')::int) AS d_failed,
    sum((after->>'processed_rows')::int - (before->>'processed_rows')::int) AS d_processed,
    sum((after->>'next_chunk')::int - (before->>'next_chunk')::int) AS d_cursor,
    sum((after->>'undone_rows')::int - (before->>'undone_rows')::int) AS d_undone
FROM ledger GROUP BY batch, xid;

CREATE VIEW broken_promises AS
SELECT batch, 'users and their counter are not of one transaction' AS promise, to_jsonb(s) AS fact
    FROM steps s WHERE users <> coalesce(d_successful, 0)
UNION ALL
SELECT batch, 'row errors and their counter are not of one transaction', to_jsonb(s)
    FROM steps s WHERE failed <> coalesce(d_failed, 0)
UNION ALL
SELECT batch, 'users taken back and their counter are not of one transaction', to_jsonb(s)
    FROM steps s WHERE removed <> coalesce(d_undone, 0) AND d_undone IS NOT NULL
UNION ALL
SELECT batch, 'the cursor and the counters are not of one transaction', to_jsonb(s)
    FROM steps s WHERE (coalesce(d_cursor, 0) = 1) <> (coalesce(d_processed, 0) > 0)
        OR d_cursor NOT IN (0, 1)
UNION ALL
SELECT batch, 'something went backwards', after FROM ledger,
    unnest(ARRAY['next_chunk', 'attempt', 'processed_rows', 'successful_rows', 'skipped_rows',
                 'failed_rows']) AS name
    WHERE (after->>name)::int < (before->>name)::int
UNION ALL
SELECT batch, 'a status moved where it may not', to_jsonb(l) FROM ledger l
    WHERE after->>'status' <> before->>'status'
      AND (before->>'status', after->>'status') NOT IN (
        ('pending', 'processing'), ('pending', 'cancelled'), ('processing', 'completed'),
        ('processing', 'failed'), ('processing', 'cancelled'))
UNION ALL
SELECT batch, 'a batch that had ended was worked on', to_jsonb(l) FROM ledger l
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

-- What a reader sees of a batch in one instant: one statement, one snapshot.
CREATE FUNCTION glance(uuid) RETURNS TABLE (
    status text, total int, processed int, successful int, skipped int, failed int,
    users bigint, errors bigint
) LANGUAGE sql AS $$
    SELECT status, total_rows, processed_rows, successful_rows, skipped_rows, failed_rows,
        (SELECT count(*) FROM users WHERE import_batch_id = $1),
        (SELECT count(DISTINCT row_number) FROM import_errors WHERE import_batch_id = $1)
    FROM import_batches WHERE id = $1
$$;
"""
