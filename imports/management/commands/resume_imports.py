"""`manage.py resume_imports [--by EMAIL] [--dry-run] [--json]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from core.text import count_of, utc
from imports import actions
from imports.management.base import OperatorCommand
from imports.management.halts import halt_as_json, live_imports
from imports.management.targets import find_user
from imports.models import ImportHalt


class Command(OperatorCommand):
    """Parses, resumes, and prints how many imports go on."""

    help = (
        "Ends a halt of all imports, and queues the imports that wait. They continue where they "
        "stopped. A second call changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument("--by", metavar="EMAIL", help="the member of staff who resumes")

        parser.add_argument(
            "--dry-run", action="store_true", help="print what would go on, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print JSON for a script")

    def handle(self, *, by: str | None, dry_run: bool, json: bool, **options: Any) -> None:
        """Lets imports go on."""
        user = find_user(by) if by else None
        if dry_run:
            halt, queued = ImportHalt.objects.current(), None
        else:
            halt, queued = actions.resume(user=user)
        if json:
            changed = halt is not None and not dry_run
            self.stdout.write(halt_as_json(halt if dry_run else None, changed=changed))
        else:
            self._print(halt, queued, dry_run=dry_run)

    def _print(self, halt: ImportHalt | None, queued: int | None, *, dry_run: bool) -> None:
        if halt is None:
            self.stdout.write("Imports are not halted.")
            return
        since = utc(halt.started_at)
        if dry_run:
            waiting = count_of(live_imports(), "import")
            self.stdout.write(f"Would end the halt since {since}; {waiting} would go on.")
            return
        self.stdout.write(f"Imports go on. They were halted since {since}: {halt.reason}")
        if queued is None:
            self.stdout.write(
                "Redis did not answer. The workers queue the waiting imports once it is back."
            )
        else:
            self.stdout.write(f"{queued:,} waiting imports were queued.")
