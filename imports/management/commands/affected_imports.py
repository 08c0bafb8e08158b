"""`manage.py affected_imports --since TIME --until TIME [--organization …] [--json]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from core.text import utc
from imports.management.base import OperatorCommand
from imports.management.targets import find_organisation
from imports.models import ImportBatch


class Command(OperatorCommand):
    """Parses, and lists the imports that ran in a span of time."""

    help = (
        "Lists the imports that ran between two times, oldest first: which of them may have stored "
        "wrong data. Undo them with `undo_import`, and import them again with `reprocess_import`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        for name in ("--since", "--until"):
            parser.add_argument(
                name,
                type=_time,
                required=True,
                metavar="TIME",
                help="a time in UTC, like 2026-12-31T18:00",
            )
        parser.add_argument("--organization", metavar="NAME|ID", help="only of this organisation")
        parser.add_argument("--json", action="store_true", help="print JSON for a script")

    def handle(
        self,
        *,
        since: datetime,
        until: datetime,
        organization: str | None,
        **options: Any,
    ) -> None:
        """Prints the imports."""
        if since > until:
            raise CommandError("--since must not be later than --until.")
        ran = ImportBatch.objects.everywhere().filter(started_at__lte=until)
        ran = ran.exclude(completed_at__lt=since).select_related("organisation")
        if organization:
            ran = ran.filter(organisation=find_organisation(organization))
        batches = list(ran.order_by("started_at", "id"))
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(batch) for batch in batches], indent=2))
            return
        for batch in batches:
            started = utc(batch.started_at) if batch.started_at else ""
            rows = f"{batch.successful_rows:,} imported"
            name = batch.organisation.name
            self.stdout.write(f"{batch.id}  {started}  {batch.status:10}  {rows:>18}  {name}")
        self.stdout.write(f"{len(batches):,} imports ran between {utc(since)} and {utc(until)}.")


def _as_json(batch: ImportBatch) -> dict[str, Any]:
    return {
        "id": str(batch.id),
        "organization_id": str(batch.organisation_id),
        "status": batch.status,
        "started_at": batch.started_at.isoformat() if batch.started_at else None,
        "completed_at": batch.completed_at.isoformat() if batch.completed_at else None,
        "successful_rows": batch.successful_rows,
        "undone": batch.undone_at is not None,
    }


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
