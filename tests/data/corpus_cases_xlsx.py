"""Workbooks as people have them: cells that hold no plain value, and sheets that are not alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from corpus_xlsx import accepted_workbook, archive
from make import ANN, HEADER, PLAIN, case, mapping, numbered, refused

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def sheet(
    *rows: Sequence[str], hidden: Sequence[int] = (), before: str = "", after: str = ""
) -> str:
    """The XML of a sheet. A cell is a text, or attributes and content such as `t="e"><v>#N/A</v>`.

    `hidden`: numbers of hidden rows; `before`, `after`: XML around the rows."""
    xml = []
    for number, row in enumerate(rows, 1):
        mark = ' hidden="1"' if number in hidden else ""
        cells = "".join(cell(f"{'ABCDEFGH'[i]}{number}", text) for i, text in enumerate(row))
        xml.append(f'<row r="{number}"{mark}>{cells}</row>')
    body = f"{before}<sheetData>{''.join(xml)}</sheetData>{after}"
    return f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{body}</worksheet>'


def cell(place: str, text: str) -> str:
    """The XML of a cell; nothing for an empty text."""
    if not text:
        return ""
    if ">" in text:
        return f'<c r="{place}" {text}</c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def links(*targets: tuple[str, str], mode: str = "") -> bytes:
    """A list of links: (kind, target)."""
    found = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"{mode}/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'.encode()


def workbook(*sheets: str, names: Sequence[str] = ("People",), **other: Any) -> bytes:
    """A workbook. `main`, `strings`: names of parts; `calc`: attributes of calcPr; `states`: of the
    sheets; `parts`: more parts."""
    main, strings = other.get("main", "xl/workbook.xml"), other.get("strings", "sharedStrings.xml")
    folder, _, name = main.rpartition("/")
    base = f"{folder}/" if folder else ""
    states = other.get("states", ("visible",) * len(sheets))
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" state="{state}" r:id="rId{n}"/>'
        for n, (name, state) in enumerate(zip(names, states, strict=True), 1)
    )
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    targets += [("sharedStrings", strings), ("styles", "styles.xml")]
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": links(("officeDocument", main)),
        main: f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{entries}</sheets>'
        f"<calcPr {other.get('calc', '')}/></workbook>".encode(),
        f"{base}_rels/{name}.rels": links(*targets),
    }
    for n, xml in enumerate(sheets, 1):
        parts[f"{base}worksheets/sheet{n}.xml"] = xml.encode()
    return archive(**parts | other.get("parts", {}))


def with_backslashes(data: bytes) -> bytes:
    """The same archive with backslashes in the names of its parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        return archive(**{name.replace("/", "\\"): old.read(name) for name in old.namelist()})


def styles(*codes: str) -> dict[str, bytes]:
    """A list of styles: style 0 is general, style n has the number format `codes[n - 1]`."""
    formats = "".join(
        f'<numFmt numFmtId="{163 + n}" formatCode="{code}"/>' for n, code in enumerate(codes, 1)
    )
    cells = "".join(f'<xf numFmtId="{163 + n if n else 0}"/>' for n in range(len(codes) + 1))
    return {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts>'
        f"<cellXfs>{cells}</cellXfs></styleSheet>".encode()
    }


def strings(*texts: str) -> dict[str, bytes]:
    """Shared strings."""
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{items}</sst>'.encode()}


def error(value: str) -> str:
    return f't="e"><v>{value}</v>'


def number(value: str, style: int = 0) -> str:
    return f's="{style}"><v>{value}</v>'


def formula(text: str, value: str = "<v></v>") -> str:
    return f">{'<f>' + text + '</f>'}{value}"


DEPARTMENT = [*HEADER, "department"]
PHONE = [*HEADER, "department", "phone"]
WITH_DEPARTMENT = PLAIN | mapping(department="department")
WITH_PHONE = WITH_DEPARTMENT | mapping(phone="phone")

# --- x01: errors of formulas ---------------------------------------------------------------------

