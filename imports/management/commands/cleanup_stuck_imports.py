"""Imports that nobody works on: set free for the next worker, or marked failed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from imports import tasks
from imports.engine import recovery
from imports.engine.recovery import Finding
from imports.models import ImportBatch

WAS = {
    "pending": "waits, no message is on its way",
    "released": "released, no worker claimed it",
    "stalled": "no progress",
}
DONE = {"enqueued": "announced to the workers", "failed": "marked as failed"}
WOULD = {"enqueued": "would be announced to the workers", "failed": "would be marked as failed"}


class Command(BaseCommand):
    """What the workers' own sweep does every half minute, on demand and with a table."""

    help = (
        "Finds imports that no worker gets any further with, and pending ones that no message"
        " announces. They are announced again, and go on where they stopped; after 3 attempts"
        " without progress, or with --fail, stalled ones are marked as failed. An import"
        " that a living worker has in its hands is left alone. A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three options of the runbook."""
        parser.add_argument(
            "--minutes",
            type=int,
            default=10,
            help="without progress for this long is stuck (default: 10)",
        )
        parser.add_argument(
            "--fail", action="store_true", help="mark stalled imports as failed, with the reason"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and do nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweeps, prints what was found, rings for the workers."""
        if options["minutes"] < 1:
            raise CommandError("--minutes must be 1 or more.")
        found = recovery.sweep(
            stuck_seconds=options["minutes"] * 60,
            fail=options["fail"],
            dry_run=options["dry_run"],
        )
        if not found:
            self.stdout.write("Nothing is stuck.")
            return
        self._print(found, WOULD if options["dry_run"] else DONE)
        if not options["dry_run"]:
            _announce(found)

    def _print(self, found: list[Finding], words: dict[str, str]) -> None:
        batches = ImportBatch.objects.in_bulk([one.batch_id for one in found])
        self.stdout.write(f"{'batch':36}  {'rows':>15}  {'was':31}  done")
        for one in found:
            batch = batches.get(one.batch_id)
            rows = f"{batch.processed_rows:,} of {batch.total_rows:,}" if batch else "gone"
            self.stdout.write(f"{one.batch_id}  {rows:>15}  {WAS[one.was]:31}  {words[one.done]}")


def _announce(found: list[Finding]) -> None:
    try:
        tasks.enqueue_all(found)
    except OperationalError:
        raise CommandError(
            "Redis did not answer, so the workers were not told. The imports are set free all the"
            " same: the workers' own sweep announces them once Redis is back."
        ) from None
