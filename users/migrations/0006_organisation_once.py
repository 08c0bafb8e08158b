"""The check of a user's organisation looks through the new rows once instead of three times."""

from django.db import migrations

CHECK = """
CREATE OR REPLACE FUNCTION users_check_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named uuid;
BEGIN
    FOR named IN
        SELECT DISTINCT organisation_id FROM new_users WHERE organisation_id IS NOT NULL ORDER BY 1
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
"""


class Migration(migrations.Migration):

    dependencies = [("users", "0005_admin_log")]

    operations = [migrations.RunSQL(CHECK, migrations.RunSQL.noop)]
