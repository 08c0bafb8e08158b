"""Workbooks: large ones are read completely, and dangerous ones are refused."""

from __future__ import annotations

import zipfile

import pytest

from imports import files
from tests.imports.files.helpers import LARGE_LIMITS, open_file, refusal_of, rows_of
from tests.imports.files.xlsx.workbook_builder import (
    DATA,
    MAIN,
    SHEET,
    packed,
    parts_of,
    row_xml,
    with_rows,
)


def test_every_row_and_every_error_of_a_large_sheet_is_found() -> None:
    # about 1.2 MB: the sheet is scanned in several pieces
    kinds = ["e" if number % 3 == 0 else "inlineStr" for number in range(2, 10_002)]
    rows = "".join(
        row_xml(number, "#N/A" if kind == "e" else "x" * (1 + number % 50), kind)
        for number, kind in enumerate(kinds, 2)
    )
    found = rows_of(with_rows(rows))
    assert [number for number, _ in found] == list(range(2, 10_002))
    assert [cells[0] == "#N/A" for _, cells in found] == [kind == "e" for kind in kinds]
    assert all(cells[1:] == [str(number), ""] for number, cells in found)


@pytest.mark.parametrize("length", range(262_000, 262_200, 7))
def test_a_far_cell_is_found_wherever_pieces_end(length: int) -> None:
    rows = (
        row_xml(2, "y" * 100)
        + f"<!--{'z' * length}-->"
        + "<row><c r='GR1048576'><v>1</v></c></row>"
    )
    assert refusal_of(with_rows(rows)).code in ("broken_workbook", "uncompressed_too_large")


def test_formatted_cells_without_content_do_not_count() -> None:
    formatted = "".join(
        f'<row r="{n}" spans="1:200"><c r="A{n}" s="1"/><c r="GR{n}" s="1"></c></row>'
        for n in range(1_040_000, 1_048_577)
    )
    assert [number for number, _ in rows_of(with_rows(row_xml(2, "a") + formatted))] == [2]


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1048576"><c r="GR1048576"><v>1</v></c></row>',
        '<row r="1048576"><c s="1" r="GR1048576"><v>1</v></c></row>',
        "<row r='1048576'><c r='GR1048576'><v>1</v></c></row>",
        '<row\tr = "1048576"><c\nr="GR1048576"><v>1</v></c></row>',
        '<row r="1048576"><x:c xmlns:x="' + MAIN + '" r="GR1048576"><v>1</v></x:c></row>',
        '<row r="1048576">' + "<c/>" * 198 + "<c><v>1</v></c></row>",
        '<row r="3"><c r="GR1048576" t="inlineStr"><is><t>x</t></is></c></row>',
    ],
)
def test_a_far_cell_is_refused_in_any_notation(cells: str) -> None:
    refusal = refusal_of(with_rows(row_xml(2, "a") + cells))
    assert refusal.code == "uncompressed_too_large"
    assert refusal.status == 413
    assert "1,048,576" in refusal.detail


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="3"><c r="A0"><v>1</v></c></row>',
        '<row r="3"><c r="A9999999"><v>1</v></c></row>',
        '<row r="3"><c r="3A"><v>1</v></c></row>',
        '<row r="x"><c><v>1</v></c></row>',
        '<row r="3"><c r="A&#51;"><v>1</v></c></row>' * 2 + "<row",
    ],
)
def test_cells_without_a_valid_position_are_refused(cells: str) -> None:
    assert refusal_of(with_rows(row_xml(2, "a") + cells)).code == "broken_workbook"


def test_the_last_of_many_cells_at_the_same_place_counts() -> None:
    cells = "".join(f'<c r="A3"><v>{number}</v></c>' for number in range(1_000_000, 1_001_001))
    limits = files.Limits(max_workbook_cells=1_000)
    found = rows_of(with_rows(f'<row r="3">{cells}</row>'), limits=limits)
    assert found == [(3, ["1001000", "", ""])]


def test_rows_that_are_not_in_order_are_read_with_their_own_numbers() -> None:
    rows = "".join(row_xml(number, f"v{number}") for number in (7, 2, 9, 3))
    expected = [(number, [f"v{number}", str(number), ""]) for number in (2, 3, 7, 9)]
    assert rows_of(with_rows(rows)) == expected


def test_too_many_shared_strings_are_refused() -> None:
    texts = f'<sst xmlns="{MAIN}">{"<si/>" * 3_000}</sst>'.encode()
    limits = files.Limits(max_workbook_cells=1_000)
    data = packed(parts_of() | {"xl/sharedStrings.xml": texts})
    assert refusal_of(data, limits=limits).code == "uncompressed_too_large"


