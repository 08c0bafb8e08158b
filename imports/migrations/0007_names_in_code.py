"""Names of models and fields in Python. Nothing changes in the database: tables and columns keep
their names, so that old and new code can run side by side and SQL of operators still works.
"""

from django.db import migrations, models
from django.db.models import Q

MAIL_UNSENT = models.Index(
    condition=Q(mail_state__in=("due", "deferred"))
    & Q(status__in=("completed", "failed", "cancelled"))
    & ~Q(source="command"),
    fields=["mail_after"],
    name="import_batches_unsent_mail",
)


def renamed(model, old, new, field):
    """The field of a model under a new name, on the same column."""
    return [
        migrations.AlterField(model_name=model, name=old, field=field),
        migrations.RenameField(model_name=model, old_name=old, new_name=new),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0006_batch_of_users"),
        ("users", "0006_organisation_once"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name="importbatch",
                    options={"ordering": ["-created_at", "-id"], "verbose_name": "import"},
                ),
                migrations.AlterModelOptions(
                    name="importerror",
                    options={"ordering": ["row_number", "field_name"], "verbose_name": "row error"},
                ),
                migrations.AlterField(
                    "uploadblock",
                    "reason",
                    models.TextField(help_text="For staff only: a blocked user never sees it."),
                ),
                migrations.RenameModel(old_name="UploadTally", new_name="UploadCounter"),
                # Nothing reads these two columns any more. The code of before does, until the
                # deployment is over: a later migration deletes them.
                migrations.RemoveField("uploadcounter", "redis_is_wrong"),
                migrations.RemoveField("uploadcounter", "reset_at"),
                migrations.RemoveIndex("importbatch", "import_batches_unsent_mail"),
                *renamed(
                    "auditevent",
                    "client_address",
                    "client_ip",
                    models.GenericIPAddressField(
                        db_column="client_address", null=True, verbose_name="from"
                    ),
                ),
                *renamed(
                    "auditevent",
                    "deed",
                    "event_type",
                    models.CharField(db_column="deed", max_length=30),
                ),
                *renamed(
                    "auditevent", "door", "source", models.CharField(db_column="door", max_length=10)
                ),
                *renamed(
                    "importbatch",
                    "announced_at",
                    "enqueued_at",
                    models.DateTimeField(db_column="announced_at", null=True),
                ),
                *renamed(
                    "importbatch",
                    "door",
                    "source",
                    models.CharField(
                        db_column="door", db_default="api", default="api", max_length=10
                    ),
                ),
                migrations.AddIndex("importbatch", MAIL_UNSENT),
            ]
        )
    ]
