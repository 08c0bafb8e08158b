"""The rows of a staged file as people have changed them before the import.

Code that does not know the new tables imports a reviewed file without the changes, from its chunks:
see docs/deployment-render.md.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

KEYS = """
ALTER TABLE import_reviews ADD CONSTRAINT import_reviews_upload_fk
    FOREIGN KEY (upload_id) REFERENCES import_uploads (id) ON DELETE CASCADE;
ALTER TABLE import_reviews ADD CONSTRAINT import_reviews_edited_by_fk
    FOREIGN KEY (edited_by) REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE import_review_rows ADD CONSTRAINT import_review_rows_upload_fk
    FOREIGN KEY (upload_id) REFERENCES import_reviews (upload_id) ON DELETE CASCADE;
ALTER TABLE import_review_changes ADD CONSTRAINT import_review_changes_upload_fk
    FOREIGN KEY (upload_id) REFERENCES import_reviews (upload_id) ON DELETE CASCADE;
ALTER TABLE import_batches ADD CONSTRAINT import_batches_edited_by_fk
    FOREIGN KEY (edited_by) REFERENCES users (id) ON DELETE SET NULL;
"""
# Changed rows find room beside the old ones, so that no index has to be written.
ROOM = "ALTER TABLE import_review_rows SET (fillfactor = 33)"
NO_KEYS = "ALTER TABLE import_batches DROP CONSTRAINT import_batches_edited_by_fk"


def key_to(model, **options):
    """A foreign key whose ON DELETE is in the database."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        to=model,
        **options,
    )


def editor():
    """The person who made the last change."""
    return key_to(settings.AUTH_USER_MODEL, db_column="edited_by", null=True, related_name="+")


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0018_audit_fields"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '4s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "upload",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="review",
                        serialize=False,
                        to="imports.upload",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("revision", models.IntegerField(db_default=1, default=1)),
                ("edited_at", models.DateTimeField(null=True)),
                ("edited_by", editor()),
                ("columns", models.JSONField()),
                ("warnings", models.JSONField(db_default=[], default=list)),
                ("options", models.JSONField(db_default={}, default=dict)),
                ("shown", models.JSONField(db_default={}, default=dict)),
            ],
            options={
                "db_table": "import_reviews",
                "indexes": [
                    models.Index(
                        condition=models.Q(("edited_by__isnull", False)),
                        fields=["edited_by"],
                        name="import_reviews_edited_by",
                    )
                ],
            },
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
        migrations.CreateModel(
            name="ReviewRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "upload_id",
                        "row_number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("upload", key_to("imports.review")),
                ("row_number", models.IntegerField()),
                ("cells", models.JSONField()),
                ("original", models.JSONField(null=True)),
                ("found", models.JSONField(db_default=[], default=list)),
                ("dropped", models.BooleanField(db_default=False, default=False)),
                ("email", models.CharField(db_default="", default="", max_length=254)),
                ("invite", models.BooleanField(db_default=False, default=False)),
                ("problems", models.JSONField(db_default=[], default=list)),
                ("first_row", models.IntegerField(null=True)),
                ("taken", models.CharField(db_default="", default="", max_length=5)),
            ],
            options={
                "db_table": "import_review_rows",
                "indexes": [
                    models.Index(fields=["upload", "email"], name="import_review_rows_email")
                ],
            },
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
        migrations.CreateModel(
            name="ReviewChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "upload_id",
                        "revision",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("upload", key_to("imports.review")),
                ("revision", models.IntegerField()),
                ("before", models.JSONField()),
            ],
            options={"db_table": "import_review_changes"},
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
        migrations.AddField(
            model_name="importbatch",
            name="edited_rows",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="dropped_rows",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(model_name="importbatch", name="edited_by", field=editor()),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(
                condition=models.Q(("edited_by__isnull", False)),
                fields=["edited_by"],
                name="import_batches_edited_by",
            ),
        ),
        migrations.RunSQL(KEYS, NO_KEYS),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
    ]
