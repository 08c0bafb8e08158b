"""Builds workbooks for tests, in memory."""

from __future__ import annotations

import io
import zipfile

from tests.paths import ROOT

DATA = ROOT / "tests" / "data"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER_XML = "".join(
    f'<c r="{place}" t="inlineStr"><is><t>{name}</t></is></c>'
    for place, name in (("A1", "email"), ("B1", "first_name"), ("C1", "last_name"))
)


def parts_of(name: str = "workbook-notation-excel.xlsx") -> dict[str, bytes]:
    """The parts of a workbook of the corpus."""
    with zipfile.ZipFile(DATA / name) as archive:
        return {part: archive.read(part) for part in archive.namelist()}


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_rows(rows: str, **parts: bytes) -> bytes:
    """A workbook whose sheet holds these rows below a header. `parts`: further parts."""
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">{HEADER_XML}</row>{rows}</sheetData>'
    return packed(parts_of() | {SHEET: f"{sheet}</worksheet>".encode()} | parts)


def with_strings(strings: list[str], rows: str, **parts: bytes) -> bytes:
    """A workbook with shared strings, which the rows name by their number. `parts`: further
    parts."""
    items = "".join(f"<si><t>{text}</t></si>" for text in strings)
    return with_rows(rows, **{STRINGS: f'<sst xmlns="{MAIN}">{items}</sst>'.encode()}, **parts)


def row_xml(number: int, first: str, kind: str = "inlineStr") -> str:
    """The XML of a row with three cells. `kind`: the type of the first (t="…")."""
    value = f"<v>{first}</v>" if kind in ("e", "s") else f"<is><t>{first}</t></is>"
    return (
        f'<row r="{number}"><c r="A{number}" t="{kind}">{value}</c>'
        f'<c r="B{number}"><v>{number}</v></c><c r="C{number}" s="0"/></row>'
    )


def many_rows(count: int) -> bytes:
    """A workbook of this many ordinary rows."""
    return with_rows("".join(row_xml(n, f"user{n}@example.com") for n in range(2, count + 2)))
