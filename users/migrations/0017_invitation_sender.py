"""What the processes that send invitations share."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("users", "0016_lists_of_people")]

    operations = [
        migrations.CreateModel(
            name="InvitationSender",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        db_default=1, default=1, primary_key=True, serialize=False
                    ),
                ),
                ("paid_until", models.DateTimeField(db_default=Now())),
                ("last_organisation_id", models.UUIDField(null=True)),
                ("away_since", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("turn_id", models.UUIDField(null=True)),
                ("turn_ends_at", models.DateTimeField(db_default=Now())),
                ("wake_at", models.DateTimeField(db_default=Now())),
            ],
            options={"db_table": "user_invitation_sender"},
        ),
        migrations.AddConstraint(
            "invitationsender",
            models.CheckConstraint(
                condition=models.Q(id=1), name="user_invitation_sender_is_one_row"
            ),
        ),
    ]
