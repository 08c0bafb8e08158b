"""`manage.py block_uploads USER|NETWORK --reason … [--until …|--hours N] [--by EMAIL]`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from core.text import utc
from imports.management.base import OperatorCommand
from imports.management.targets import find_target, find_user
from imports.models import UploadBlock


class Command(OperatorCommand):
    """Parses, stores the block, and prints until when it holds."""

    help = (
        "Blocks all uploads of a user or from a network, from now on, until the block ends or "
        "`unblock_uploads` lifts it. An earlier block of the same user or network is replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument(
            "target", metavar="USER|NETWORK", help="e-mail address, id, or network (192.0.2.0/24)"
        )
        parser.add_argument("--reason", required=True, help="shown to platform staff only")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--until", help="a time in UTC, like 2026-12-31T18:00; default: no end")
        end.add_argument("--hours", type=float, help="the number of hours from now")
        parser.add_argument("--by", metavar="EMAIL", help="the author of the block")

    def handle(
        self,
        *,
        target: str,
        reason: str,
        until: str | None,
        hours: float | None,
        by: str | None,
        **options: Any,
    ) -> None:
        """Creates or replaces the block."""
        fields = find_target(target)
        block = UploadBlock.objects.filter(**fields).first() or UploadBlock(**fields)
        block.reason, block.until = reason, _end(until, hours)
        block.blocked_by = find_user(by) if by else None
        try:
            block.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():  # together with the event of the audit trail
            block.save()
        end = f"until {utc(block.until)}" if block.until else "until it is lifted"
        self.stdout.write(f"{block} holds {end}.")


def _end(until: str | None, hours: float | None) -> datetime | None:
    """The time at which the block ends, or None if it has no end. Raises CommandError."""
    if until is None and hours is None:
        return None
    try:
        end = (
            datetime.fromisoformat(until) if until else timezone.now() + timedelta(hours=hours or 0)
        )
    except (ValueError, OverflowError):
        raise CommandError(
            f"{until or hours} can't be read. Write a time like 2026-12-31T18:00, or hours like 24."
        ) from None
    if timezone.is_naive(end):
        end = timezone.make_aware(end)
    if end <= timezone.now():
        raise CommandError(f"{utc(end)} is in the past. Give a time in the future.")
    return end
