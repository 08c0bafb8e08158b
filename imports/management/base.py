"""The base class of the commands for operators."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError


class OperatorCommand(BaseCommand):
    """A command that says in a sentence if the database is away. It then ends with status 2."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command. Raises CommandError if the database does not answer."""
        try:
            return super().execute(*args, **options)
        except OperationalError:
            raise CommandError(
                "The database did not answer. Check PostgreSQL and DATABASE_URL, then run the "
                "command again: repeating it does no harm.",
                returncode=2,
            ) from None
