"""A file of users from a terminal, by the same engine as everywhere else."""

from __future__ import annotations

import os
import signal
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from kombu.exceptions import OperationalError

from core.errors import Refusal
from imports import actions, tasks
from imports.engine import runner
from imports.engine.options import ImportOptions, ReadingOptions
from imports.engine.preview import preview
from imports.management.targets import find_user
from imports.management.terminal import Bar, interruptible, preview_lines, summary_lines
from imports.models import ImportBatch, Upload
from imports.models.statuses import Status
from imports.validation.rules import ROLES
from users.models import Organisation, User

BUSY_SECONDS = 0.5  # between two looks at a batch that a worker has taken up before us


class Command(BaseCommand):
    """The operators' door."""

    help = (
        "Imports a file of users (.csv, .xlsx) into an organisation and shows how far it is."
        " Ends with status 0 when the import is completed, with or without invalid rows, and with 1"
        " when it failed or was refused. After Ctrl-C the import goes on in the background."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, whose it is, how it is to be read, and what to do with it."""
        parser.add_argument("file", type=Path, help="the .csv or .xlsx file")
        parser.add_argument("--organization", required=True, metavar="NAME|ID")
        parser.add_argument(
            "--as", dest="email", metavar="EMAIL", help="import as this user, with their rights"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything, import nothing"
        )
        parser.add_argument(
            "--errors",
            type=Path,
            metavar="OUT.CSV",
            help="write the rows that failed there, to be mended and imported again",
        )
        reading = parser.add_argument_group("how the file is to be read (else: found out)")
        reading.add_argument("--encoding", help="utf-8, windows-1252, …")
        reading.add_argument("--delimiter", help="one of , ; | or tab")
        reading.add_argument("--sheet", help="of a workbook, by its name")
        reading.add_argument(
            "--mapping",
            action="append",
            default=[],
            metavar="FIELD=HEADER",
            help="read this field from that column; may be given several times",
        )
        importing = parser.add_argument_group("how rows are imported")
        importing.add_argument("--no-invitations", action="store_true", help="invite nobody")
        importing.add_argument(
            "--fail-duplicates",
            action="store_true",
            help="a user who exists already is a failed row, not a skipped one",
        )
        importing.add_argument("--default-role", default="viewer", choices=ROLES)

    def handle(self, *args: Any, **options: Any) -> None:
        """Stages, then previews or imports. Raises CommandError with whatever was refused."""
        if options["dry_run"] and options["errors"]:
            raise CommandError("--errors is for an import; --dry-run lists what is wrong itself.")
        organisation = _organisation(options["organization"])
        user = find_user(options["email"]) if options["email"] else None
        wanted = ImportOptions(
            send_invitations=not options["no_invitations"],
            skip_duplicates=not options["fail_duplicates"],
            default_role=options["default_role"],
        )
        try:
            if options["dry_run"]:
                self._preview(organisation, user, wanted, options)
            else:
                self._import(organisation, user, wanted, options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None

    def _preview(
        self,
        organisation: Organisation,
        user: User | None,
        wanted: ImportOptions,
        options: dict[str, Any],
    ) -> None:
        with transaction.atomic():
            upload = _stage(actions.stage_for_preview, organisation, user, options)
            found = preview(upload, wanted)
            transaction.set_rollback(True)
        for line in preview_lines(found):
            self.stdout.write(line)

    def _import(
        self,
        organisation: Organisation,
        user: User | None,
        wanted: ImportOptions,
        options: dict[str, Any],
    ) -> None:
        if options["errors"]:
            _refuse_as_report(options["errors"], options["file"])
        upload = _stage(actions.stage_for_import, organisation, user, options)
        batch = actions.submit(upload, user=user, options=wanted, source="command")
        self.stdout.write(f"Import {batch.id}: {upload.total_rows:,} rows of {upload.filename}")
        batch = _run(batch.id, Bar(self.stdout))
        if batch.is_live:
            self.stdout.write(
                "Interrupted. The import goes on in the background; to stop it, cancel it in the"
                f" admin: /admin/imports/importbatch/{batch.id}/"
            )
            raise SystemExit(128 + signal.SIGINT)
        self._conclude(batch, options["errors"])

    def _conclude(self, batch: ImportBatch, report: Path | None) -> None:
        for line in summary_lines(batch):
            self.stdout.write(line)
        if report and batch.failed_rows:
            _write_report(batch, report)
            self.stdout.write(f"The rows that failed are in {report}.")
        if batch.status != Status.COMPLETED:
            raise CommandError(batch.error_message or f"The import is {batch.status}.")


# --- what was asked for -----------------------------------------------------------------------


def _organisation(wanted: str) -> Organisation:
    found = Organisation.objects.filter(name=wanted).first() or _by_id(wanted)
    if found is None:
        similar = Organisation.objects.filter(name__icontains=wanted).order_by("name")[:5]
        hint = f" Did you mean {', '.join(one.name for one in similar)}?" if similar else ""
        raise CommandError(f"There is no organisation with the name or id {wanted!r}.{hint}")
    return found


def _by_id(wanted: str) -> Organisation | None:
    try:
        return Organisation.objects.filter(id=UUID(wanted)).first()
    except ValueError:
        return None


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if wrong := [pair for pair, (_, sign, _) in zip(pairs, split, strict=True) if not sign]:
        raise CommandError(f"--mapping is FIELD=HEADER, for example email=Mail; not {wrong[0]!r}.")
    return {field.strip(): header.strip() for field, _, header in split}


def _stage(
    stage: Callable[..., Upload],
    organisation: Organisation,
    user: User | None,
    options: dict[str, Any],
) -> Upload:
    path: Path = options["file"]
    reading = ReadingOptions(
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        sheet=options["sheet"],
        mapping=_mapping(options["mapping"]) or None,
    )
    try:
        with path.open("rb") as file:
            return stage(
                file,
                filename=path.name,
                user=user,
                organisation_id=organisation.id,
                options=reading,
            )
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None


def _refuse_as_report(report: Path, source: Path) -> None:
    """Raises CommandError before anything is imported where the report could not be written."""
    if report.exists() and source.exists() and report.samefile(source):
        raise CommandError("--errors names the file itself, which would be overwritten.")
    if not os.access(report if report.exists() else report.parent, os.W_OK):
        raise CommandError(f"{report} can't be written.")


def _write_report(batch: ImportBatch, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(actions.error_report(batch, user=batch.uploaded_by))


# --- the run ----------------------------------------------------------------------------------


def _run(batch_id: UUID, bar: Bar) -> ImportBatch:
    """Works on the batch in this process until it ends, or a person interrupts. A worker may have
    been faster, as the batch is announced like any other: then this only watches."""
    with interruptible() as interrupted:

        def stop() -> bool:
            bar.draw(ImportBatch.objects.get(id=batch_id))
            return interrupted()

        while not interrupted():
            if runner.run(batch_id, stop) is runner.Result.DONE:
                break
            time.sleep(BUSY_SECONDS)
            stop()
        batch = ImportBatch.objects.get(id=batch_id)
        bar.draw(batch)
        bar.end()
        if batch.is_live:
            _announce(batch_id)
        else:
            tasks.enqueue_mail()
    return batch


def _announce(batch_id: UUID) -> None:
    try:
        tasks.enqueue(batch_id)
    except OperationalError:
        return  # the workers' sweep finds it
