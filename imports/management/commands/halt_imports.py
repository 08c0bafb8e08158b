"""`manage.py halt_imports --reason … [--by EMAIL] [--dry-run] [--json]`."""

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
    """Parses, halts, and prints what that means."""

    help = (
        "Halts all imports of all organisations at once, without a deployment. Workers stop after "
        "the chunk at hand, and uploads are refused with 503 `imports_halted`. Nothing is lost: "
        "`resume_imports` lets everything go on. Previews, cancelling and undoing still work. "
        "A second call changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument("--reason", required=True, help="shown to platform staff only")
        parser.add_argument("--by", metavar="EMAIL", help="the member of staff who halts")

        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be halted, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print JSON for a script")

    def handle(
        self, *, reason: str, by: str | None, dry_run: bool, json: bool, **options: Any
    ) -> None:
        """Halts all imports."""
        user = find_user(by) if by else None
        if dry_run:
            self._print_plan(json=json)
            return
        halt, is_new = actions.halt(reason, user=user)
        if json:
            self.stdout.write(halt_as_json(halt, changed=is_new))
        elif not is_new:
            since = utc(halt.started_at)
            self.stdout.write(f"Imports are halted already, since {since}: {halt.reason}")
        else:
            self.stdout.write(
                "Imports are halted. Workers stop after the chunk at hand, within seconds.\n"
                "Let them go on with: manage.py resume_imports"
            )

    def _print_plan(self, *, json: bool) -> None:
        halt = ImportHalt.objects.current()
        if json:
            self.stdout.write(halt_as_json(halt, changed=False))
        elif halt:
            self.stdout.write(f"Imports are halted already, since {utc(halt.started_at)}.")
        else:
            self.stdout.write(f"Would halt {count_of(live_imports(), 'import')}, and uploads.")
