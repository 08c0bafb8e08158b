"""How the admin site calls imports and row errors. Changes nothing in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("imports", "0006_batch_of_users")]
    operations = [
        migrations.AlterModelOptions(
            name="importbatch",
            options={"ordering": ["-created_at", "-id"], "verbose_name": "import"},
        ),
        migrations.AlterModelOptions(
            name="importerror",
            options={"ordering": ["row_number", "field_name"], "verbose_name": "row error"},
        ),
    ]
