"""`users.import_batch_id` is checked once a statement instead of once a row.

PostgreSQL's own check takes a third of the time that it needs for a chunk, to ask five thousand
times for one batch. What stands here instead is as strict, with the same locks: whoever inserts
holds the batch FOR KEY SHARE; whoever deletes it waits for them and then lets their users go.
The key stays in the catalogue, with its ON DELETE SET NULL, where PostgreSQL (18 and newer) can keep
one that it does not enforce itself.
"""

from django.db import migrations

TRIGGERS = """
SET LOCAL lock_timeout = '4s';

CREATE FUNCTION users_check_import_batch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named uuid;
BEGIN
    FOR named IN
        SELECT DISTINCT import_batch_id FROM new_users WHERE import_batch_id IS NOT NULL ORDER BY 1
    LOOP
        PERFORM FROM import_batches WHERE id = named FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING
                MESSAGE =
                    'insert or update on table "users" violates foreign key "users_import_batch_fk"',
                DETAIL = format('Key (import_batch_id)=(%s) is not present in "import_batches".', named),
                TABLE = 'users', CONSTRAINT = 'users_import_batch_fk';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER users_import_batch_insert AFTER INSERT ON users
    REFERENCING NEW TABLE AS new_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_import_batch();
CREATE TRIGGER users_import_batch_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS new_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_import_batch();

CREATE FUNCTION import_batches_let_users_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET import_batch_id = NULL
    WHERE import_batch_id IN (SELECT id FROM deleted_batches);
    RETURN NULL;
END $$;
CREATE TRIGGER import_batches_delete AFTER DELETE ON import_batches
    REFERENCING OLD TABLE AS deleted_batches
    FOR EACH STATEMENT EXECUTE FUNCTION import_batches_let_users_go();

DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        -- EXECUTE: an older server could not read it
        EXECUTE 'ALTER TABLE users ALTER CONSTRAINT users_import_batch_fk NOT ENFORCED';
    ELSE
        ALTER TABLE users DROP CONSTRAINT users_import_batch_fk;
    END IF;
END $$;
"""

BACK = """
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE 'ALTER TABLE users ALTER CONSTRAINT users_import_batch_fk ENFORCED';
    ELSE
        ALTER TABLE users ADD CONSTRAINT users_import_batch_fk
            FOREIGN KEY (import_batch_id) REFERENCES import_batches (id) ON DELETE SET NULL;
    END IF;
END $$;
DROP FUNCTION users_check_import_batch() CASCADE;
DROP FUNCTION import_batches_let_users_go() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [("imports", "0005_previewed"), ("users", "0006_organisation_once")]

    operations = [migrations.RunSQL(TRIGGERS, BACK)]