case(
    "x01-error-cells.xlsx",
    workbook(
        sheet(
            PHONE,
            ["ida@x.example", "Ida", "Holm", error("#N/A"), "020 7946 0123"],
            ["per@x.example", error("#NAME?"), error("#VALUE!"), "Sales"],
            [error("#N/A"), "Eva", "Brix", "#NV", error("#REF!")],
        )
    ),
    **accepted_workbook(
        mapping=WITH_PHONE,
        records=numbered(
            ["ida@x.example", "Ida", "Holm", "#N/A", "020 7946 0123"],
            ["per@x.example", "#NAME?", "#VALUE!", "Sales", ""],
            ["#N/A", "Eva", "Brix", "#NV", "#REF!"],
        ),
        problems=[
            [2, "department", "error_cell"],
            [3, "first_name", "error_cell"],
            [3, "last_name", "error_cell"],
            [4, "email", "error_cell"],
            [4, "phone", "error_cell"],
            [4, "department", "error_cell"],
        ],
    ),
)
LANGUAGES = ["#¡VALOR!", "#¿NOMBRE?", "#BEZUG!", "#N/D", "#ПУСТО!", "#DĚLENÍ_NULOU!", "#ÜBERLAUF!"]
case(
    "x01-error-cells-languages.xlsx",
    workbook(sheet(DEPARTMENT, *[[*ANN, text] for text in LANGUAGES], [*ANN, "#1 Sales!"])),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT,
        records=numbered(*[[*ANN, text] for text in [*LANGUAGES, "#1 Sales!"]]),
        problems=[[row, "department", "error_cell"] for row in range(2, 2 + len(LANGUAGES))],
    ),
)
case(
    # the library refuses a sheet for an error value that it does not know
    "x01-error-cells-unknown.xlsx",
    workbook(sheet(DEPARTMENT, [*ANN, error("#FELD!")], [*ANN, "Sales"])),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT,
        records=numbered([*ANN, "#FELD!"], [*ANN, "Sales"]),
        problems=[[2, "department", "error_cell"]],
    ),
)
case(
    "x01-error-cells-not-imported.xlsx",
    workbook(sheet([*HEADER, "Shoe size"], [*ANN, error("#N/A")])),
    **accepted_workbook(
        ignored=["Shoe size"],
        warnings=["unknown_column"],
        records=numbered([*ANN, "#N/A"]),
        problems=[],
    ),
)

# --- x02: hidden rows and columns ----------------------------------------------------------------

FILTERED = workbook(
    sheet(
        HEADER, ANN, ["per@x.example", "Per", "Lund"], ["eva@x.example", "Eva", "Brix"],
        hidden=[3], after='<autoFilter ref="A1:C4"/>',
    )
)  # fmt: skip
case(
    "x02-filtered-rows.xlsx",
    FILTERED,
    **accepted_workbook(
        warnings=["hidden_row"],
        records=numbered(ANN, ["per@x.example", "Per", "Lund"], ["eva@x.example", "Eva", "Brix"]),
    ),
)
case(
    "x02-filtered-rows-left-out.xlsx",
    FILTERED,
    options={"skip_hidden_rows": True},
    **accepted_workbook(
        warnings=["hidden_row_skipped"],
        records=[[2, ANN], [4, ["eva@x.example", "Eva", "Brix"]]],
    ),
)
case(
    "x02-filtered-rows-last.xlsx",
    workbook(sheet(HEADER, ANN, ["per@x.example", "Per", "Lund"], hidden=[3])),
    options={"skip_hidden_rows": True},
    **accepted_workbook(warnings=["hidden_row_skipped"], records=numbered(ANN)),
)
HIDDEN_COLUMN = '<cols><col min="2" max="2" hidden="1"/></cols>'
case(
    "x02b-hidden-column.xlsx",
    workbook(
        sheet(
            ["email", *HEADER],
            [ANN[0], "old@x.example", *ANN[1:]],
            before=HIDDEN_COLUMN,
        )
    ),
    **refused("duplicate_column", says=["Hidden in the spreadsheet: B."]),
)
case(
    "x02b-hidden-column-read.xlsx",
    workbook(sheet(HEADER, ANN, before=HIDDEN_COLUMN)),
    **accepted_workbook(warnings=["hidden_column"], records=numbered(ANN)),
)

