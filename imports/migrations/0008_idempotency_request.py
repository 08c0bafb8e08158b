"""`import_batches.idempotency_request`: the options of the request with the Idempotency-Key.

The column is null for all existing batches, so the table is not rewritten. Code that does not know
the column leaves it null.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0007_names_in_code")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '4s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="importbatch",
            name="idempotency_request",
            field=models.JSONField(null=True),
        ),
    ]
