"""API keys; and `ON DELETE` for the tables of the tokens."""

import django.db.models.deletion
import django.db.models.functions.datetime
import core.models
import uuid
from django.conf import settings
from django.db import migrations, models


RULES = """
ALTER TABLE user_api_keys ADD CONSTRAINT user_api_keys_organisation_fk
    FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE;
ALTER TABLE user_api_keys ADD CONSTRAINT user_api_keys_user_fk
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
CREATE TRIGGER user_api_keys_touch BEFORE UPDATE ON user_api_keys
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""

# The tables of simplejwt, which earlier versions made, keep nobody from deleting a user with a plain
# DELETE.
TOKENS = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT conname, conrelid::regclass AS of_table, confrelid::regclass AS to_table,
               CASE WHEN confrelid = 'users'::regclass THEN 'user_id' ELSE 'token_id' END AS of_column,
               CASE WHEN confrelid = 'users'::regclass THEN 'SET NULL' ELSE 'CASCADE' END AS rule
        FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN (
            to_regclass('token_blacklist_outstandingtoken'),
            to_regclass('token_blacklist_blacklistedtoken')
        )
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.of_table, found.conname);
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s (id) ON DELETE %s',
            found.of_table, found.conname, found.of_column, found.to_table, found.rule
        );
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0002_database_rules'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(db_default=core.models.GenRandomUUID(), default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('name', models.CharField(help_text='What uses it, so that you know it again.', max_length=100)),
                ('prefix', models.CharField(editable=False, max_length=12)),
                ('key_hash', models.CharField(editable=False, max_length=64)),
                ('expires_at', models.DateTimeField(blank=True, help_text='Empty: never.', null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('organisation', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='users.organisation')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='api_keys', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API key',
                'db_table': 'user_api_keys',
                'ordering': ['-created_at'],
                'constraints': [models.UniqueConstraint(fields=('key_hash',), name='user_api_keys_hash_unique')],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
        migrations.RunSQL(TOKENS, migrations.RunSQL.noop),
    ]
