"""An UPDATE of users locks an organisation only where a row gets another one.

The check of 0006 locked the organisation after every UPDATE, also one that only sets `last_login`.
Such a transaction held the user and waited for the organisation. Deleting an organisation holds it
and waits for its users, so the two could wait for each other.

Users of a deleted organisation are locked in the order of their ids, as everywhere else.
"""

from django.db import migrations

SQL = """
SET LOCAL lock_timeout = '4s';

CREATE FUNCTION users_check_new_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named uuid;
BEGIN
    FOR named IN
        SELECT DISTINCT new_users.organisation_id FROM new_users JOIN old_users USING (id)
        WHERE new_users.organisation_id IS NOT NULL
          AND new_users.organisation_id IS DISTINCT FROM old_users.organisation_id ORDER BY 1
    LOOP
        PERFORM FROM organisations WHERE id = named FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE foreign_key_violation USING
                MESSAGE =
                    'insert or update on table "users" violates foreign key "users_organisation"',
                DETAIL = format('Key (organisation_id)=(%s) is not present in "organisations".', named),
                TABLE = 'users', CONSTRAINT = 'users_organisation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
DROP TRIGGER users_organisation_update ON users;
CREATE TRIGGER users_organisation_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS new_users OLD TABLE AS old_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_new_organisation();

CREATE OR REPLACE FUNCTION organisations_take_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE organisation_id = OLD.id ORDER BY id FOR UPDATE;
    DELETE FROM users WHERE organisation_id = OLD.id;
    RETURN NULL;
END $$;
"""
BACK = """
DROP TRIGGER users_organisation_update ON users;
CREATE TRIGGER users_organisation_update AFTER UPDATE ON users
    REFERENCING NEW TABLE AS new_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_check_organisation();
DROP FUNCTION users_check_new_organisation();
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0012_managers")]

    operations = [migrations.RunSQL(SQL, BACK)]
