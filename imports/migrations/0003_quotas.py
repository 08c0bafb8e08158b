"""The quotas: own limits, the block list, the counts, and the totals for metrics."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import imports.models.blocks
import core.models
import uuid
from django.conf import settings
from django.db import migrations, models

RULES = """
ALTER TABLE upload_limits ADD CONSTRAINT upload_limits_organisation_fk
    FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE;
ALTER TABLE upload_blocks ADD CONSTRAINT upload_blocks_user_fk
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE upload_blocks ADD CONSTRAINT upload_blocks_blocked_by_fk
    FOREIGN KEY (blocked_by) REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE upload_tallies ADD CONSTRAINT upload_tallies_user_fk
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;

CREATE TRIGGER upload_limits_touch BEFORE UPDATE ON upload_limits
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER upload_blocks_touch BEFORE UPDATE ON upload_blocks
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('imports', '0002_database_rules'),
        ('users', '0002_database_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MetricCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('labels', models.JSONField(db_default={}, default=dict)),
                ('value', models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                'db_table': 'metric_counters',
                'constraints': [models.UniqueConstraint(fields=('name', 'labels'), name='metric_counters_once')],
            },
        ),
        migrations.CreateModel(
            name='UploadBlock',
            fields=[
                ('id', models.UUIDField(db_default=core.models.GenRandomUUID(), default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('network', imports.models.blocks.NetworkField(blank=True, null=True, unique=True)),
                ('reason', models.TextField(help_text='For the staff: nobody who is blocked gets to see it.')),
                ('until', models.DateTimeField(blank=True, help_text='Empty: until it is lifted.', null=True)),
                ('blocked_by', models.ForeignKey(db_column='blocked_by', db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.OneToOneField(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'upload_blocks',
                'ordering': ['-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('network__isnull', True), ('user__isnull', False)), models.Q(('network__isnull', False), ('user__isnull', True)), _connector='OR'), name='upload_blocks_one_target', violation_error_message='Name either a user or a network.')],
            },
        ),
        migrations.CreateModel(
            name='UploadLimit',
            fields=[
                ('id', models.UUIDField(db_default=core.models.GenRandomUUID(), default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('limit_type', models.CharField(choices=[('csv_import', 'imports'), ('file_upload', 'previews')], max_length=20)),
                ('per_hour', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ('per_day', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='users.organisation')),
            ],
            options={
                'db_table': 'upload_limits',
                'constraints': [models.UniqueConstraint(fields=('organisation', 'limit_type'), name='upload_limits_once', violation_error_message='This organisation has limits of its own for this already.'), models.CheckConstraint(condition=models.Q(('per_day__gte', 1), ('per_hour__gte', 1)), name='upload_limits_are_positive')],
            },
        ),
        migrations.CreateModel(
            name='UploadTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limit_type', models.CharField(max_length=20)),
                ('period', models.CharField(max_length=10)),
                ('window_end', models.BigIntegerField()),
                ('count', models.IntegerField()),
                ('reset_at', models.DateTimeField(null=True)),
                ('redis_is_wrong', models.BooleanField(db_default=False, default=False)),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'upload_tallies',
                'constraints': [models.UniqueConstraint(fields=('user', 'limit_type', 'period'), name='upload_tallies_once')],
            },
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
