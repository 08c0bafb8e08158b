"""Workbooks, most of them written by openpyxl, and files that resemble workbooks."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
from make import ANN, HEADER, JOERG, PLAIN, accepted, case, mapping, numbered, refused
from openpyxl.styles import Font

CORE = (
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    b'core-properties"/>'
)
Change = Callable[[Any, Any], None]


def book(rows: list[list[Any]], *, corner: str = "A1", change: Change | None = None) -> bytes:
    """A workbook whose first sheet, "People", holds `rows` with their first cell at `corner`."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "People"
    start = sheet[corner]
    for down, cells in enumerate(rows):
        for right, value in enumerate(cells):
            if value is not None:
                sheet.cell(start.row + down, start.column + right, value)
    if change:
        change(workbook, sheet)
    file = io.BytesIO()
    workbook.save(file)
    return repacked(file.getvalue())


def repacked(data: bytes, replaced: dict[str, bytes] | None = None, **added: bytes) -> bytes:
    """The same archive without time stamps, with some parts replaced or added."""
    file = io.BytesIO()
    parts = {}
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["docProps/core.xml"] = CORE
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new:
        for name, part in (parts | (replaced or {}) | added).items():
            new.writestr(zipfile.ZipInfo(name), part)
    return file.getvalue()


def archive(**parts: bytes) -> bytes:
    """A zip archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as new:
        for name, part in parts.items():
            new.writestr(zipfile.ZipInfo(name), part)
    return file.getvalue()


def accepted_workbook(**other: Any) -> dict[str, Any]:
    """The outcome of an ordinary workbook."""
    return accepted(delimiter=None, sheet="People") | other


TABLE = [HEADER, ANN, JOERG]

case("workbook.xlsx", book(TABLE), **accepted_workbook(records=numbered(ANN, JOERG)))
case("workbook-called.csv", book(TABLE), **accepted_workbook(records=numbered(ANN, JOERG)))
case("workbook-macros.xlsm", book(TABLE), **accepted_workbook(records=numbered(ANN, JOERG)))
case(
    "workbook-titles-and-gaps.xlsx",
    book([["User report"], [], HEADER, ANN, [], ["", " ", None], JOERG]),
    **accepted_workbook(header_row=3, records=[[4, ANN], [7, JOERG]]),
)
case(
    "workbook-not-in-the-corner.xlsx",
    book(TABLE, corner="C5"),
    # columns A and B exist without a header
    **accepted_workbook(
        header_row=5,
        ignored=["(column 1)", "(column 2)"],
        warnings=["unknown_column"] * 2,
        records=numbered(["", "", *ANN], ["", "", *JOERG], first=6),
    ),
)

VALUES = [
    (42, "42"),
    (42.0, "42"),
    (42.5, "42.5"),
    (442079460123, "442079460123"),
    (0.1 + 0.2, "0.3"),
    (-1.5e-7, "-0.00000015"),
    (1e21, "1000000000000000000000"),
    (True, "TRUE"),
    (False, "FALSE"),
    (datetime.date(2024, 1, 5), "2024-01-05"),
    (datetime.datetime(2024, 1, 5, 13, 45, 1), "2024-01-05 13:45:01"),  # noqa: DTZ001
    (datetime.time(9, 30), "09:30:00"),
    (datetime.timedelta(hours=30), "30:00:00"),
    ("#N/A", "#N/A"),
    ("#DIV/0!", "#DIV/0!"),
    ("two\nlines", "two\nlines"),
    (" kept ", " kept "),
]
case(
    "workbook-values.xlsx",
    book([[*HEADER, "department"], *[[*ANN, value] for value, _ in VALUES]]),
    **accepted_workbook(
        mapping=PLAIN | mapping(department="department"),
        records=numbered(*[[*ANN, text] for _, text in VALUES]),
        warnings=["date_in_text"],
        problems=[[15, "department", "error_cell"], [16, "department", "error_cell"]],
    ),
)

# openpyxl writes a formula without its value; a spreadsheet writes both
FORMULA = book([HEADER, ["ann.lee@example.com", "=A1", "Lee"]])
FORMULA_SHEET = zipfile.ZipFile(io.BytesIO(FORMULA)).read("xl/worksheets/sheet1.xml")
case(
    "workbook-formula.xlsx",
    repacked(
        FORMULA,
        {
            "xl/worksheets/sheet1.xml": FORMULA_SHEET.replace(
                b'<c r="B2"><f>A1</f><v /></c>', b'<c r="B2" t="str"><f>A1</f><v>Ann</v></c>'
            ).replace(
                b'<c r="B2"><f>A1</f><v></v></c>', b'<c r="B2" t="str"><f>A1</f><v>Ann</v></c>'
            )
        },
    ),
    **accepted_workbook(records=numbered(ANN)),
)
case(
    "workbook-formula-with-an-error.xlsx",
    repacked(
        FORMULA,
        {
            "xl/worksheets/sheet1.xml": FORMULA_SHEET.replace(
                b'<c r="B2"><f>A1</f><v /></c>', b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
            ).replace(
                b'<c r="B2"><f>A1</f><v></v></c>', b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
            )
        },
    ),
    **accepted_workbook(records=numbered(["ann.lee@example.com", "#DIV/0!", "Lee"])),
)


def handwritten(
    sheet: str, *, prefix: str = "", sheet_path: str = "worksheets/sheet1.xml"
) -> bytes:
    """A workbook as programs other than openpyxl write it, with shared strings as in Excel.

    `sheet`: the XML of its rows, in which `#email#` stands for the index of that shared string.
    """
    texts = [*HEADER, *ANN, *JOERG]
    for number, text in enumerate(texts):
        sheet = sheet.replace(f"#{text}#", str(number))
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    space = f'xmlns:{prefix}="{main}"' if prefix else f'xmlns="{main}"'
    colon = f"{prefix}:" if prefix else ""
    return archive(
        **{
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="rId1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="People" sheetId="1" r:id="rId7"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}">'
            f'<Relationship Id="rId7" Type="{office}/worksheet" Target="{sheet_path}"/>'
            f'<Relationship Id="rId8" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>".encode(),
            "xl/sharedStrings.xml": f'<sst xmlns="{main}">{items}</sst>'.encode(),
            "xl/worksheets/sheet1.xml": f"<{colon}worksheet {space}><{colon}sheetData>{sheet}"
            f"</{colon}sheetData></{colon}worksheet>".encode(),
        }
    )


def with_parts(data: bytes, added: dict[str, bytes]) -> bytes:
    """The same archive with more parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        return archive(**{name: old.read(name) for name in old.namelist()}, **added)