# --- x03: merged cells ---------------------------------------------------------------------------

case(
    "x03-merged-cells.xlsx",
    workbook(
        sheet(
            DEPARTMENT,
            [*ANN, "Sales"],
            ["per@x.example", "Per", "Lund", ""],
            after='<mergeCells><mergeCell ref="D2:D3"/></mergeCells>',
        )
    ),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT,
        warnings=["merged_cells"],
        records=numbered([*ANN, "Sales"], ["per@x.example", "Per", "Lund", ""]),
    ),
)
case(
    "x03-merged-cells-across.xlsx",
    workbook(
        sheet(
            DEPARTMENT,
            [*ANN[:2], "Lee", ""],
            after='<mergeCells><mergeCell ref="C2:D2"/></mergeCells>',
        )
    ),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT, warnings=["merged_cells"], records=numbered([*ANN, ""])
    ),
)
case(
    "x03-merged-title.xlsx",
    workbook(
        sheet(["Users"], HEADER, ANN, after='<mergeCells><mergeCell ref="A1:C1"/></mergeCells>')
    ),
    **accepted_workbook(header_row=2, records=[[3, ANN]]),
)

# --- x04, x05: several sheets --------------------------------------------------------------------

PEOPLE = sheet(HEADER, ANN)
OTHERS = ("Read me", "Users")
case(
    "x04-instructions-first.xlsx",
    workbook(sheet(["How to fill in"], ["1. Go to Users."]), PEOPLE, names=OTHERS),
    **refused(
        "missing_column",
        facts={"sheet": "Read me", "fitting_sheets": ["Users"]},
        says=['"Read me"', '"Users"'],
    ),
)
case(
    "x04-empty-first.xlsx",
    workbook(sheet([]), PEOPLE, names=OTHERS),
    **refused("file_empty", says=['"Read me"', '"Users"']),
)
case(
    "x04-no-sheet-fits.xlsx",
    workbook(sheet(["a"], ["b"]), sheet(["c"], ["d"]), names=OTHERS),
    **refused("missing_column", facts={"fitting_sheets": []}, says=['"Users"']),
)
case(
    "x05-active-second-sheet.xlsx",
    workbook(PEOPLE, sheet(HEADER, ANN, ANN), names=("2023", "2026")),
    **accepted_workbook(sheet="2023", warnings=["other_sheets"], records=numbered(ANN)),
)
case(
    "x05-second-sheet-named.xlsx",
    workbook(PEOPLE, sheet(HEADER, ANN, ANN), names=("2023", "2026")),
    options={"sheet": "2026"},
    **accepted_workbook(sheet="2026", records=numbered(ANN, ANN)),
)
case(
    "x05-other-sheet-hidden.xlsx",
    workbook(PEOPLE, sheet(["Sales"]), names=("People", "Lists"), states=("visible", "hidden")),
    **accepted_workbook(records=numbered(ANN)),
)

# --- x06: formulas without a value ---------------------------------------------------------------

