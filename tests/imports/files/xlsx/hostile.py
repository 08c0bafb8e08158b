"""Files within the limit of size that are built to cost much time or memory.

`FILES` gives for each a function that builds it, and the codes that its preview may have; "read" is
a preview without a refusal.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

from tests.imports.files.xlsx.workbook_builder import (
    MAIN,
    SHEET,
    STRINGS,
    packed,
    parts_of,
    row_xml,
    with_rows,
    with_strings,
)

SIZE = 10_000_000
HEADER = b"email,first_name,last_name\n"
ROW = b"ann@example.com,Ann,Lee\n"
FIRST = row_xml(2, "ann@example.com")
TOO_LARGE = {"uncompressed_too_large"}
TOO_EXPENSIVE = {"uncompressed_too_large", "workbook_too_expensive"}
BROKEN = {"broken_workbook", *TOO_EXPENSIVE}


def full_rows(count: int) -> str:
    """Rows of eleven inline strings, as long as those of an ordinary export."""
    cells = "".join(
        f'<c r="{column}%d" t="inlineStr"><is><t>{text} %d</t></is></c>'
        for column, text in zip("ABCDEFGHIJK", ("user", *["some text"] * 10), strict=True)
    )
    return "".join(
        f'<row r="{row}">' + cells % tuple([row] * 22) + "</row>" for row in range(2, count + 2)
    )


# What cannot be packed: the archive may unpack to 100 times its own size, so a megabyte of it
# allows for 100 megabytes of anything.
PADDING = {"xl/media/image1.png": random.Random(1).randbytes(1_000_000)}


def with_sheet(text: str) -> bytes:
    return packed(parts_of() | {SHEET: text.encode()})


def many_parts() -> bytes:
    """An archive whose directory is nearly as large as the file may be."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts_of().items():
            archive.writestr(name, content)
        for number in range(90_000):
            archive.writestr(f"{number:x}", b"")
    return file.getvalue()


def stated_count() -> bytes:
    """Few shared strings, of which the file says that there are four thousand million."""
    strings = f'<sst xmlns="{MAIN}" count="4000000000" uniqueCount="4000000000"><si/></sst>'
    return packed(parts_of() | {STRINGS: strings.encode()})


def shared_table() -> bytes:
    """A million cells that share a text of 10,000 characters."""
    cells = '<c t="s"><v>0</v></c>' * 200
    return with_strings(["x" * 10_000], f"<row>{cells}</row>" * 5_000, **PADDING)


