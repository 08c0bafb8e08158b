"""Writes a workbook of one sheet that the library can load, where it can't load the original.

The library looks for some parts under their usual names only, and refuses a sheet for a wrong
dimension or an error value that it does not know. Excel minds none of these.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.sax.saxutils import quoteattr

from imports.errors import WorkbookTooLarge
from imports.files.source import Limits
from imports.files.xlsx.package.archive import SHARED_STRINGS, Package
from imports.files.xlsx.package.sheets import Book, SheetEntry

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_DIMENSION = re.compile(rb"(<(?:\w{1,40}:)?dimension\s[^<>]{0,300}?\bref=)([\"'])[^\"'<>]{0,100}\2")
_ERROR_CELL = re.compile(rb"(<(?:\w{1,40}:)?c\s[^<>]{0,300}?\bt=)([\"'])e\2")


def rebuilt(package: Package, book: Book, sheet: SheetEntry, limits: Limits) -> bytes:
    """The workbook with nothing but this sheet. Its cells with an error hold the error as text.

    Only parts whose unpacked sizes were checked get into it. Raises BrokenWorkbook, and
    WorkbookTooLarge if there are more shared strings than cells may be."""
    content = b"".join(package.pieces(sheet.part or ""))
    content = _DIMENSION.sub(rb'\1"A1"', content, count=1)
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": _links(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": _list_of_sheets(sheet.name, is_from_1904=book.is_from_1904),
        "xl/_rels/workbook.xml.rels": _links(
            ("worksheet", "worksheets/sheet1.xml"),
            ("sharedStrings", "sharedStrings.xml"),
            ("styles", "styles.xml"),
        ),
        "xl/worksheets/sheet1.xml": _ERROR_CELL.sub(rb'\1"str"', content),
    }
    for name, part in ((SHARED_STRINGS, book.strings), ("xl/styles.xml", book.styles)):
        if part:
            parts[name] = b"".join(package.pieces(part))
    if parts.get(SHARED_STRINGS, b"").count(b"<") > 2 * limits.max_workbook_cells:
        raise WorkbookTooLarge(
            f"The workbook holds more than {limits.max_workbook_cells:,} different texts, which is "
            "the most that is allowed. Save the sheet as CSV (UTF-8), and upload that.",
            limit=limits.max_workbook_cells,
        )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def _links(*targets: tuple[str, str]) -> bytes:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'.encode()


def _list_of_sheets(name: str, *, is_from_1904: bool) -> bytes:
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{is_from_1904:d}"/>'
        f'<sheets><sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    ).encode()
