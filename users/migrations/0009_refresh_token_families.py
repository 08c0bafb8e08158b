"""The families of refresh tokens. Users with a refresh token of before log in once more."""

import core.models
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

RULES = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE refresh_token_families ADD CONSTRAINT refresh_token_families_user_fk
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
CREATE TRIGGER refresh_token_families_touch BEFORE UPDATE ON refresh_token_families
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0008_login_attempts'),
    ]

    operations = [
        migrations.CreateModel(
            name='RefreshTokenFamily',
            fields=[
                ('id', models.UUIDField(db_default=core.models.GenRandomUUID(), default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('current_hash', models.CharField(max_length=64)),
                ('ends_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'refresh_token_families',
                'indexes': [models.Index(fields=['ends_at'], name='refresh_token_families_end')],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
