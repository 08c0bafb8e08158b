"""The app, and the one thing that has to happen before it is used."""

from importlib import import_module

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """CSV and workbook imports."""

    name = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Makes our Celery application the one that tasks belong to. Web and commands import it
        nowhere else, and without it `delay` would ring at amqp://localhost. And the audit trail,
        which hears of blocks that are set and lifted."""
        import_module("celery_app")
        import_module("imports.audit")
