"""`manage.py reprocess_import BATCH`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.errors import Refusal
from imports import actions
from imports.management.base import OperatorCommand
from imports.management.targets import find_batch


class Command(OperatorCommand):
    """Parses, runs the import again, and prints the id of the new one."""

    help = (
        "Runs an ended import again from its stored file, as a new import with the same options. "
        "Users that exist are skipped, so undo the first one before if its users are wrong. "
        "While the new import is pending or runs, a second call gives the same one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("batch", help="the id of the import")
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be done, change nothing"
        )

    def handle(self, *, batch: str, dry_run: bool, **options: Any) -> None:
        """Runs the import again."""
        found = find_batch(batch)
        if dry_run:
            self.stdout.write(f"{found.total_rows:,} rows of {found.id} would be imported again.")
            return
        try:
            new = actions.reprocess(found)
        except Refusal as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"The file of {found.id} is imported again as {new.id}.")
