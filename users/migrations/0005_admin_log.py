"""Django's own log of the admin site keeps nobody from deleting a user with a plain DELETE."""

from django.db import migrations

RULE = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT conname FROM pg_constraint WHERE contype = 'f'
        AND conrelid = 'django_admin_log'::regclass AND confrelid = 'users'::regclass
    LOOP
        EXECUTE format('ALTER TABLE django_admin_log DROP CONSTRAINT %I', found.conname);
        EXECUTE format(
            'ALTER TABLE django_admin_log ADD CONSTRAINT %I FOREIGN KEY (user_id)'
            ' REFERENCES users (id) ON DELETE CASCADE', found.conname
        );
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0004_import_mail'),
        ('admin', '0003_logentry_add_action_flag_choices'),
    ]

    operations = [migrations.RunSQL(RULE, migrations.RunSQL.noop)]
