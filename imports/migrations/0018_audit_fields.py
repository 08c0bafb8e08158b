"""Which fields of a person were changed, by name. Adding the column takes a moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0017_heartbeats_and_halts")]

    operations = [
        migrations.AddField(
            "auditevent",
            "fields",
            models.CharField(max_length=300, blank=True, default="", db_default=""),
        ),
    ]
