"""The app `imports`: what has to be loaded before it is used."""

from importlib import import_module

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Imports of users from CSV files and workbooks."""

    name = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Loads the Celery application, so that tasks belong to it, and the audit trail, which
        listens for blocks that are created and deleted.

        Web processes and commands import `celery_app` nowhere else. Without it, `delay` would send
        messages to amqp://localhost."""
        import_module("celery_app")
        import_module("imports.audit")
