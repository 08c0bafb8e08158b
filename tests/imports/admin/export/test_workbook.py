"""The workbook that is written as a stream, as other programs read it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from imports.admin.export import workbook
from tests.imports.admin.export.helpers import read_xlsx

MOMENT = datetime(2026, 11, 27, 12, 30, 5, 123, tzinfo=UTC)


def written(*rows: list[Any], header: tuple[str, ...] = ("a", "b")) -> bytes:
    return b"".join(workbook.stream("users", header, [rows]))


def read_with_calamine(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_values_keep_their_type() -> None:
    id_ = UUID(int=7)
    content = written([1, True], [MOMENT, id_], ["", None], [False, "x"])
    moment = "2026-11-27 12:30:05"
    rows = [("a", "b"), (1, True), (moment, str(id_)), (None, None), (False, "x")]
    assert read_xlsx(content) == rows
    assert read_with_calamine(content) == [
        *(["a", "b"], [1.0, True], [moment, str(id_)], ["", ""], [False, "x"])
    ]


@pytest.mark.parametrize(
    "text", ["<&>\"'", "  spaces  ", "two\nlines", "tab\t", "名前 שם 🙂", "12", "TRUE", "x_y"]
)
def test_text_stays_as_it_is(text: str) -> None:
    content = written([text, "end"])
    assert read_xlsx(content)[1] == (text, "end")
    assert read_with_calamine(content)[1] == [text, "end"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\x01b", "a_x0001_b"),
        ("a\rb", "a_x000D_b"),
        ("_x0041_", "_x005F_x0041_"),
        ("\uffff", "_xFFFF_"),
    ],
)
def test_what_xml_can_not_hold_is_written_as_excel_writes_it(text: str, stored: str) -> None:
    assert f">{stored}<".encode() in _sheet(written([text, ""]))


def _sheet(content: bytes) -> bytes:
    from zipfile import ZipFile

    return ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


def test_a_long_text_is_cut_where_a_cell_ends() -> None:
    assert len(read_xlsx(written(["x" * 40_000, ""]))[1][0]) == 32_767


def test_the_header_is_bold_and_stays_in_sight() -> None:
    sheet = load_workbook(io.BytesIO(written(["1", "2"]))).worksheets[0]
    assert (sheet.title, sheet["A1"].font.bold, sheet["A2"].font.bold) == ("users", True, False)
    assert sheet.freeze_panes == "A2"


def test_there_are_names_for_many_columns() -> None:
    header = tuple(f"h{number}" for number in range(705))  # to AAC
    assert read_xlsx(written([*map(str, range(705))], header=header))[0] == header


def test_rows_leave_before_the_next_page_is_read() -> None:
    read: list[int] = []

    def pages() -> Iterator[list[list[Any]]]:
        for number in range(3):
            read.append(number)
            yield [[number, "x" * 100_000]]

    parts = workbook.stream("users", ("a", "b"), pages())
    assert next(parts).startswith(b"PK")
    assert read == [0]


def test_a_sheet_never_has_more_rows_than_excel_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    assert len(read_xlsx(written(["1", "2"], ["3", "4"]))) == 3
    with pytest.raises(workbook.TooManyRows):
        written(["1", "2"], ["3", "4"], ["5", "6"])
