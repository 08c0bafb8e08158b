"""`manage.py unblock_uploads USER|NETWORK`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from imports.management.base import OperatorCommand
from imports.management.targets import find_target
from imports.models import UploadBlock


class Command(OperatorCommand):
    """Parses, deletes the block, and prints that it is lifted."""

    help = "Lifts the block of this user, or of exactly this network."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the argument."""
        parser.add_argument(
            "target", metavar="USER|NETWORK", help="e-mail address, id, or network (192.0.2.0/24)"
        )

    def handle(self, *, target: str, **options: Any) -> None:
        """Deletes the block."""
        fields = find_target(target)
        deleted, _ = UploadBlock.objects.filter(**fields).delete()
        if not deleted:
            blocks = ", ".join(str(block) for block in UploadBlock.objects.all()[:10])
            raise CommandError(f"{target} is not blocked. Current blocks: {blocks or 'none'}.")
        self.stdout.write(f"{target} may upload again.")
