"""Constraints on the columns that go with the role. `NOT VALID` locks the table for a moment only:
new and changed rows are checked from now on, and the next migration checks the others."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('users', '0009_refresh_token_families')]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        AddConstraintNotValid(
            model_name='user',
            constraint=models.CheckConstraint(
                condition=models.Q(('is_superuser', False), ('role', 'super_admin'), _connector='OR'),
                name='users_superuser_is_platform_staff',
                violation_error_message='Only platform staff can be superusers.',
            ),
        ),
        AddConstraintNotValid(
            model_name='user',
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(('role', 'super_admin'), _negated=True), ('organisation', None), _connector='OR'),
                name='users_platform_staff_have_no_organisation',
                violation_error_message='Platform staff belong to no organisation: leave it empty, or choose another role.',
            ),
        ),
    ]
