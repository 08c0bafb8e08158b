"""The managers of models, in Django's state only. Nothing changes in the database."""

import django.db.models.manager
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('imports', '0008_idempotency_request'),
    ]

    operations = [
        migrations.AlterModelManagers(
            name='auditevent',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='importbatch',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='importerror',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='upload',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='uploadchunk',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='uploadlimit',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
    ]
