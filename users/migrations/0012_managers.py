"""The managers of models, in Django's state only. Nothing changes in the database."""

import django.db.models.manager
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0011_role_decides_everywhere'),
    ]

    operations = [
        migrations.AlterModelManagers(
            name='apikey',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='invitation',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AlterModelManagers(
            name='user',
            managers=[
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
    ]
