"""Checks a staged file with the code of the import, and writes no user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.characters import clean_for_storage
from core.text import excerpt
from imports import files
from imports.engine import completion
from imports.engine.options import ImportOptions
from imports.engine.staged import chunks, staging
from imports.engine.staged.chunks import Checked
from imports.engine.writing import copy_writer
from imports.models import Upload
from imports.schema.columns import Columns
from imports.schema.fields import FIELDS, FULL_NAME
from imports.schema.warnings import FileWarning, WarningCollector
from imports.validation.problems import Problem
from imports.validation.rows import RowChecker, UserRow

LISTED = 100  # errors, duplicates and kinds of warnings; the counts are of all occurrences
SHOWN_ROWS = 10
EXAMPLES = 3
_EXAMPLE_CHARS = 80
_COUNTED_ROWS = 200
WRONG_VALUE = frozenset(("invalid_role", "invalid_boolean", "invalid_phone", "invalid_email"))


@dataclass(kw_only=True, slots=True)
class Preview:
    """The outcome that an import would have."""

    upload: Upload
    successful_rows: int = 0  # would be imported
    skipped_rows: int = 0  # the users exist already
    failed_rows: int = 0
    error_count: int = 0  # a row may have several
    warning_count: int = 0  # a warning may have occurred several times
    errors: list[dict[str, Any]] = field(default_factory=list)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[FileWarning] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)  # error code -> how often
    # The likeliest encodings and examples of what they read, if the encoding was guessed.
    encoding_readings: list[dict[str, Any]] = field(default_factory=list)
    wrong_values: Counter[str] = field(default_factory=Counter)  # field -> how many invalid values
    # field, or "" for all errors but invalid values -> the first errors
    _found: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def _error(self, row_number: int, problem: Problem) -> None:
        self.error_count += 1
        self.codes[problem.code] += 1
        is_wrong_value = problem.code in WRONG_VALUE
        if is_wrong_value:
            self.wrong_values[problem.field] += 1
        found = self._found.setdefault(problem.field if is_wrong_value else "", [])
        if len(found) < LISTED:
            found.append({"row": row_number, **problem._asdict()})

    def _list_errors(self, mostly_wrong: Collection[str]) -> None:
        """Lists the first errors. Of fields most of whose values are wrong, only EXAMPLES: one
        sentence tells of the others."""
        for name, found in self._found.items():
            self.errors += found[:EXAMPLES] if name in mostly_wrong else found
        self.errors = sorted(self.errors, key=lambda error: error["row"])[:LISTED]

    def _skip(self, row_number: int, email: str) -> None:
        self.skipped_rows += 1
        if len(self.duplicates) < LISTED:
            message = f"{email} is a user of your organisation already, and is not changed."
            self.duplicates.append({"row": row_number, "email": email, "message": message})


def preview(upload: Upload, options: ImportOptions | None = None) -> Preview:
    """Checks every row of a staged file against the rules and the users that exist now.

    Stores the counts and the options with the upload, so that the import can say what has changed
    since."""
    options = options or ImportOptions()
    result = Preview(upload=upload, encoding_readings=encoding_readings(upload))
    columns = staging.columns_of(upload)
    checker = RowChecker(columns, default_role=options.default_role)
    collector = WarningCollector(map(FileWarning.from_json, upload.warnings))
    add_warnings = warnings_adder(columns, checker, collector)
    number = 0
    while chunk := staging.chunk_of(upload.id, number):
        checked = chunks.check(chunk, checker, add_warnings)
        _add_rows(result, upload, checked, options)
        number += 1
    mostly_wrong = {
        name: count
        for name, count in result.wrong_values.items()
        if name in columns.positions and count > 1 and 2 * count > _filled(upload, columns, name)
    }
    result._list_errors(mostly_wrong)
    found = [*columns_mostly_wrong(mostly_wrong, columns), *collector.warnings()]
    result.warnings = found[:LISTED]
    result.warning_count = sum(warning.count for warning in found)
    _store_outcome(result, upload, options)
    return result


def warnings_adder(
    columns: Columns, checker: RowChecker, collector: WarningCollector
) -> Callable[[int, list[str]], None]:
    """Gives a function that adds the warnings about a row, by its number and cells."""

    def add_warnings(row_number: int, cells: list[str]) -> None:
        for warning in checker.warnings(cells):
            position = columns.positions.get(warning.field, columns.positions.get(FULL_NAME, 0))
            collector.add(
                warning.code,
                warning.message,
                column=columns.headers[position],
                row=row_number,
                cell=columns.cell_name(row_number, position),
                before=warning.value,
                after=warning.stored,
            )

    return add_warnings


def _filled(upload: Upload, columns: Columns, name: str) -> float:
    """About how many rows have a value for a field, by the share among the first ones."""
    chunk = staging.chunk_of(upload.id, 0)
    wanted = range(chunk.first_row, chunk.first_row + _COUNTED_ROWS) if chunk else range(0)
    rows = list(chunk.cells_of(wanted).values()) if chunk else []
    at = columns.positions[name]
    filled = sum(at < len(cells) and not cells[at].isspace() and cells[at] != "" for cells in rows)
    return upload.total_rows * filled / len(rows) if rows else 0.0


_ADVICE = {
    "role": "The column seems to hold job titles or other roles. Map role to no column "
    '({"role": ""}) to give every user the default role, or replace the values with admin, analyst '
    "or viewer.",
}


def columns_mostly_wrong(
    mostly_wrong: Mapping[str, int], columns: Columns
) -> Iterator[FileWarning]:
    """A sentence about each column most of whose values are wrong, instead of hundreds about its
    cells. It is given first, because it tells what to do. `mostly_wrong`: field -> how many."""
    for field_name, count in mostly_wrong.items():
        header = columns.headers[columns.positions[field_name]]
        advice = _ADVICE.get(field_name) or (
            f"Check whether the column holds the {FIELDS[field_name].label} of users. If not, map "
            f"{field_name} to another column"
            + ("." if FIELDS[field_name].required else f', or to none ({{"{field_name}": ""}}).')
        )
        message = f'Most values of "{header}" are no valid {FIELDS[field_name].label}. {advice}'
        yield FileWarning(code="column_mostly_wrong", message=message, column=header, count=count)


def _store_outcome(result: Preview, upload: Upload, options: ImportOptions) -> None:
    counts = {name: getattr(result, name) for name in completion.COUNTERS}
    used = asdict(options)
    Upload.objects.everywhere().filter(id=upload.id).update(previewed=counts | used)


def examples(upload: Upload) -> list[list[str]]:
    """Gives at most EXAMPLES different values of each column, from the first rows."""
    columns, chunk = staging.columns_of(upload), staging.chunk_of(upload.id, 0)
    found: list[list[str]] = [[] for _ in columns.headers]
    wanted = range(chunk.first_row, chunk.first_row + 50) if chunk else range(0)
    for cells in chunk.cells_of(wanted).values() if chunk else ():
        for values, cell in zip(found, cells, strict=False):
            value = clean_for_storage(cell.strip(), _EXAMPLE_CHARS)
            if value and value not in values and len(values) < EXAMPLES:
                values.append(value)
    return found


def encoding_readings(upload: Upload) -> list[dict[str, Any]]:
    """Up to EXAMPLES cells that the two likeliest encodings read differently, as each reads them.
    Empty if the encoding was not guessed, or no cell differs."""
    if len(upload.encoding_guesses) != 2:
        return []
    own, other = upload.encoding_guesses
    pairs: dict[str, str] = {}
    for cell in _cells(upload):
        if cell.isascii() or (reading := files.reread(cell, own, other)) is None:
            continue
        before, after = excerpt(cell, _EXAMPLE_CHARS), excerpt(reading, _EXAMPLE_CHARS)
        if before != after:
            pairs[before] = after
        if len(pairs) == EXAMPLES:
            break
    texts = {own: list(pairs), other: list(pairs.values())}
    return [
        {"encoding": name, "is_read": name == own, "examples": found}
        for name, found in texts.items()
        if found
    ]


def _cells(upload: Upload) -> Iterator[str]:
    """The cells of a staged file, and then its headers."""
    number = 0
    while chunk := staging.chunk_of(upload.id, number):
        for _, cells in chunk.records():
            yield from cells
        number += 1
    yield from staging.columns_of(upload).headers


def _add_rows(result: Preview, upload: Upload, checked: Checked, options: ImportOptions) -> None:
    existing = copy_writer.find_existing([row.email for _, row in checked.valid])
    failed = [(number, problems) for number, _, problems in checked.invalid]
    for row_number, row in checked.valid:
        if row.email not in existing:
            _add_valid(result, row)
            continue
        problem = chunks.problem_of_existing(
            row.email,
            is_own=existing[row.email] == upload.organisation_id,
            skip_duplicates=options.skip_duplicates,
        )
        if problem:
            failed.append((row_number, [problem]))
        else:
            result._skip(row_number, row.email)
    for row_number, problems in sorted(failed):
        result.failed_rows += 1
        for problem in problems:
            result._error(row_number, problem)


def _add_valid(result: Preview, row: UserRow) -> None:
    result.successful_rows += 1
    if len(result.rows) < SHOWN_ROWS:
        result.rows.append(row._asdict())
