"""`manage.py cleanup_stuck_imports [--minutes N] [--fail] [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from kombu.exceptions import OperationalError

from imports import tasks
from imports.engine.upkeep import recovery
from imports.engine.upkeep.recovery import Finding
from imports.management.base import OperatorCommand
from imports.models import ImportBatch

# The words for `Finding.state` and `Finding.action`.
STATES = {
    "pending": "pending, not queued",
    "released": "released, not claimed",
    "stalled": "no progress",
}
ACTIONS = {"enqueued": "queued again", "failed": "marked as failed"}
PLANNED_ACTIONS = {"enqueued": "would be queued again", "failed": "would be marked as failed"}


class Command(OperatorCommand):
    """Parses, calls `recovery.sweep`, and prints a table of what was found.

    The workers also call `recovery.sweep`, every 30 seconds."""

    help = (
        "Finds imports that no worker works on, and queues them again. They continue where they"
        " stopped. Imports without progress are marked as failed after 3 attempts, or at once with"
        " --fail. Imports that a worker works on are not touched. A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument(
            "--minutes",
            type=int,
            default=10,
            help="minutes without progress after which an import is stuck (default: 10)",
        )
        parser.add_argument(
            "--fail", action="store_true", help="mark imports without progress as failed"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be done, but change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Finds stuck imports, prints them, and enqueues them."""
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
        self._print(found, PLANNED_ACTIONS if options["dry_run"] else ACTIONS)
        if not options["dry_run"]:
            _enqueue(found)

    def _print(self, found: list[Finding], words: dict[str, str]) -> None:
        batches = ImportBatch.objects.everywhere().in_bulk([finding.batch_id for finding in found])
        self.stdout.write(f"{'import':36}  {'rows':>15}  {'problem':21}  result")
        for finding in found:
            batch = batches.get(finding.batch_id)
            rows = f"{batch.processed_rows:,} of {batch.total_rows:,}" if batch else "deleted"
            problem, result = STATES[finding.state], words[finding.action]
            self.stdout.write(f"{finding.batch_id}  {rows:>15}  {problem:21}  {result}")


def _enqueue(found: list[Finding]) -> None:
    try:
        tasks.enqueue_all(found)
    except OperationalError:
        raise CommandError(
            "Redis did not answer, so the imports could not be queued. They are released: the"
            " workers queue them themselves once Redis is back."
        ) from None