def xml_rows(template: str, rows: list[list[str]], row_template: str) -> str:
    """The XML of rows. `template` is the notation of a cell, `row_template` that of a row."""
    return "".join(
        row_template.format(
            row=row,
            cells="".join(
                template.format(place=f"{'ABC'[i]}{row}", text=f"#{text}#")
                for i, text in enumerate(cells)
            ),
        )
        for row, cells in enumerate(rows, 1)
    )


for name, template, row_template, prefix in (
    ("excel", '<c r="{place}" t="s"><v>{text}</v></c>', '<row r="{row}">{cells}</row>', ""),
    ("style-first", '<c s="0" t="s" r="{place}"><v>{text}</v></c>', "<row>{cells}</row>", ""),
    ("no-places", '<c t="s"><v>{text}</v></c>', "<row>{cells}</row>", ""),
    ("single-quotes", "<c r='{place}' t='s'><v>{text}</v></c>", "<row r='{row}'>{cells}</row>", ""),
    (
        "prefix",
        '<x:c r="{place}" t="s"><x:v>{text}</x:v></x:c>',
        '<x:row r="{row}">{cells}</x:row>',
        "x",
    ),
):
    case(
        f"workbook-notation-{name}.xlsx",
        handwritten(xml_rows(template, TABLE, row_template), prefix=prefix),
        **accepted_workbook(records=numbered(ANN, JOERG)),
    )
    case(
        f"workbook-notation-{name}-error.xlsx",
        handwritten(
            xml_rows(template, TABLE, row_template)
            .replace("#Jörg#", "#N/A")
            .replace(
                *{
                    "excel": ('<c r="B3" t="s">', '<c r="B3" t="e">'),
                    "style-first": ('t="s" r="B3"', 't="e" r="B3"'),
                    "no-places": ('<c t="s"><v>#N/A', '<c t="e"><v>#N/A'),
                    "single-quotes": ("<c r='B3' t='s'>", "<c r='B3' t='e'>"),
                    "prefix": ('<x:c r="B3" t="s">', '<x:c r="B3" t="e">'),
                }[name]
            ),
            prefix=prefix,
        ),
        **accepted_workbook(records=numbered(ANN, [JOERG[0], "#N/A", JOERG[2]])),
    )
for name, prefix in (("long", "p" * 40), ("other", "zelle-ä")):
    case(
        f"workbook-far-cell-{name}-prefix.xlsx",
        handwritten(
            xml_rows(
                f'<{prefix}:c r="{{place}}" t="s"><{prefix}:v>{{text}}</{prefix}:v></{prefix}:c>',
                TABLE,
                f'<{prefix}:row r="{{row}}">{{cells}}</{prefix}:row>',
            )
            + f'<{prefix}:row r="9"><{prefix}:c r="GQ1048576"><{prefix}:v>1</{prefix}:v>'
            f"</{prefix}:c></{prefix}:row>",
            prefix=prefix,
        ),
        **refused("uncompressed_too_large", says=["1,048,576"]),
    )
