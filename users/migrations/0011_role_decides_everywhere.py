"""Rows of before follow the role: whoever was demoted is no superuser any more, and platform staff
leave the organisation that they were in. Then the constraints of 0010 hold for all rows."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

CORRECT = """
SET LOCAL lock_timeout = '5s';
UPDATE users SET is_superuser = false WHERE is_superuser AND role <> 'super_admin';
UPDATE users SET organisation_id = NULL WHERE role = 'super_admin' AND organisation_id IS NOT NULL;
"""


class Migration(migrations.Migration):

    dependencies = [('users', '0010_role_decides')]

    operations = [
        migrations.RunSQL(CORRECT, migrations.RunSQL.noop),
        ValidateConstraint(model_name='user', name='users_superuser_is_platform_staff'),
        ValidateConstraint(model_name='user', name='users_platform_staff_have_no_organisation'),
    ]