# --- the archive ------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed(parts_of() | {"xl/media/image1.png": b"\0" * 50_000_000})
    assert len(bomb) < 60_000
    refusal = refusal_of(bomb, limits=LARGE_LIMITS)
    assert (refusal.code, refusal.status) == ("uncompressed_too_large", 413)
    assert "47.7 MiB" in refusal.detail


def test_a_zip_bomb_that_declares_a_false_size_is_refused() -> None:
    bomb = bytearray(packed(parts_of() | {"xl/media/image1.png": b"\0" * 5_000_000}))
    size = (5_000_000).to_bytes(4, "little")
    at = bomb.rindex(size)
    assert bomb[at - 24 : at - 20] == b"PK\x01\x02"
    bomb[at : at + 4] = (1_000).to_bytes(4, "little")
    refusal = refusal_of(bytes(bomb))
    assert refusal.code == "uncompressed_too_large"


def test_a_part_that_is_shorter_than_declared_is_refused() -> None:
    data = bytearray(packed(parts_of() | {"x": b"a" * 4_321}))
    at = data.rindex((4_321).to_bytes(4, "little"))
    data[at : at + 4] = (4_322).to_bytes(4, "little")
    assert refusal_of(bytes(data)).code == "broken_workbook"


def test_too_many_parts_are_refused() -> None:
    parts = parts_of() | {f"xl/media/{i}": b"" for i in range(200)}
    limits = files.Limits(max_workbook_entries=200)
    assert refusal_of(packed(parts), limits=limits).code == "uncompressed_too_large"


def test_the_refusal_of_an_encrypted_workbook_names_the_password() -> None:
    data = bytearray(packed(parts_of()))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    refusal = refusal_of(bytes(data))
    assert refusal.code == "broken_workbook"
    assert "password" in refusal.detail


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(method: int) -> None:
    assert refusal_of(packed(parts_of(), method)).code == "broken_workbook"


def test_data_after_the_archive_is_refused() -> None:
    one, other = packed(parts_of()), packed({"users.csv": b"email\n"})
    assert refusal_of(one + other).code in ("not_csv", "broken_workbook")
    data = bytearray(one)
    data[-2:] = len(other).to_bytes(2, "little")  # as the comment of the archive
    assert refusal_of(bytes(data) + other).code in ("not_csv", "broken_workbook")


# --- the list of sheets -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("_rels/.rels", "xl/workbook.xml", "xl/other.xml"),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "../xl/worksheets/sheet1.xml"),
        ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "worksheets/sheet9.xml"),
        ("xl/_rels/workbook.xml.rels", "rId8", "rId7"),
        ("xl/_rels/workbook.xml.rels", "/worksheet", "/chartsheet"),
        ("xl/workbook.xml", 'r:id="rId7"', 'r:id="rId9"'),
        ("xl/workbook.xml", "<sheets>", '<sheets><sheet name="People" sheetId="2" r:id="rId7"/>'),
        ("xl/workbook.xml", "<workbook", "<!DOCTYPE x [<!ENTITY a 'b'>]><workbook"),
    ],
)
def test_an_ambiguous_list_of_sheets_is_refused(part: str, old: str, new: str) -> None:
    parts = parts_of()
    changed = parts[part].replace(old.encode(), new.encode(), 1)
    assert changed != parts[part]
    parts |= {part: changed, "xl/other.xml": parts["xl/workbook.xml"]}
    assert refusal_of(packed(parts)).code == "broken_workbook"


def test_the_path_of_a_sheet_may_be_absolute() -> None:
    parts = parts_of()
    links = parts["xl/_rels/workbook.xml.rels"]
    links = links.replace(b"worksheets/sheet1.xml", b"/xl/worksheets/sheet1.xml")
    assert rows_of(packed(parts | {"xl/_rels/workbook.xml.rels": links}))


def test_the_case_of_a_part_name_does_not_matter() -> None:
    parts = parts_of()
    parts["xl/worksheets/Sheet1.xml"] = parts.pop(SHEET)
    assert rows_of(packed(parts))


def test_a_reading_gives_the_name_of_its_sheet() -> None:
    reading = open_file((DATA / "workbook-second-sheet.xlsx").read_bytes(), sheet="SHEET & 2")
    assert (reading.kind, reading.sheet) == ("xlsx", "Sheet & 2")


@pytest.mark.parametrize("text", ["a_x0000_@example.com", "_x0000_"])
def test_a_nul_in_a_cell_is_refused_as_in_a_text_file(text: str) -> None:
    refusal = refusal_of(with_rows(row_xml(2, "ann@example.com") + row_xml(3, text)))
    assert refusal.code == "binary_content"
    assert "The cell A3 holds a NUL character" in refusal.detail