def bytes_of_rows(row: bytes) -> bytes:
    return HEADER + row * ((SIZE - len(HEADER)) // len(row))


WORKBOOKS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "a cell at XFD1048576, hidden from patterns": (
        lambda: with_rows(
            f'{FIRST}<row><c r="XFD1048576" foo="&gt;&lt;/c" t="n"><v>1</v></c></row>'
        ),
        {"too_many_columns"},
    ),
    "a cell at XFD3000": (
        lambda: with_rows(f'{FIRST}<row><c r="XFD3000"><v>1</v></c></row>'),
        {"too_many_columns"},
    ),
    "a cell at GR1048576": (
        lambda: with_rows(f'{FIRST}<row><c r="GR1048576"><v>1</v></c></row>'),
        TOO_LARGE,
    ),
    "2,000,000 cells, as many as allowed": (
        lambda: with_rows(f'{FIRST}<row><c r="GR10000"><v>1</v></c></row>'),
        {"read"},
    ),
    "a text of 300 kB that 4,000 cells share": (
        lambda: with_strings(
            ["x" * 300_000], "".join(row_xml(n, "0", "s") for n in range(2, 4_002))
        ),
        TOO_LARGE,
    ),
    "a text of 10 kB that 1,000,000 cells share": (shared_table, TOO_EXPENSIVE),
    "100 MB of inline strings": (lambda: with_rows(full_rows(113_000)), {"too_many_rows"}),
    "the same, and a cell with an error": (
        lambda: with_rows(full_rows(113_000) + row_xml(113_002, "#N/A", "e")),
        {"too_many_rows", "workbook_too_expensive"},
    ),
    "3,000,000 formatted cells without content": (
        lambda: with_rows(FIRST + ("<row>" + '<c s="1"/>' * 200 + "</row>") * 15_000, **PADDING),
        {"read", *TOO_EXPENSIVE},
    ),
    "elements in elements, ten million deep": (
        lambda: with_rows("<row><c><v>" + "<a>" * 10_000_000, **PADDING),
        BROKEN,
    ),
    "a comment of 20 MB": (
        lambda: with_rows(f"{FIRST}<!--{'xyz' * 7_000_000}-->", **PADDING),
        {"read", *BROKEN},
    ),
    "an attribute of 20 MB": (
        lambda: with_rows(f'<row a="{"xyz" * 7_000_000}"/>{FIRST}', **PADDING),
        {"read", *BROKEN},
    ),
    "an entity that grows": (
        lambda: with_sheet(
            '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
            f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>&c;</v></c></row>'
            "</sheetData></worksheet>"
        ),
        {"read", "no_header", "missing_column", "file_empty", *BROKEN},
    ),
    "a dimension of the whole sheet": (
        lambda: with_sheet(
            f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{FIRST}'
            "</sheetData></worksheet>"
        ),
        {"no_header", "missing_column", *TOO_EXPENSIVE},
    ),
    "a stated count of 4,000,000,000 strings": (stated_count, {"read", *BROKEN}),
    "90,000 parts": (many_parts, TOO_LARGE),
    "a picture of 90 MB of zeros": (
        lambda: packed(parts_of() | {"xl/media/image1.png": bytes(90_000_000)}),
        TOO_LARGE,
    ),
}

TEXTS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "a header of 110,000 brackets": (
        lambda: HEADER.strip() + b"," + b"[" * 110_000 + b"\n" + ROW,
        {"header_too_large"},
    ),
    "a header of 30,000 accents": (
        lambda: HEADER.strip() + b"," + "\u0316\u0301".encode() * 15_000 + b"\n" + ROW,
        {"header_too_large"},
    ),
    "10 MB of line ends": (lambda: HEADER + b"\n" * (SIZE - 100), {"no_rows"}),
    "10 MB of quotes": (lambda: HEADER + b'"' * (SIZE - 100), {"csv_syntax", "cell_too_long"}),
    "10 MB of pairs of quotes": (
        lambda: bytes_of_rows(b'"",'),
        {"csv_syntax", "too_many_columns", "record_too_long", "cell_too_long"},
    ),
    "10 MB of commas": (
        lambda: HEADER + b"," * (SIZE - 100),
        {"too_many_columns", "record_too_long"},
    ),
    "one quoted cell of 10 MB": (
        lambda: HEADER + b'"' + b"x\n" * (SIZE // 2 - 100),
        {"csv_syntax", "cell_too_long", "record_too_long"},
    ),
    "3,300,000 rows": (lambda: bytes_of_rows(b"a,\n"), {"too_many_rows"}),
    "5,000 rows of 200 empty quoted cells": (
        lambda: HEADER + (b'"",' * 200 + b"\n") * 5_000,
        {"no_rows"},
    ),
    "5,000 rows of 1,900 characters": (
        lambda: HEADER + (b"a@" + b"a." * 900 + b"example,A,B\n") * 5_000,
        {"read"},
    ),
    "10 MB that are not UTF-8": (
        lambda: bytes_of_rows(b"\xe4@b.example,\xe4,\xe4\n"),
        {"too_many_rows"},
    ),
    "rows that are wide in memory": (
        lambda: HEADER + ("a@b.example,A," + "\U0001f600" * 450 + "\n").encode() * 5_000,
        {"read"},
    ),
}

FILES = WORKBOOKS | TEXTS