case(
    "x06-formulas-without-values.xlsx",
    workbook(
        sheet(
            [*HEADER, "role"],
            [formula('LOWER("A@X.example")'), *ANN[1:], ""],
            [*ANN, formula('"admin"')],
        )
    ),
    **accepted_workbook(
        mapping=PLAIN | mapping(role="role"),
        records=numbered(
            ['=LOWER("A@X.example")', *ANN[1:], ""],
            [*ANN, '=("admin")'],
        ),
        problems=[[2, "email", "formula_without_value"], [3, "role", "formula_without_value"]],
    ),
)
case(
    "x06-formulas-in-every-cell.xlsx",
    workbook(sheet(HEADER, [formula("Data!A1", ""), formula("Data!B1", ""), formula("C1", "")])),
    **accepted_workbook(
        records=numbered(["=Data!A1", "=Data!B1", "=C1"]),
        problems=[[2, field, "formula_without_value"] for field in HEADER],
    ),
)
case(
    "x06-formulas-of-zeros.xlsx",
    workbook(sheet(DEPARTMENT, [*ANN, formula('"Sales"', "<v>0</v>")]), calc='fullCalcOnLoad="1"'),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT,
        records=numbered([*ANN, '=("Sales")']),
        problems=[[2, "department", "formula_without_value"]],
    ),
)
case(
    "x06-formula-of-an-empty-text.xlsx",
    workbook(sheet(DEPARTMENT, [*ANN, 't="str"><f>IF(1,"")</f><v></v>'], [*ANN, number("7")])),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT, records=numbered([*ANN, ""], [*ANN, "7"]), problems=[]
    ),
)

# --- x07, x34: rows that hold no user ------------------------------------------------------------

case(
    "x07-checkbox-rows.xlsx",
    workbook(
        sheet(
            [*HEADER, "send_invitation"],
            [*ANN, 't="b"><v>1</v>'],
            *[["", "", "", 't="b"><v>0</v>']] * 3,
        )
    ),
    **accepted_workbook(
        mapping=PLAIN | mapping(send_invitation="send_invitation"),
        records=numbered([*ANN, "TRUE"]),
    ),
)
case(
    "x34-group-heading-rows.xlsx",
    workbook(sheet(HEADER, ["Sales department"], ANN)),
    **accepted_workbook(
        records=numbered(["Sales department", "", ""], ANN), errors=[[2, "", "no_address"]]
    ),
)

case(
    "x07-numbered-rows.xlsx",
    workbook(
        sheet(
            ["Nr.", *HEADER, "send_invitation"],
            [number("1"), *ANN, "ja"],
            *[[number(str(n)), "", "", "", word] for n, word in ((2, "nein"), (3, "☐"), (4, ""))],
        )
    ),
    **accepted_workbook(
        mapping=PLAIN | mapping(send_invitation="send_invitation"),
        ignored=["Nr."],
        warnings=["unknown_column"],
        records=numbered(["1", *ANN, "ja"]),
    ),
)
case(
    "x07-only-lines.xlsx",
    workbook(sheet(HEADER, ["---", "---", "---"], ANN, ["", "", 't="b"><v>0</v>'])),
    **accepted_workbook(records=[[3, ANN]]),
)
case(
    "x34-totals-in-languages.xlsx",
    workbook(sheet(DEPARTMENT, [*ANN, "IT"], ["Gesamt", "1"], ["", "", "合計", number("1")])),
    **accepted_workbook(
        mapping=WITH_DEPARTMENT,
        records=numbered([*ANN, "IT"], ["Gesamt", "1", "", ""], ["", "", "合計", "1"]),
        errors=[[3, "", "no_address"], [4, "", "no_address"]],
    ),
)
case(
    "x34-notes-below.xlsx",
    workbook(sheet(HEADER, ANN, [], ["Stand: 1. März 2026"], ["", "Vertraulich"])),
    **accepted_workbook(
        records=[[2, ANN], [4, ["Stand: 1. März 2026", "", ""]], [5, ["", "Vertraulich", ""]]],
        errors=[[4, "", "no_address"], [5, "", "no_address"]],
    ),
)

# --- x08: dates ----------------------------------------------------------------------------------

