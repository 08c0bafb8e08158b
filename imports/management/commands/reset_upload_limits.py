"""`manage.py reset_upload_limits USER [--limit-type csv_import]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from imports.management.base import OperatorCommand
from imports.management.targets import find_user
from imports.models import LimitType
from imports.quotas import reset_limits


class Command(OperatorCommand):
    """Parses, calls `quotas.reset_limits`, and prints what was reset."""

    help = "Resets the upload limits of a user, so that the whole quota is available again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument("user", metavar="USER", help="e-mail address or id")
        parser.add_argument(
            "--limit-type", choices=LimitType.values, help="one kind of upload; default: all"
        )

    def handle(self, *, user: str, limit_type: str | None, **options: Any) -> None:
        """Resets the limits."""
        found = find_user(user)
        reset_limits(found.id, limit_type)
        kinds = limit_type or ", ".join(LimitType.values)
        self.stdout.write(f"The {kinds} limits of user {found.id} were reset.")
