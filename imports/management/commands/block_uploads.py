"""`manage.py block_uploads USER|NETWORK --reason … [--until …|--hours N] [--by EMAIL]`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from core.text import utc
from imports.management.targets import find_target, find_user
from imports.models import UploadBlock


class Command(BaseCommand):
    """Parses, stores the block, says what came of it."""

    help = (
        "Refuses all uploads of a user or from a network, at once and on every machine, until the "
        "block ends or `unblock_uploads` lifts it. A block that is there already is replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the arguments."""
        parser.add_argument(
            "target", metavar="USER|NETWORK", help="e-mail address, id, or network (192.0.2.0/24)"
        )
        parser.add_argument("--reason", required=True, help="for the staff")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--until", help="as in 2026-12-31T18:00, UTC; default: for good")
        end.add_argument("--hours", type=float, help="from now on")
        parser.add_argument("--by", metavar="EMAIL", help="who blocks")

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
        """Blocks."""
        whom = find_target(target)
        block = UploadBlock.objects.filter(**whom).first() or UploadBlock(**whom)
        block.reason, block.until = reason, _end(until, hours)
        block.blocked_by = find_user(by) if by else None
        try:
            block.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():  # with what the audit trail says of it
            block.save()
        end = f"until {utc(block.until)}" if block.until else "until it is lifted"
        self.stdout.write(f"{block} holds {end}.")


def _end(until: str | None, hours: float | None) -> datetime | None:
    """When the block ends; None: never. Raises CommandError."""
    if until is None and hours is None:
        return None
    try:
        end = (
            datetime.fromisoformat(until) if until else timezone.now() + timedelta(hours=hours or 0)
        )
    except (ValueError, OverflowError):
        raise CommandError(
            f"{until or hours} is no end. Write a moment like 2026-12-31T18:00, or hours like 24."
        ) from None
    if timezone.is_naive(end):
        end = timezone.make_aware(end)
    if end <= timezone.now():
        raise CommandError(f"{utc(end)} is over. Give an end that is to come.")
    return end
