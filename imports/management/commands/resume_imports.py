"""`manage.py resume_imports [--by EMAIL]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from core.text import utc
from imports import actions
from imports.management.base import OperatorCommand
from imports.management.targets import find_user


class Command(OperatorCommand):
    """Parses, resumes, and prints how many imports go on."""

    help = (
        "Ends a halt of all imports, and queues the imports that wait. They continue where they "
        "stopped. A second call changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument("--by", metavar="EMAIL", help="the member of staff who resumes")

    def handle(self, *, by: str | None, **options: Any) -> None:
        """Lets imports go on."""
        halt, queued = actions.resume(user=find_user(by) if by else None)
        if halt is None:
            self.stdout.write("Imports are not halted.")
            return
        since = utc(halt.started_at)
        self.stdout.write(f"Imports go on. They were halted since {since}: {halt.reason}")
        if queued is None:
            self.stdout.write(
                "Redis did not answer. The workers queue the waiting imports once it is back."
            )
        else:
            self.stdout.write(f"{queued:,} waiting imports were queued.")
