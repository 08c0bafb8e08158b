"""The indexes of the lists of people (`users.people`).

The one of the organisation alone goes: each of the others begins with the organisation. Where an
index could not be made (`INVALID` in psql's `\\d users`), drop it and migrate again.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate, Lower

FIND = """
SELECT indexname FROM pg_indexes
WHERE schemaname = current_schema() AND tablename = 'users'
  AND indexname LIKE 'users\\_organisation\\_id\\_%' AND indexdef LIKE '%(organisation\\_id)'
"""


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FIND)
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


def create(apps, schema_editor):
    name = schema_editor._create_index_name("users", ["organisation_id"])
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}" ON users (organisation_id)'
        )


def add_prefixes(apps, schema_editor):
    """An index for the beginning of an address, where the database compares texts by a language,
    so that the index of the unique address does not serve it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT FROM users WHERE email LIKE 'a%'")
        plan = " ".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
        if "Index Cond" not in plan:
            cursor.execute(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_prefix"
                " ON users (email varchar_pattern_ops)"
            )


def drop_prefixes(apps, schema_editor):
    schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS users_email_prefix")


def index(*expressions, **options):
    return AddIndexConcurrently("user", models.Index(*expressions, **options))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0015_logins_end")]

    operations = [
        index("organisation", Collate(Lower("last_name"), "C"), name="users_by_last_name"),
        index("organisation", Collate(Lower("first_name"), "C"), name="users_by_first_name"),
        index(fields=["organisation", "created_at"], name="users_by_created_at"),
        index(
            fields=["organisation", "department"],
            condition=~models.Q(department=""),
            name="users_by_department",
        ),
        index(
            fields=["organisation"],
            condition=models.Q(role="admin"),
            name="users_administrators",
        ),
        index(
            fields=["organisation", "last_login"],
            condition=models.Q(last_login__isnull=False),
            name="users_by_last_login",
        ),
        index(
            fields=["organisation"],
            condition=models.Q(is_active=False),
            name="users_inactive",
        ),
        migrations.RunPython(add_prefixes, drop_prefixes),
        AddIndexConcurrently(
            "invitation",
            models.Index(
                fields=["organisation", "status", "expires_at"],
                condition=~models.Q(status__in=("pending", "sending")),
                name="user_invitations_state",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(drop, create)],
            [
                migrations.AlterField(
                    "user",
                    "organisation",
                    models.ForeignKey(
                        to="users.organisation",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        blank=True,
                    ),
                )
            ],
        ),
    ]
