"""The app, and what has to happen before it is used."""

import gc
from importlib import import_module

from django.apps import AppConfig

# Objects that may come to be, net, before Python looks for cycles among them; its default is 700.
GARBAGE_OBJECTS = 10_000


def _collect_garbage_less_often() -> None:
    """Rows are made by the hundred thousand, hold no cycles, and are gone with their chunk: looking
    for cycles among them, and among the modules of the whole program, took half of the time that
    it takes to check them."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 10, 10)


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
        _collect_garbage_less_often()
