"""The language of an organisation's invitations."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0017_invitation_sender")]

    operations = [
        migrations.AddField(
            "organisation",
            "language",
            models.CharField(
                "language of invitations",
                max_length=10,
                choices=[("en", "English"), ("de", "German")],
                blank=True,
                default="",
                db_default="",
                help_text="Without one, that of the service (INVITATION_LANGUAGE).",
            ),
        ),
    ]