case(
    "x08-dates-that-were-texts.xlsx",
    workbook(
        sheet(PHONE, [*ANN, number("46145", 1), number("46145", 1)], [*ANN, "Sales", ""]),
        parts=styles("d-mmm"),
    ),
    **accepted_workbook(
        mapping=WITH_PHONE,
        warnings=["date_in_text"],
        records=numbered([*ANN, "2026-05-03", "2026-05-03"], [*ANN, "Sales", ""]),
        problems=[[2, "phone", "date_in_phone"]],
    ),
)
case(
    "x08-times.xlsx",
    workbook(
        sheet(PHONE, [*ANN, "Sales", number("0.5", 1)], [*ANN, number("1.25", 2), ""]),
        parts=styles("hh:mm", "[h]:mm"),
    ),
    **accepted_workbook(
        mapping=WITH_PHONE,
        warnings=["date_in_text"],
        records=numbered([*ANN, "Sales", "12:00:00"], [*ANN, "30:00:00", ""]),
        problems=[[2, "phone", "date_in_phone"]],
    ),
)
case(
    "x08-iso-dates.xlsx",
    workbook(sheet(PHONE, [*ANN, 't="d"><v>2026-05-03</v>', ""])),
    **accepted_workbook(
        mapping=WITH_PHONE,
        warnings=["date_in_text"],
        records=numbered([*ANN, "2026-05-03", ""]),
    ),
)

# --- x09: number formats -------------------------------------------------------------------------

FORMATS = [
    ("00000000000", "7700900123", "07700900123"),
    ("&quot;+&quot;0", "442079460123", "+442079460123"),
    ("+00 00 0000 0000", "442079460123", "+44 20 7946 0123"),
    ("\\+0", "442079460123", "+442079460123"),
    ("(000) 000-0000", "4155550123", "(415) 555-0123"),
    ("000;-000", "1234", "1234"),
    ("[&lt;=9999999]###-####;(###) ###-####", "4155550123", "(415) 555-0123"),
    ("[&lt;=9999999]###-####;(###) ###-####", "5550123", "555-0123"),
    ("0# ## ## ## ##", "123456789", "01 23 45 67 89"),
    ("&quot;+&quot;General", "442079460123", "+442079460123"),
    ("+#", "442079460123", "+442079460123"),
    ("0", "442079460123", "442079460123"),
    ("General", "442079460123", "442079460123"),
    ("@", "442079460123", "442079460123"),
]
UNKNOWN_FORMATS = ["0.00E+00", "0000/0000", "#,##0", "0.0"]
case(
    "x09-number-formats.xlsx",
    workbook(
        sheet(PHONE, *[[*ANN, "Sales", number(n, i)] for i, (_, n, _) in enumerate(FORMATS, 1)]),
        parts=styles(*[code for code, _, _ in FORMATS]),
    ),
    **accepted_workbook(
        mapping=WITH_PHONE,
        records=numbered(*[[*ANN, "Sales", shown] for _, _, shown in FORMATS]),
    ),
)
case(
    "x09-number-formats-not-applied.xlsx",
    workbook(
        sheet(PHONE, *[[*ANN, "S", number("4155550123", i)] for i in range(1, 5)]),
        parts=styles(*UNKNOWN_FORMATS),
    ),
    **accepted_workbook(
        mapping=WITH_PHONE,
        warnings=["number_format"],
        records=numbered(*[[*ANN, "S", "4155550123"]] * 4),
    ),
)
case(
    "x09-number-formats-of-texts.xlsx",
    workbook(
        sheet(PHONE, [*ANN, 's="1" t="inlineStr"><is><t>7</t></is>', number("-7", 1)]),
        parts=styles("0000"),
    ),
    **accepted_workbook(
        mapping=WITH_PHONE, warnings=["number_format"], records=numbered([*ANN, "7", "-7"])
    ),
)

# --- x10: texts that are not there ---------------------------------------------------------------


def with_index(index: str) -> bytes:
    """A workbook of shared strings, where a department has this index."""
    rows = [*DEPARTMENT, *ANN]
    shared = [f't="s"><v>{number}</v>' for number in range(len(rows))]
    return workbook(sheet(shared[:4], [*shared[4:], f't="s"><v>{index}</v>']), parts=strings(*rows))


for name, index in (("b-shared-string-minus-one", "-1"), ("d-shared-string-blank", " ")):
    case(
        f"x10{name}.xlsx",
        with_index(index),
        **accepted_workbook(mapping=WITH_DEPARTMENT, records=numbered([*ANN, ""]), problems=[]),
    )
