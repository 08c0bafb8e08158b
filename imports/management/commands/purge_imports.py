"""`manage.py purge_imports [--days N] [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from core.text import count_of
from imports import audit
from imports.engine.upkeep import retention
from imports.management.base import OperatorCommand
from imports.models import EventType


class Command(OperatorCommand):
    """Parses, calls `retention.purge`, and prints how much was deleted.

    A worker does the same every hour."""

    help = (
        "Deletes finished imports that are older than --days, with their row errors and staged"
        " files, and files of previews that were never imported. Users and running imports are"
        " kept. It uses small transactions, so that other requests do not wait for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        days = settings.IMPORT_RETENTION_DAYS
        parser.add_argument(
            "--days",
            type=int,
            default=days,
            help=f"delete imports older than this (default: {days})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be deleted, but delete nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Deletes old rows, and prints how many."""
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
