"""What an export had in it: the list, the format, the filters and the number of rows. Adding the
column takes a moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0020_newest_first")]

    operations = [
        migrations.AddField(
            "auditevent", "details", models.JSONField(blank=True, default=dict, db_default={})
        ),
    ]
