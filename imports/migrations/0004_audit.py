"""The audit trail, and what the e-mail about the end of an import needs."""

import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

RULES = """
-- What is written stays as it was written. An event may go in two cases only: its organisation is
-- no more, or retention says in its own transaction for how many days events are kept
-- (SET LOCAL marketedge.audit_kept_days = 365), which is never taken for less than 30.
CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('marketedge.audit_may_be_emptied', true) = 'on' THEN
        RETURN NULL;  -- the databases of tests, which are emptied after each
    END IF;
    RAISE restrict_violation USING
        MESSAGE = format('audit_events is append-only: %s is refused', TG_OP),
        HINT = 'docs/audit.md says how events leave the table.';
END $$;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse();

CREATE FUNCTION audit_events_may_go() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept_days int := nullif(current_setting('marketedge.audit_kept_days', true), '')::int;
BEGIN
    IF kept_days IS NOT NULL
       AND OLD.created_at < statement_timestamp() - make_interval(days => greatest(kept_days, 30)) THEN
        RETURN OLD;
    END IF;
    IF OLD.organisation_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM organisations WHERE id = OLD.organisation_id) THEN
        RETURN OLD;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = 'audit_events is append-only: DELETE is refused',
        HINT = 'docs/audit.md says how events leave the table.';
END $$;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_may_go();

CREATE FUNCTION organisations_take_audit_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM audit_events WHERE organisation_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER organisations_delete_audit AFTER DELETE ON organisations
    FOR EACH ROW EXECUTE FUNCTION organisations_take_audit_events();

-- Nobody is told today of what ended before there were e-mails.
UPDATE import_batches SET mail_state = 'none' WHERE status IN ('completed', 'failed', 'cancelled');
"""
NO_RULES = """
DROP TRIGGER organisations_delete_audit ON organisations;
DROP TRIGGER audit_events_no_update ON audit_events;
DROP TRIGGER audit_events_no_delete ON audit_events;
DROP FUNCTION audit_events_refuse, audit_events_may_go, organisations_take_audit_events;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('imports', '0003_quotas'),
        ('users', '0004_import_mail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='when')),
                ('deed', models.CharField(max_length=30)),
                ('door', models.CharField(max_length=10)),
                ('client_address', models.GenericIPAddressField(null=True, verbose_name='from')),
                ('user_id', models.UUIDField(null=True)),
                ('api_key_id', models.UUIDField(null=True, verbose_name='API key')),
                ('organisation_id', models.UUIDField(null=True)),
                ('batch_id', models.UUIDField(null=True, verbose_name='import')),
                ('upload_id', models.UUIDField(null=True, verbose_name='staged file')),
                ('subject_id', models.UUIDField(null=True, verbose_name='about')),
            ],
            options={
                'verbose_name': 'audit event',
                'db_table': 'audit_events',
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.AddField(
            model_name='importbatch',
            name='mail_after',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='mail_state',
            field=models.CharField(choices=[('due', 'Due'), ('deferred', 'Deferred'), ('sent', 'Sent'), ('refused', 'Refused'), ('given_up', 'Given Up'), ('none', 'None')], db_default='due', default='due', max_length=10),
        ),
        migrations.AddIndex(
            model_name='importbatch',
            index=models.Index(condition=models.Q(('mail_state__in', ('due', 'deferred')), ('status__in', ('completed', 'failed', 'cancelled')), models.Q(('door', 'command'), _negated=True)), fields=['mail_after'], name='import_batches_unsent_mail'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['-created_at', '-id'], name='audit_events_newest'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('organisation_id__isnull', False)), fields=['organisation_id', '-created_at', '-id'], name='audit_events_organisation'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['user_id', '-created_at'], name='audit_events_user'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('batch_id__isnull', False)), fields=['batch_id'], name='audit_events_batch'),
        ),
        migrations.RunSQL(RULES, NO_RULES),
    ]
