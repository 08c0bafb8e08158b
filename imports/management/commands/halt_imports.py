"""`manage.py halt_imports --reason … [--by EMAIL]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from core.text import utc
from imports import actions
from imports.management.base import OperatorCommand
from imports.management.targets import find_user


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

    def handle(self, *, reason: str, by: str | None, **options: Any) -> None:
        """Halts all imports."""
        halt, is_new = actions.halt(reason, user=find_user(by) if by else None)
        if not is_new:
            since = utc(halt.started_at)
            self.stdout.write(f"Imports are halted already, since {since}: {halt.reason}")
            return
        self.stdout.write(
            "Imports are halted. Workers stop after the chunk at hand, within seconds.\n"
            "Let them go on with: manage.py resume_imports"
        )
