"""Stores every e-mail address in the form of `core.emails`: hans@münchen.de becomes
hans@xn--mnchen-3ya.de. Only addresses with non-ASCII characters can have another form.

Where another user has that form already, the row stays. `users.checks` lists these users."""

from django.db import IntegrityError, migrations, transaction

from core.emails import InvalidEmail, normalise


def normalise_emails(apps, schema_editor):
    User = apps.get_model("users", "User")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        cursor.execute("SELECT id, email FROM users WHERE octet_length(email) <> length(email)")
        rows = cursor.fetchall()
    for user_id, email in rows:
        try:
            with transaction.atomic(schema_editor.connection.alias):
                User._base_manager.filter(id=user_id, email=email).update(email=normalise(email))
        except (InvalidEmail, IntegrityError):
            continue


class Migration(migrations.Migration):

    dependencies = [("users", "0006_organisation_once")]

    operations = [migrations.RunPython(normalise_emails, migrations.RunPython.noop)]
