"""A file whose columns are known, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat
from operator import contains, itemgetter
from typing import Any, Literal

from imports.errors import FileRefused, NoRows, TooManyRows
from imports.files import messages
from imports.files.cleaning import suspended
from imports.files.cleaning.cleaner import Cleaner
from imports.files.cleaning.escaping import is_escaped, strip_apostrophe, unescape_cell
from imports.files.cleaning.stepped_over import holds_only_ticks, why_stepped_over
from imports.files.cleaning.suspended import words_of_columns
from imports.files.header.header_row import is_blank
from imports.files.source import (
    CellNotice,
    CellProblem,
    Limits,
    RowBlock,
    SampleRow,
    Source,
)
from imports.schema.columns import Columns, HeaderMatch
from imports.schema.fields import FULL_NAME, NAME_FIELDS, REQUIRED
from imports.schema.warnings import FileWarning, WarningCollector, cell_name

Record = tuple[int, list[str]]
_APOSTROPHES_REMOVED = FileWarning(
    code="apostrophes_removed",
    message="Every e-mail address and name begins with an apostrophe, as in exports that protect "
    "each cell (Auth0). One apostrophe was removed from every cell that begins with one.",
)


_SHORT_ROW = (
    "short_row",
    "Rows have fewer cells than the header. The cells that are missing at their end belong to "
    "optional columns and count as empty.",
)


class Reading:
    """A file whose columns are known: what was detected, and its rows."""

    def __init__(
        self,
        source: Source,
        match: HeaderMatch,
        limits: Limits,
        *,
        kind: Literal["csv", "xlsx"],
        header: SampleRow,
        width: int,
        encoding: str = "utf-8",
        encoding_guesses: Sequence[str] = (),
        delimiter: str | None = None,
        sheet: str | None = None,
        warnings: Sequence[FileWarning] = (),
        skip_suspended: bool = False,
    ) -> None:
        """Use `read` instead. `width`: the number of cells of the header row."""
        self.kind = kind
        self.encoding = encoding
        # Where it is a guess: its name, and that of the next that reads the file in another way.
        self.encoding_guesses = encoding_guesses
        self.delimiter = delimiter
        self.sheet = sheet
        self.header_row = header.row
        self.columns: Columns = match.columns
        self.problems: dict[int, list[CellProblem]] = {}
        # What the other sheets hold. It takes as long as loading them.
        self.other_sheets: Callable[[], Sequence[Any]] = tuple
        self._first_warnings = [*warnings, *match.warnings]
        self._source = source
        self._limits = limits
        self._width = width
        self._dropped = match.dropped
        self._unescape: Callable[[str], str] | None = None
        if _has_apostrophe_in_every_cell(source.samples, header, match, width):
            self._unescape = strip_apostrophe
            self._first_warnings.append(_APOSTROPHES_REMOVED)
        self._collector = WarningCollector(map(replace, self._first_warnings))
        self._fields = {self.columns.indexes[at]: f for f, at in self.columns.positions.items()}
        self._header = header.cells[:width]
        self._email = next((i for i, field in self._fields.items() if field == "email"), 0)
        self._last_required = max(
            (i for i, f in self._fields.items() if f in (*REQUIRED, FULL_NAME)), default=0
        )
        status = words_of_columns(self._header)
        self._status = {i: w for i, w in status.items() if i not in self._fields}
        self._skip_suspended = skip_suspended
        below = [s.cells for s in source.samples if s.row > header.row]
        self._cleaner = Cleaner(self._fields, below)

    @property
    def warnings(self) -> list[FileWarning]:
        """The warnings so far. Those about single cells appear while the rows are read."""
        return self._collector.warnings()

    def records(self) -> Iterator[Record]:
        """(row number, cells) of the rows below the header that are not blank.

        Streams, from the start at each call. The cells are as in the file, but without the columns
        that hold passwords, without the apostrophes of `escape_cell` and without empty cells beyond
        the header. Raises FileRefused for an error further down in the file.
        """
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Record]]:
        """The rows of `records` in lists, each of which takes little memory for any file."""
        count = 0
        self.problems.clear()
        self._collector = WarningCollector(map(replace, self._first_warnings))
        for block in self._source.blocks():
            records = self._records_of(block)
            if block.problems or block.notices:
                self._collect(block)
            count += len(records)
            if count > self._limits.max_rows:
                raise self._too_many_rows()
            if records:
                yield records
        if not count:
            raise NoRows(
                "The file has a header row but no rows below it. Add at least one row.",
                header_row=self.header_row,
            )

    def _records_of(self, block: RowBlock) -> list[Record]:
        unescape = self._unescape or (unescape_cell if block.escaped else None)
        suspect = block.suspect or self._cleaner.is_needed
        unchanged = not (unescape or self._dropped or suspect or self._status)
        width, email = self._width, self._email
        rows = list(block.rows)
        if unchanged and set(map(len, rows)) == {width}:
            emails = map(itemgetter(email), rows)
            if all(map(contains, emails, repeat("@"))):  # the usual case, in half of the time
                return list(enumerate(rows, block.first_row))
        records = []
        for row, cells in enumerate(rows, block.first_row):
            if not (unchanged and len(cells) == width and "@" in cells[email]):
                cells = self._clean(row, cells, unescape, suspect=suspect)
                if not cells:
                    continue
            records.append((row, cells))
        return records

    def field_of(self, index: int | None) -> str:
        """The field that is read from a column of the file, by its index there; else ""."""
        return self._fields.get(index, "") if index is not None else ""

    def _collect(self, block: RowBlock) -> None:
        """Keeps the problems and notices of cells that are imported."""
        for problem in block.problems:
            if problem.column is None or problem.column in self._fields:
                self.problems.setdefault(problem.row, []).append(problem)
        for notice in block.notices:
            if notice.column is None or notice.column in self._fields:
                self._add_notice(notice)

    def _add_notice(self, notice: CellNotice) -> None:
        row, index, code, message, before, after = notice
        column = cell = None
        if index is not None:
            column = self.columns.headers[self.columns.indexes.index(index)]
            cell = cell_name(row, index) if row else None
        self._collector.add(
            code, message, column=column, row=row, cell=cell, before=before, after=after
        )

    def _is_left_out(self, row: int, cells: list[str]) -> bool:
        """Whether the row is left out because the file calls the person suspended. Adds a notice
        about each person whom it calls suspended."""
        for index, words in self._status.items():
            if index < len(cells) and suspended.is_one_of(cells[index], words):
                code, message = suspended.SKIPPED if self._skip_suspended else suspended.IMPORTED
                if index in self.columns.indexes:
                    self._add_notice(CellNotice(row, index, code, message, cells[index]))
                    return self._skip_suspended
        return False

    def close(self) -> None:
        """Ends the process that reads a workbook. Records can't be read any more."""
        self._source.close()

    def _clean(
        self, row: int, cells: list[str], unescape: Callable[[str], str] | None, *, suspect: bool
    ) -> list[str]:
        """A row as `records` gives it; [] for a row that is stepped over. Raises TooManyColumns."""
        if not (cells and cells[0].strip()) and is_blank(cells):
            return []
        email = cells[self._email] if self._email < len(cells) else ""
        if "@" not in email or cells[0].lstrip().startswith("#"):
            if notice := why_stepped_over(row, cells, self._header, self._email):
                self._add_notice(notice)
                return []
            if holds_only_ticks(cells):
                return []
        while len(cells) > self._width and not cells[-1].strip():
            cells.pop()
        if len(cells) > self._limits.max_columns:
            raise messages.too_many_columns(row, len(cells), self._limits.max_columns)
        if self._unescape:
            cells = [self._unescape(cell) for cell in cells]
        # In a row of another length a password may have shifted to a column that is shown.
        if suspect and (len(cells) == self._width or not self._dropped):
            notices: list[CellNotice] = []
            self._cleaner.clean(row, cells, notices)
            for notice in notices:
                self._add_notice(notice)
        if self._last_required < len(cells) < self._width:
            self._add_notice(CellNotice(row, None, *_SHORT_ROW))
        if self._status and self._is_left_out(row, cells):
            return []
        if self._dropped:
            cells = self._without_passwords(cells)
        if unescape and not self._unescape:
            return [unescape(cell) if cell[:1] == "'" else cell for cell in cells]
        return cells

    def _without_passwords(self, cells: list[str]) -> list[str]:
        """A row without its passwords.

        In a row with too few or too many cells the password may have shifted by as many columns.
        Every cell that it may have shifted to is emptied as well.
        """
        shift = abs(len(cells) - self._width)
        if shift:
            hidden = {i + step for i in self._dropped for step in range(-shift, shift + 1)}
            cells = ["" if i in hidden else cell for i, cell in enumerate(cells)]
        for i in reversed(self._dropped):
            del cells[i : i + 1]
        return cells

    def _too_many_rows(self) -> FileRefused:
        """The refusal of a file with too many rows. It gives the number of rows in the whole file,
        or the number up to an error in the file."""
        count, is_exact = 0, True
        try:
            for block in self._source.blocks():
                count += sum(not is_blank(cells) for cells in block.rows)
        except FileRefused:
            is_exact = False
        limit = self._limits.max_rows
        count = max(count, limit + 1)
        return TooManyRows(
            f"The file has {'' if is_exact else 'at least '}{count:,} rows; at most {limit:,} are "
            "allowed. Split it into several files.",
            rows=count,
            limit=limit,
        )


def _has_apostrophe_in_every_cell(
    samples: Sequence[SampleRow], header: SampleRow, match: HeaderMatch, width: int
) -> bool:
    """Whether all addresses and names of the sample rows begin with an apostrophe.

    False if all of them may be cells that `escape_cell` has escaped. An error report of this
    service has such cells, and its other cells must stay unchanged.
    """
    kept = [i for i in range(width) if i not in match.dropped]
    positions = match.columns.positions
    indexes = [kept[positions[f]] for f in ("email", *NAME_FIELDS, FULL_NAME) if f in positions]
    below = [s.cells for s in samples if s.row > header.row]
    cells = [row[i] for row in below for i in indexes if len(row) > i and row[i]]
    return all(cell.startswith("'") for cell in cells) and not all(map(is_escaped, cells))
