from django.db import migrations, models


class Migration(migrations.Migration):
    """The column has a default in the database: code that does not know it inserts rows too."""

    dependencies = [
        ("imports", "0010_shared_content"),
    ]

    operations = [
        migrations.AddField(
            model_name="uploadchunk",
            name="problems",
            field=models.JSONField(default=dict, db_default={}),
        ),
    ]
