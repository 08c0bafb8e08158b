from django.db import migrations, models


class Migration(migrations.Migration):
    """The column has a default in the database: code that does not know it inserts rows too."""

    dependencies = [
        ("imports", "0012_lock_what_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="sheets",
            field=models.JSONField(default=list, db_default=[]),
        ),
    ]
