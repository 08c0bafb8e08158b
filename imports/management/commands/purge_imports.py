"""What is kept for no longer: old imports, and files that nobody imported."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.text import count_of
from imports import audit
from imports.engine import retention
from imports.models import EventType


class Command(BaseCommand):
    """What a worker does every hour, on demand and with other numbers."""

    help = (
        "Deletes finished imports that are older than --days, with their row errors and staged"
        " files, and files of previews that were never imported. The users stay. Running imports"
        " are never deleted. In small transactions: nobody has to wait for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old, and whether to do it."""
        days = settings.IMPORT_RETENTION_DAYS
        parser.add_argument(
            "--days", type=int, default=days, help=f"delete what is older (default: {days})"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be deleted, and delete nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Deletes, and says how much."""
        if options["days"] < 1:
            raise CommandError("--days must be 1 or more.")
        if not options["dry_run"]:
            audit.record(EventType.PURGED)
        purged = retention.purge(days=options["days"], dry_run=options["dry_run"])
        verb = "Would delete" if options["dry_run"] else "Deleted"
        self.stdout.write(
            f"{verb} {count_of(purged.batches, 'import')} older than"
            f" {count_of(options['days'], 'day')},"
            f" {count_of(purged.uploads, 'staged file')} that nobody imported and"
            f" {count_of(purged.audit_events, 'line')} of the audit trail."
        )
