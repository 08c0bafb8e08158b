"""`manage.py undo_import BATCH [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.errors import Refusal
from imports import actions
from imports.engine import undo
from imports.management.base import OperatorCommand
from imports.management.targets import find_batch


class Command(OperatorCommand):
    """Parses, undoes, and prints what was deleted and what was kept."""

    help = (
        "Undoes a finished import: deletes the users that it created and nobody has changed or "
        "used since. Works also while imports are halted. A second call changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("batch", help="the id of the import")
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be deleted, change nothing"
        )

    def handle(self, *, batch: str, dry_run: bool, **options: Any) -> None:
        """Undoes the import."""
        found = find_batch(batch)
        if dry_run:
            count, total = undo.untouched(found).count(), undo.users_of(found).count()
            self.stdout.write(f"{count:,} of {total:,} users of {found.id} would be deleted.")
            return
        try:
            result = actions.undo(found, user=None)
        except Refusal as error:
            raise CommandError(error.detail) from None
        state = "is undone" if result.is_finished else "is being undone by a worker"
        self.stdout.write(
            f"The import {found.id} {state}: {result.removed_rows:,} users deleted, "
            f"{result.kept_rows:,} kept."
        )
        for user in result.kept:
            self.stdout.write(f"kept {user['user_id']}: {user['message']}")
