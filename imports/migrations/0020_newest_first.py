"""The indexes of the lists of all organisations, newest first, and of the overview.

Where an index could not be made (`INVALID` in psql's `\\d`), drop it and migrate again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("imports", "0019_reviews")]

    operations = [
        migrations.AlterModelOptions(
            "heartbeat", {"verbose_name": "process", "verbose_name_plural": "processes"}
        ),
        migrations.AlterModelOptions(
            "importhalt",
            {
                "ordering": ["-started_at"],
                "verbose_name": "halt of imports",
                "verbose_name_plural": "halts of imports",
            },
        ),
        AddIndexConcurrently(
            "importbatch",
            models.Index(fields=["-created_at", "-id"], name="import_batches_newest"),
        ),
        AddIndexConcurrently(
            "importerror", models.Index(fields=["-created_at"], name="import_errors_newest")
        ),
        AddIndexConcurrently(
            "auditevent",
            models.Index(
                fields=["-created_at"],
                condition=models.Q(event_type="limit_reached"),
                name="audit_events_limit_reached",
            ),
        ),
    ]
