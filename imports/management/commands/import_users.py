"""`manage.py import_users FILE --organization NAME [options]`."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from core.errors import Refusal
from imports import actions
from imports.engine.options import DEFAULT_ROLES, ImportOptions, ReadingOptions
from imports.engine.review.preview import preview
from imports.engine.staged.file_reading import ReadFile
from imports.management import foreground, local_files
from imports.management.base import OperatorCommand
from imports.management.targets import find_organisation, find_user
from imports.management.terminal import ProgressBar, outcome_lines, preview_lines
from imports.models import ImportBatch
from imports.models.statuses import Status
from users.models import Organisation, User

DEFAULTS = ImportOptions()


class Command(OperatorCommand):
    """Parses, stages the file, then previews or imports it, and prints the outcome."""

    help = (
        "Imports a file of users (.csv, .xlsx) into an organisation and shows the progress. The"
        " exit status is 0 if the import was completed, also with invalid rows, and 1 if it failed"
        " or was refused. After Ctrl-C the import goes on in the background."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments. Those of options are stored under the options' names."""
        parser.add_argument("file", type=Path, help="the .csv or .xlsx file")
        parser.add_argument("--organization", required=True, metavar="NAME|ID")
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            help="import with the permissions of this user; by default an operator may do all",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check the file, but import nothing"
        )
        parser.add_argument(
            "--errors",
            type=Path,
            metavar="OUT.CSV",
            help="write the failed rows to this file, to be corrected and imported again",
        )
        _add_reading_options(parser)
        _add_import_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Previews or imports the file. Raises CommandError with the sentence of a refusal."""
        if options["dry_run"] and options["errors"]:
            raise CommandError("--errors is for an import. --dry-run lists the errors itself.")
        organisation = find_organisation(options["organization"])
        user = find_user(options["email"]) if options["email"] else None
        run = self._preview if options["dry_run"] else self._import
        try:
            run(organisation, user, options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None

    def _preview(
        self, organisation: Organisation, user: User | None, options: dict[str, Any]
    ) -> None:
        with (
            _read(actions.read_for_preview, organisation, user, options) as file,
            transaction.atomic(),
        ):
            upload = actions.store_preview(file, user=user, organisation_id=organisation.id)
            result = preview(upload, ImportOptions.from_json(options))
            transaction.set_rollback(True)  # a dry run leaves nothing behind
        for line in preview_lines(result):
            self.stdout.write(line)

    def _import(
        self, organisation: Organisation, user: User | None, options: dict[str, Any]
    ) -> None:
        if options["errors"]:
            local_files.check_report_path(options["errors"], options["file"])
        with _read(actions.read_for_import, organisation, user, options) as file:
            upload = actions.store(file, user=user, organisation_id=organisation.id)
        batch = actions.submit(
            upload, user=user, options=ImportOptions.from_json(options), source="command"
        )
        self.stdout.write(f"Import {batch.id}: {upload.total_rows:,} rows of {upload.filename}")
        bar = ProgressBar(self.stdout)
        batch = foreground.run(batch.id, bar.draw)
        bar.end()
        if batch.is_live:
            self._print_interrupted(batch)
            raise SystemExit(128 + signal.SIGINT)
        self._print_outcome(batch, options["errors"])

    def _print_interrupted(self, batch: ImportBatch) -> None:
        self.stdout.write(
            "Interrupted. The import goes on in the background. To stop it, cancel it in the"
            f" admin: /admin/imports/importbatch/{batch.id}/"
        )

    def _print_outcome(self, batch: ImportBatch, report: Path | None) -> None:
        for line in outcome_lines(batch):
            self.stdout.write(line)
        if report and batch.failed_rows:
            local_files.write_report(batch, report)
            self.stdout.write(f"The failed rows are in {report}.")
        if batch.status != Status.COMPLETED:
            raise CommandError(batch.error_message or f"The import is {batch.status}.")


def _add_reading_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how to read the file (default: detect automatically)")
    group.add_argument("--encoding", help="utf-8, windows-1252, …")
    group.add_argument("--delimiter", help="a comma, a semicolon, a pipe (|) or tab")
    group.add_argument("--sheet", help="the name of a sheet of a workbook")
    group.add_argument(
        "--header-row", type=int, help="the number of the row that names the columns, from 1"
    )
    group.add_argument(
        "--skip-hidden-rows",
        action="store_true",
        help="leave out rows that are hidden in a workbook, for example by a filter",
    )
    group.add_argument(
        "--skip-suspended",
        action="store_true",
        help="leave out rows of people whom the file calls suspended",
    )
    group.add_argument(
        "--mapping",
        action="append",
        metavar="FIELD=HEADER",
        help="the column that holds a field; may be given several times",
    )


def _add_import_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how to import rows")
    group.add_argument(
        "--no-invitations",
        dest="send_invitations",
        action="store_false",
        default=DEFAULTS.send_invitations,
        help="request no invitations",
    )
    group.add_argument(
        "--fail-duplicates",
        dest="skip_duplicates",
        action="store_false",
        default=DEFAULTS.skip_duplicates,
        help="count the row of a user who exists already as failed, not as skipped",
    )
    group.add_argument(
        "--default-role",
        default=DEFAULTS.default_role,
        choices=DEFAULT_ROLES,
        help=f"for rows without a role (default: {DEFAULTS.default_role})",
    )


def _read(
    read: Callable[..., ReadFile],
    organisation: Organisation,
    user: User | None,
    options: dict[str, Any],
) -> ReadFile:
    path: Path = options["file"]
    reading = options | {"mapping": _mapping(options["mapping"] or ())}
    with local_files.open_to_read(path) as file:
        return read(
            file,
            filename=path.name,
            user=user,
            organisation_id=organisation.id,
            options=ReadingOptions.from_json(reading),
        )


def _mapping(pairs: Sequence[str]) -> dict[str, str] | None:
    """Field -> header, from texts such as "email=Work mail"; None where there are none."""
    split = [pair.partition("=") for pair in pairs]
    if wrong := [pair for pair, (_, sign, _) in zip(pairs, split, strict=True) if not sign]:
        raise CommandError(
            f"--mapping takes FIELD=HEADER, for example email=Mail, but got {wrong[0]!r}."
        )
    return {field.strip(): header.strip() for field, _, header in split} or None
