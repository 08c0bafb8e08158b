"""Writes an Excel workbook of one sheet as a stream: the first rows leave before the last are read.

A library would write the file to its end first (openpyxl: 260 s of processor time for a million
rows). Until then the client would get nothing: a proxy would end the request, and nobody would
notice that the client has left. The archive is written by Python's zipfile, without going back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

MAX_ROWS = 1_048_576  # of a sheet, with its header row
MAX_CHARACTERS = 32_767  # of a cell
COLUMN_WIDTH = 20  # characters

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'  # style 1 is that of the header: bold
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>",
}
_HEAD = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '</sheetView></sheetViews><cols><col min="1" max="{columns}" width="{width}"'
    ' customWidth="1"/></cols><sheetData>'
)
_FOOT = "</sheetData></worksheet>"

# What XML can't hold, or would change. A text that looks like such an escape is escaped as well.
_SPECIAL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_NEEDS_CARE = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$")


class TooManyRows(Exception):
    """More rows than a sheet holds."""


def stream(
    title: str, header: Sequence[str], pages: Iterable[Iterable[Sequence[Any]]]
) -> Iterator[bytes]:
    """The bytes of a workbook, a part for each page of rows or for several. Cells are text,
    numbers, booleans and times. Raises TooManyRows in the middle."""
    sink = _Sink()
    # Less than 2 GiB of XML: Excel refuses the form in which a stream would have more.
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, xml in _PARTS.items():
            archive.writestr(name, _XML + xml.replace("{title}", escape(title)))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_HEAD.format(columns=len(header), width=COLUMN_WIDTH).encode())
            letters = [_letter(place) for place in range(len(header))]
            sheet.write(_row(1, letters, header, ' s="1"').encode())
            number = 1
            for page in pages:
                lines = []
                for row in page:
                    number += 1
                    lines.append(_row(number, letters, row))
                if number > MAX_ROWS:
                    raise TooManyRows
                sheet.write("".join(lines).encode())
                if part := sink.take():
                    yield part
            sheet.write(_FOOT.encode())
    yield sink.take()


class _Sink:
    """A file that can only be written. It holds what was written since `take`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Appends."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Does nothing: `take` has everything."""

    def close(self) -> None:
        """Does nothing."""

    def take(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _row(number: int, letters: Sequence[str], cells: Sequence[Any], style: str = "") -> str:
    written = [
        _cell(f'<c r="{letter}{number}"{style}', value)
        for letter, value in zip(letters, cells, strict=True)
        if value is not None and value != ""
    ]
    return f'<row r="{number}">{"".join(written)}</row>'


def _cell(begin: str, value: Any) -> str:
    if isinstance(value, bool):
        return f'{begin} t="b"><v>{value:d}</v></c>'
    if isinstance(value, int):
        return f"{begin}><v>{value}</v></c>"
    text = str(value)[:19] if isinstance(value, datetime) else str(value)[:MAX_CHARACTERS]
    space = ""
    if _NEEDS_CARE.search(text):
        text = escape(_SPECIAL.sub(_escaped, text))
        space = ' xml:space="preserve"'
    return f'{begin} t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _escaped(match: re.Match[str]) -> str:
    """A character as Excel writes it: _x000D_ for CR."""
    return f"_x{ord(match[0]):04X}_"


def _letter(place: int) -> str:
    """The name of a column: A, …, Z, AA, …"""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name
