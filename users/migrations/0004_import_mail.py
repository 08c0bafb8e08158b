"""Whether a user gets an e-mail when an import of theirs has ended."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0003_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='wants_import_mail',
            field=models.BooleanField(db_default=True, default=True, verbose_name='gets an e-mail when their import has ended'),
        ),
    ]
