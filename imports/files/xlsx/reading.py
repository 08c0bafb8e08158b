"""Opens a workbook: which of its sheets is read, and what is said about the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from core.text import excerpt, join_names
from imports.errors import DuplicateColumn, FileRefused
from imports.files.header.header_row import is_blank
from imports.files.reading import Reading
from imports.files.source import Limits, SampleRow
from imports.files.xlsx.client import RemoteWorkbookSource
from imports.schema.columns import Columns, HeaderMatch
from imports.schema.warnings import FileWarning, cell_name

FindColumns = Callable[[Sequence[SampleRow]], tuple[SampleRow, HeaderMatch, int]]
_MAX_NAMED: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetSummary:
    """A sheet of a workbook. `rows`: those below the header that are not blank, or all where there
    is no header; None if the sheet can't be read. `fields`: those that have a column; none if the
    sheet could not be imported."""

    name: str
    is_read: bool
    rows: int | None
    fields: tuple[str, ...] = ()


def read_workbook(
    file: BinaryIO,
    limits: Limits,
    find_columns: FindColumns,
    *,
    sheet: str | None,
    skip_hidden_rows: bool,
    skip_suspended: bool,
    with_sheets: bool,
) -> Reading:
    """Loads a sheet and finds its columns. `sheet`: its name; None for the first visible one.
    `with_sheets`: the reading can tell what the other sheets hold. Raises FileRefused.

    The refusal of a sheet that nobody named says which other sheet could be imported."""
    source = RemoteWorkbookSource(file, limits, sheet)
    try:
        header, match, width = find_columns(source.samples)
    except FileRefused as refusal:
        if isinstance(refusal, DuplicateColumn) and source.hidden_columns:
            refusal = _with_hidden_columns(refusal, source.hidden_columns)
        if not sheet and source.other_sheets:
            refusal = _with_other_sheets(refusal, source, find_columns)
        source.close()
        raise refusal from None
    except BaseException:
        source.close()
        raise
    fields = {match.columns.indexes[at]: f for f, at in match.columns.positions.items()}
    source.start_below(header, fields, skip_hidden_rows=skip_hidden_rows)
    warnings = _hidden_columns(match.columns, source.hidden_columns)
    if not sheet and source.other_sheets:
        warnings.append(_other_sheets(source))
    reading = Reading(
        source,
        match,
        limits,
        kind="xlsx",
        header=header,
        width=width,
        sheet=source.sheet,
        warnings=warnings,
        skip_suspended=skip_suspended,
    )
    if with_sheets:
        reading.other_sheets = lambda: _survey(source, find_columns)
    return reading


def _survey(source: RemoteWorkbookSource, find_columns: FindColumns) -> list[SheetSummary]:
    """The other visible sheets, as far as the child that reads the workbook can tell."""
    found = []
    for name, samples, rows in source.survey():
        fields: tuple[str, ...] = ()
        if rows:
            try:
                header, match, _ = find_columns(samples)
            except FileRefused:
                pass
            else:
                fields = tuple(match.columns.positions)
                above = [s for s in samples if s.row <= header.row and not is_blank(s.cells)]
                rows -= len(above)
        found.append(SheetSummary(name=excerpt(name), is_read=False, rows=rows, fields=fields))
    return found


# --- sentences --------------------------------------------------------------------------------


def _with_other_sheets(
    refusal: FileRefused, source: RemoteWorkbookSource, find_columns: FindColumns
) -> FileRefused:
    """The refusal of the sheet that was read, with the sheets that could be imported."""
    read = excerpt(source.sheet)
    fitting = [sheet.name for sheet in _survey(source, find_columns) if sheet.fields and sheet.rows]
    if fitting:
        noun, verb = ("sheet", "has") if len(fitting) == 1 else ("sheets", "have")
        more = (
            f'This is the sheet "{read}". The {noun} {_quoted(fitting)} {verb} the columns that '
            f'are needed. Name it as the sheet to read: "{fitting[0]}".'
        )
    else:
        others = _quoted([excerpt(name) for name in source.other_sheets])
        more = f'This is the sheet "{read}". The workbook also has {others}.'
    facts = refusal.facts | {"sheet": read, "fitting_sheets": fitting}
    return type(refusal)(f"{refusal.detail} {more}", **facts)


def _with_hidden_columns(refusal: FileRefused, hidden: Sequence[int]) -> FileRefused:
    letters = join_names([cell_name(1, index)[:-1] for index in hidden])
    more = f"Hidden in the spreadsheet: {letters}."
    return type(refusal)(f"{refusal.detail} {more}", **refusal.facts)


def _other_sheets(source: RemoteWorkbookSource) -> FileWarning:
    others = _quoted([excerpt(name) for name in source.other_sheets])
    message = (
        f'The sheet "{excerpt(source.sheet)}" is read. The workbook also has {others}. To import '
        "another sheet, give its name."
    )
    return FileWarning(code="other_sheets", message=message)


def _hidden_columns(columns: Columns, hidden: Collection[int]) -> list[FileWarning]:
    """A warning for each field that is read from a column which the spreadsheet does not show."""
    return [
        FileWarning(
            code="hidden_column",
            column=columns.headers[at],
            message=f'The column "{columns.headers[at]}" is hidden in the spreadsheet, and is '
            f"imported as {field}.",
        )
        for field, at in columns.positions.items()
        if columns.indexes[at] in hidden
    ]


def _quoted(names: Sequence[str]) -> str:
    more = [f"{len(names) - _MAX_NAMED} more"] if len(names) > _MAX_NAMED else []
    return join_names([*(f'"{name}"' for name in names[:_MAX_NAMED]), *more])
