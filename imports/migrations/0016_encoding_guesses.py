from django.db import migrations, models


class Migration(migrations.Migration):
    """The column has a default in the database: code that does not know it inserts rows too."""

    dependencies = [
        ("imports", "0015_staged_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="encoding_guesses",
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
