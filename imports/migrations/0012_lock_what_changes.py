"""An UPDATE of users locks a batch only where a row gets another one (see users 0013).

Users of deleted batches are locked in the order of their ids, as everywhere else. Statements that
delete batches or organisations take turns: each may delete several, in any order.
"""

from django.db import migrations

SQL = """
SET LOCAL lock_timeout = '4s';

CREATE FUNCTION users_check_new_import_batch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named uuid;
BEGIN
    FOR named IN
        SELECT DISTINCT new_users.import_batch_id FROM new_users JOIN old_users USING (id)
        WHERE new_users.import_batch_id IS NOT NULL
          AND new_users.import_batch_id IS DISTINCT FROM old_users.import_batch_id ORDER BY 1
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
DROP TRIGGER users_import_batch_update ON users;
CREATE TRIGGER users_import_batch_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS new_users OLD TABLE AS old_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_new_import_batch();

CREATE OR REPLACE FUNCTION import_batches_let_users_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE import_batch_id IN (SELECT id FROM deleted_batches)
        ORDER BY id FOR UPDATE;
    UPDATE users SET import_batch_id = NULL
    WHERE import_batch_id IN (SELECT id FROM deleted_batches);
    RETURN NULL;
END $$;

CREATE FUNCTION take_turns_to_delete() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('marketedge deletes batches or users', 0));
$$;
CREATE FUNCTION delete_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM take_turns_to_delete();
    RETURN NULL;
END $$;
CREATE TRIGGER import_batches_delete_in_turn BEFORE DELETE ON import_batches
    FOR EACH STATEMENT EXECUTE FUNCTION delete_in_turn();
CREATE TRIGGER organisations_delete_in_turn BEFORE DELETE ON organisations
    FOR EACH STATEMENT EXECUTE FUNCTION delete_in_turn();
"""
BACK = """
DROP FUNCTION delete_in_turn() CASCADE;
DROP FUNCTION take_turns_to_delete();
DROP TRIGGER users_import_batch_update ON users;
CREATE TRIGGER users_import_batch_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS new_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_import_batch();
DROP FUNCTION users_check_new_import_batch();
"""


class Migration(migrations.Migration):
    dependencies = [("imports", "0011_problems_of_cells"), ("users", "0013_lock_what_changes")]

    operations = [migrations.RunSQL(SQL, BACK)]