# number format 46 is a duration, [h]:mm:ss
STYLES = (
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="46"/></cellXfs></styleSheet>'
)
for name, number in (("endless", "1e300"), ("endless-negative", "-1e300")):
    case(
        f"workbook-duration-{name}.xlsx",
        with_parts(
            handwritten(
                xml_rows('<c r="{place}" t="s"><v>{text}</v></c>', TABLE, "<row>{cells}</row>")
                + f'<row r="4"><c r="A4" s="1"><v>{number}</v></c></row>'
            ),
            {"xl/styles.xml": STYLES},
        ),
        **refused("broken_workbook"),
    )
case(
    "workbook-sheet-part-missing.xlsx",
    handwritten(
        xml_rows("<c><v>1</v></c>", TABLE, "<row>{cells}</row>"), sheet_path="worksheets/x.xml"
    ),
    **refused("broken_workbook"),
)


def two_sheets(workbook: Any, sheet: Any) -> None:
    """A second sheet, with its columns in another order."""
    second = workbook.create_sheet("Sheet & 2")
    for row in (["last_name", "first_name", "email"], ["Lee", "Ann", "ann.lee@example.com"]):
        second.append(row)


case(
    "workbook-two-sheets.xlsx",
    book(TABLE, change=two_sheets),
    **accepted_workbook(warnings=["other_sheets"], records=numbered(ANN, JOERG)),
)
case(
    "workbook-second-sheet.xlsx",
    book(TABLE, change=two_sheets),
    options={"sheet": "sheet & 2 "},
    **accepted_workbook(sheet="Sheet & 2", records=numbered(["Lee", "Ann", "ann.lee@example.com"])),
)
case(
    "workbook-no-such-sheet.xlsx",
    book(TABLE, change=two_sheets),
    options={"sheet": "Leute"},
    **refused("unknown_sheet", facts={"sheets": ["People", "Sheet & 2"]}),
)


def hidden_first(workbook: Any, sheet: Any) -> None:
    """A hidden sheet and a chart before the visible sheet."""
    workbook.create_sheet("Lists", 0)["A1"] = "email"
    workbook["Lists"].sheet_state = "hidden"
    workbook.create_chartsheet("Chart", 0)
    workbook.active = 2


case(
    "workbook-first-sheet-hidden.xlsx",
    book(TABLE, change=hidden_first),
    **accepted_workbook(records=numbered(ANN, JOERG)),
)


def formatted_rows(workbook: Any, sheet: Any) -> None:
    """Formatted rows without content, down to the last row of the format."""
    for row in [*range(4, 400), 1_048_575, 1_048_576]:
        for column in (1, 2, 3):
            sheet.cell(row, column).font = Font(bold=True)


case(
    "workbook-ghost-rows.xlsx",
    book(TABLE, change=formatted_rows),
    **accepted_workbook(records=numbered(ANN, JOERG)),
)


def far_cell(workbook: Any, sheet: Any) -> None:
    """One cell in the last row and the last column that is allowed."""
    sheet.cell(1_048_576, 200).value = "x"


case(
    "workbook-far-cell.xlsx",
    book(TABLE, change=far_cell),
    **refused("uncompressed_too_large", says=["1,048,576"]),
)


def wide_cell(workbook: Any, sheet: Any) -> None:
    """One cell in the last column of the format."""
    sheet["XFD1"].value = "x"


case(
    "workbook-wide.xlsx",
    book(TABLE, change=wide_cell),
    **refused("too_many_columns", says=["16,384"]),
)
case("workbook-empty.xlsx", book([]), **refused("file_empty"))
case("workbook-header-only.xlsx", book([HEADER]), **refused("no_rows"))
case("workbook-no-header.xlsx", book([ANN, JOERG]), **refused("no_header"))
case(
    "workbook-passwords.xlsx",
    book([[*HEADER, "Passwort"], [*ANN, "geheim"]]),
    **accepted_workbook(warnings=["password_dropped"], records=numbered(ANN)),
)
case(
    "workbook-escaped.xlsx",
    book([HEADER, ["a@example.com", "'=1+1", "O'Hara"]]),
    **accepted_workbook(records=numbered(["a@example.com", "=1+1", "O'Hara"])),
)
case("workbook-cut-off.xlsx", book(TABLE)[:3000], **refused("broken_workbook"))
case(
    "workbook-broken-sheet.xlsx",
    repacked(book(TABLE), {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}),
    **refused("broken_workbook"),
)
case(
    "workbook-binary.xlsb",
    archive(**{"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b"\x00"}),
    **refused("not_csv", says=[".xlsb"]),
)
case(
    "workbook.ods",
    archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", **{"content.xml": b"<x/>"}),
    **refused("not_csv", says=["OpenDocument"]),
)
case(
    "letter.docx",
    archive(**{"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
    **refused("not_csv", says=["Word"]),
)
case("archive.zip", archive(**{"users.csv": b"email\n"}), **refused("not_csv", says=["zip"]))
