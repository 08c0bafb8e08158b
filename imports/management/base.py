"""The base class of the commands for operators."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from imports.engine import transient_errors


class OperatorCommand(BaseCommand):
    """A command that says in a sentence if the database is away, or another session has locked what
    it needs. It then ends with status 2."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command. Raises CommandError if the database does not do what is asked."""
        try:
            return super().execute(*args, **options)
        except OperationalError as error:
            if transient_errors.is_held_up(error):
                raise CommandError(
                    "Another session holds a lock that this command needs. Find it as described "
                    "under Database in docs/runbook.md, then run the command again: repeating it "
                    "does no harm.",
                    returncode=2,
                ) from None
            raise CommandError(
                "The database did not answer. Check PostgreSQL and DATABASE_URL, then run the "
                "command again: repeating it does no harm.",
                returncode=2,
            ) from None
