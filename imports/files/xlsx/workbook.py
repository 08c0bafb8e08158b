"""Reads the rows of an .xlsx workbook, with cells as the spreadsheet shows them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import BinaryIO, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from core.text import excerpt
from imports.errors import BrokenWorkbook, FileEmpty
from imports.files import messages
from imports.files.source import Limits, SampleRow
from imports.files.xlsx.facts.cells import Fact, Facts, Value, error_texts, may_have_facts
from imports.files.xlsx.facts.formats import formats_of_styles
from imports.files.xlsx.facts.scan import find_facts, mail_links_of
from imports.files.xlsx.package.archive import Package, broken_workbook
from imports.files.xlsx.package.rebuild import rebuilt
from imports.files.xlsx.package.scan import Extent, extent_refusal, too_much_text
from imports.files.xlsx.package.sheets import Book, choose_sheet, read_book

_BLOCK_ROWS = 1_000
_MAX_OTHER_SHEETS = 20
_BLOCK_CHARS = 262_144


class Block(NamedTuple):
    """Consecutive rows, and the facts about them and about rows that were left out before."""

    first_row: int
    rows: list[list[str]]
    facts: list[Fact]


class WorkbookSource:
    """The rows of one sheet: the first ones as samples, then those below the header in blocks.

    Runs in a child process (`child`): the library may allocate any amount of memory, and abort.
    """

    def __init__(self, content: bytes, limits: Limits, sheet: str | None) -> None:
        """Checks the archive and loads a sheet. Raises FileRefused.

        `sheet`: the name of the sheet to read; None for the first visible one.
        """
        self._limits = limits
        package = Package(io.BytesIO(content), limits)
        self._book = book = read_book(package)
        chosen = choose_sheet(book.sheets, sheet)
        if chosen.part is None:
            raise broken_workbook("it has no sheet with cells")
        self.sheet = chosen.name
        others = [s.name for s in book.sheets if s is not chosen and s.part and s.visible]
        self.other_sheets = others[:_MAX_OTHER_SHEETS]
        with ThreadPoolExecutor(1) as threads:  # the library does not hold the GIL meanwhile
            loading = None
            if book.has_usual_names:
                names = [s.name for s in book.sheets]
                loading = threads.submit(_load_sheet, io.BytesIO(content), chosen.name, names)
            self._facts = _facts_of(package, book, chosen.part)
            loaded = loading.result() if loading else None
        if loaded is None:
            content = rebuilt(package, book, chosen, limits)
            loaded = _load_sheet(io.BytesIO(content), chosen.name, [chosen.name])
        if loaded is None:
            raise broken_workbook("its contents are damaged")
        self._sheet = loaded
        self._refuse_large_extent()
        self.hidden_columns = sorted(self._facts.hidden_columns)
        self.samples = self._sample_rows()

    def blocks(
        self, first_row: int, columns: Collection[int], *, skip_hidden_rows: bool
    ) -> Iterator[Block]:
        """The rows from `first_row` on that are not blank. From the start at each call.

        Gives the facts about `columns` (from 0) and about whole rows. Raises FileRefused."""
        rows: list[list[str]] = []
        facts: list[Fact] = []
        start = chars = total = 0
        for row, cells, size, found in self._filled_rows():
            if row < first_row:
                continue
            total += size
            if total > self._limits.max_workbook_bytes:
                raise too_much_text(self.sheet, self._limits)
            if skip_hidden_rows and row in self._facts.hidden_rows:
                facts.append(Fact(row, None, "skipped", ""))
                continue
            if rows and (
                row != start + len(rows) or len(rows) == _BLOCK_ROWS or chars > _BLOCK_CHARS
            ):
                yield Block(start, rows, facts)
                rows, facts, chars = [], [], 0
            if not rows:
                start = row
            rows.append(cells)
            chars += size
            if found:
                facts += (fact for fact in found if fact.column is None or fact.column in columns)
        if rows:
            yield Block(start, rows, facts)

    def count_rows(self) -> int:
        """The number of rows that are not blank, in the whole sheet. Raises FileRefused."""
        return sum(1 for _ in self._filled_rows())

    def _refuse_large_extent(self) -> None:
        (top, _), (bottom, right) = self._sheet.start or (0, 0), self._sheet.end or (-1, -1)
        right = max(right, self._facts.width - 1)
        extent = Extent(first_row=top + 1, last_row=bottom + 1, last_column=right + 1)
        if refusal := extent_refusal(extent, self.sheet, self._limits):
            raise refusal

    def _sample_rows(self) -> list[SampleRow]:
        """The first rows: as many as there may be above the table, and as large as a header."""
        samples: list[SampleRow] = []
        chars = 0
        for row, cells, size, _ in islice(self._filled_rows(), self._limits.sample_rows):
            samples.append(SampleRow(row, cells, row))
            chars += size
            if chars > self._limits.max_header_bytes:
                break
        if not samples:
            others = ", ".join(f'"{excerpt(name)}"' for name in self.other_sheets)
            raise FileEmpty(
                f'The sheet "{excerpt(self.sheet)}" is empty. Name another sheet, or fill it.'
                + (f" The workbook also has {others}." if others else "")
            )
        return samples

    def _filled_rows(self) -> Iterator[tuple[int, list[str], int, Sequence[Fact]]]:
        """The rows that are not blank: their numbers, cells, characters and facts.

        Column A is always the first cell. Raises FileRefused.
        """
        # iter_rows includes the empty rows above the table, but not the empty columns left of it
        top, left = self._sheet.start or (0, 0)
        facts = self._facts
        margin = [""] * left
        has_facts = not facts.is_empty
        for row, values in self._all_rows(top):
            cells: list[str]
            try:
                text = "".join(values)  # type: ignore[arg-type]
                cells = values  # type: ignore[assignment]
            except TypeError:  # not all cells are texts
                cells = [v if type(v) is str else format_value(v) for v in values]
                text = "".join(cells)
            if not text and row not in facts.texts:
                continue
            cells = margin + cells
            found: list[Fact] = []
            if has_facts:
                cells += [""] * (facts.width - len(cells))
                found = facts.of_row(row, cells, values, left)
                text = "".join(cells)
            if text and not text.isspace():
                if "#" in text:
                    found += (f for f in error_texts(row, cells) if f not in found)
                if len(text) > self._limits.max_cell_chars or "\0" in text:
                    self._check_cells(row, cells, len(text))
                yield row, cells, len(text), found

    def _all_rows(self, top: int) -> Iterator[tuple[int, list[Value]]]:
        """The rows that the library gives, and those of which it gives no cell."""
        more = sorted(self._facts.texts)
        end = self._sheet.end
        bottom = end[0] + 1 if end else 0
        blank: list[Value] = [""] * (end[1] + 1 - (self._sheet.start or (0, 0))[1] if end else 0)
        yield from ((row, blank) for row in more if row <= top)
        yield from enumerate(_value_rows(self._sheet, top), top + 1)
        yield from ((row, blank) for row in more if row > max(bottom, top))

    def _check_cells(self, row: int, cells: list[str], size: int) -> None:
        """Raises CellTooLong, RecordTooLong or BinaryContent."""
        if max(map(len, cells)) > self._limits.max_cell_chars:
            raise messages.cell_too_long(row, cells, self._limits.max_cell_chars)
        if size > self._limits.max_record_bytes:
            raise messages.record_too_long(row, self._limits)
        if "\0" in "".join(cells):
            raise messages.nul_in_a_cell(row, cells)


# --- the library ------------------------------------------------------------------------------


def _facts_of(package: Package, book: Book, part: str) -> Facts:
    formats = formats_of_styles(package, book.styles)
    links = mail_links_of(package, part)
    if not (links or may_have_facts(package.pieces(part), formats)):
        return Facts()
    return find_facts(
        package, part, formats, mail_links=links, has_stale_values=book.has_stale_values
    )


def _load_sheet(file: BinaryIO, name: str, names: list[str]) -> CalamineSheet | None:
    """The loaded sheet; None if the library can't load it. Raises BrokenWorkbook if it lists other
    sheets than we do."""
    try:
        with _library_errors_refused():
            workbook = CalamineWorkbook.from_filelike(file)
            listed = workbook.sheet_names
            sheet = workbook.get_sheet_by_name(name) if listed == names else None
    except BrokenWorkbook:
        return None
    if listed != names:
        raise broken_workbook("its list of sheets is inconsistent")
    return sheet


def _value_rows(sheet: CalamineSheet, skip: int) -> Iterator[list[Value]]:
    """The rows of a sheet without the first ones. The library converts dates here and may fail."""
    with _library_errors_refused():
        yield from islice(sheet.iter_rows(), skip, None)


@contextmanager
def _library_errors_refused() -> Iterator[None]:
    """Raises BrokenWorkbook for any error of the library."""
    try:
        yield
    except (CalamineError, OSError, ValueError, OverflowError):
        raise broken_workbook("its contents are damaged") from None
    except BaseException as error:
        # A panic of the library's Rust code. The class can't be imported and is no Exception.
        if type(error).__name__ == "PanicException":
            raise broken_workbook("its contents are damaged") from None
        raise


# --- values -----------------------------------------------------------------------------------


def format_value(value: Value) -> str:
    """A cell's value as a spreadsheet shows it: 42, 0.3, TRUE, 2024-01-05."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _format_number(value)
    if isinstance(value, datetime.datetime):
        return _format_datetime(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="seconds")
    return _format_duration(value) if isinstance(value, datetime.timedelta) else str(value)


def _format_number(value: float) -> str:
    """15 digits, as in a spreadsheet, but without an exponent: long numbers are phone numbers."""
    if isinstance(value, float) and not value.is_integer():
        text = format(Decimal(format(value, ".15g")), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(int(value))


def _format_datetime(value: datetime.datetime) -> str:
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _format_duration(value: datetime.timedelta) -> str:
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour}:{minute:02}:{second:02}"
