"""What an export had in it: the list, the format, the filters and the number of rows. Adding the
column takes a moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0018_audit_fields")]

    operations = [
        migrations.AddField(
            "auditevent", "details", models.JSONField(blank=True, default=dict, db_default={})
        ),
    ]