for name, index in (("text", "Sales"), ("negative", "-2"), ("fraction", "1.5")):
    case(
        f"x10-shared-string-{name}.xlsx",
        with_index(index),
        **accepted_workbook(
            mapping=WITH_DEPARTMENT,
            records=numbered([*ANN, ""]),
            problems=[[2, "department", "broken_cell"]],
        ),
    )

# --- x16, x20, x28: other parts, a wrong dimension, pictures -------------------------------------

case(
    "x16-workbook2.xlsx",
    workbook(PEOPLE, main="xl/workbook2.xml"),
    **accepted_workbook(records=numbered(ANN)),
)
case(
    "x16-other-folder.xlsx",
    workbook(PEOPLE, main="book/main.xml"),
    **accepted_workbook(records=numbered(ANN)),
)
case(
    "x16-backslashes.xlsx",
    with_backslashes(workbook(PEOPLE)),
    **accepted_workbook(records=numbered(ANN)),
)
case(
    "x16-other-strings.xlsx",
    workbook(
        sheet(HEADER, ['t="s"><v>0</v>', *ANN[1:]]),
        strings="texts.xml",
        parts={"xl/texts.xml": strings(ANN[0])["xl/sharedStrings.xml"]},
    ),
    **accepted_workbook(records=numbered(ANN)),
)
for name, reference in (
    ("a0", "A0:D2"),
    ("word", "none"),
    ("narrow", "A1:A1"),
    ("wide", "A1:XFD1048576"),
):
    case(
        f"x20-dimension-{name}.xlsx",
        workbook(sheet(HEADER, ANN, before=f'<dimension ref="{reference}"/>')),
        **accepted_workbook(records=numbered(ANN)),
    )
case(
    "x28-portrait-pictures.xlsx",
    workbook(PEOPLE, parts={f"xl/media/image{n}.png": b"\x89PNG" for n in range(300)}),
    **accepted_workbook(records=numbered(ANN)),
)

case(
    "x28-pictures-and-charts.xlsx",
    workbook(
        PEOPLE,
        parts={f"xl/charts/chart{n}.xml": b"<c/>" for n in range(150)}
        | {f"xl/drawings/drawing{n}.xml": b"<d/>" for n in range(150)},
    ),
    **accepted_workbook(records=numbered(ANN)),
)
case(
    "x28-many-comments.xlsx",
    workbook(PEOPLE, parts={f"xl/comments{n}.xml": b"<comments/>" for n in range(260)}),
    **accepted_workbook(records=numbered(ANN)),
)

# --- x25: links ----------------------------------------------------------------------------------


def with_link(text: str, target: str, reference: str = "A2") -> bytes:
    """A workbook where a cell with this text has a link."""
    return workbook(
        sheet(
            HEADER,
            [text, *ANN[1:]],
            after=f'<hyperlinks><hyperlink ref="{reference}" r:id="rId1"/></hyperlinks>',
        ),
        parts={
            "xl/worksheets/_rels/sheet1.xml.rels": links(
                ("hyperlink", target), mode=' TargetMode="External"'
            )
        },
    )


case(
    "x25-hyperlinks.xlsx",
    with_link("Ann Lee (write)", "mailto:ann.lee@example.com"),
    **accepted_workbook(
        records=numbered(["Ann Lee (write)", *ANN[1:]]),
        problems=[[2, "email", "hyperlink_differs"]],
    ),
)
case(
    "x25-hyperlink-of-another-person.xlsx",
    with_link(ANN[0], "MAILTO:per%40x.example?subject=Hello"),
    **accepted_workbook(records=numbered(ANN), problems=[[2, "email", "hyperlink_differs"]]),
)
for name, target, reference in (
    ("same", "mailto:Ann.Lee@example.com?subject=x", "A2"),
    ("web", "https://example.com/ann", "A2"),
    ("name", "mailto:per@x.example", "B2"),
):
    case(
        f"x25-hyperlink-{name}.xlsx",
        with_link(ANN[0], target, reference),
        **accepted_workbook(records=numbered(ANN), problems=[]),
    )
