"""The tables of second factors keep nobody from deleting a user with a plain DELETE."""

from django.db import migrations

RULES = """
SET LOCAL lock_timeout = '5s';
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT conname, conrelid::regclass AS of_table, confrelid::regclass AS to_table,
               CASE WHEN confrelid = 'users'::regclass THEN 'user_id' ELSE 'device_id' END AS of_column
        FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN (
            'otp_totp_totpdevice'::regclass,
            'otp_static_staticdevice'::regclass,
            'otp_static_statictoken'::regclass
        )
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.of_table, found.conname);
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s (id) ON DELETE CASCADE',
            found.of_table, found.conname, found.of_column, found.to_table
        );
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0018_language_of_organisations"),
        ("otp_totp", "0003_add_timestamps"),
        ("otp_static", "0003_add_timestamps"),
    ]

    operations = [migrations.RunSQL(RULES, migrations.RunSQL.noop)]
