"""The app `imports`: it grants permissions and loads the Celery application and the audit trail."""

from importlib import import_module

from django.apps import AppConfig

from users.rights import permissions
from users.rights.roles import USER_MANAGERS

# What roles that manage users may do at the admin site.
ADMIN_PERMISSIONS = (
    "imports.view_importbatch",
    "imports.view_importerror",
    "imports.view_auditevent",
)


class ImportsConfig(AppConfig):
    """Imports of users from CSV files and workbooks."""

    name = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Grants permissions, checks psycopg and loads two modules.

        `celery_app` is loaded so that tasks belong to the Celery application. Web processes and
        commands import it only here; without it, `delay` would send messages to amqp://localhost.
        `imports.audit` connects the receivers that record created and deleted blocks.

        Raises RuntimeError where psycopg lacks a private part that the engine needs."""
        for role in USER_MANAGERS:
            permissions.grant(role, *ADMIN_PERMISSIONS)
        import_module("celery_app")
        import_module("imports.audit")
        import_module("imports.engine.writing.copy_stream").check()
