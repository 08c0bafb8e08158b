"""Refuses files that are not tables, by their first bytes or their name."""

from __future__ import annotations

import codecs
import re

from imports.errors import NotCsv

_SAVE_AS = "Save the table as CSV (UTF-8) or as an .xlsx workbook, and upload that."

_OLD_EXCEL = (
    "This is an old Excel workbook (.xls), or one that is protected by a password. "
    "Open it in Excel and save it as .xlsx without a password, or as CSV UTF-8."
)

_MAGIC_BYTES = (
    (b"\x89PNG\r\n\x1a\n", f"This is a PNG picture. {_SAVE_AS}"),
    (b"\xff\xd8\xff", f"This is a JPEG picture. {_SAVE_AS}"),
    (b"GIF8", f"This is a GIF picture. {_SAVE_AS}"),
    (b"%PDF-", f"This is a PDF document. {_SAVE_AS}"),
    (b"\x1f\x8b", "This is a gzip archive. Unpack it, and upload the file that is in it."),
    (b"BZh91AY&SY", "This is a bzip2 archive. Unpack it, and upload the file that is in it."),
    (b"\xfd7zXZ\x00", "This is an xz archive. Unpack it, and upload the file that is in it."),
    (b"\x28\xb5\x2f\xfd", "This is a zstd archive. Unpack it, and upload the file in it."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7-Zip archive. Unpack it, and upload the file in it."),
    (b"Rar!\x1a\x07", "This is a RAR archive. Unpack it, and upload the file that is in it."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLD_EXCEL),
    (b"\x09\x08\x10\x00\x00\x06\x05\x00", _OLD_EXCEL),
    (b"{\\rtf", f"This is an RTF document. {_SAVE_AS}"),
    (b"SQLite format 3\x00", f"This is an SQLite database. {_SAVE_AS}"),
    (b"PAR1", f"This is a Parquet file. {_SAVE_AS}"),
    (b"\x7fELF", "This is a program, not a table."),
)

_TEXT_FORMATS = (
    (
        re.compile(
            rb"<(?:!doctype\s+html|html|head|title|base|link|meta|style|script|body|form|table|caption"
            rb"|colgroup|thead|tbody|tr|t[dh]|div|span|font|center|section|main|pre|h[1-6]|p|a|b|i|u|br|hr"
            rb"|img|ul|ol|strong|em|o:p|!--)\b|<%|<\?php\b"
            rb"|[^<]{0,200}+(?:<br ?/?>){0,9}+<table\b",
            re.I,
        ),
        f"This is a web page (HTML), whatever its name says. Open it in a spreadsheet. {_SAVE_AS}",
    ),
    (
        re.compile(rb"<\?xml\b|<(?:workbook|ss:workbook)\b", re.I),
        f"This is an XML file. Open it in a spreadsheet. {_SAVE_AS}",
    ),
    (
        re.compile(rb"\[\s*(?:\{|\])|\{\s*(?:\"|\})"),
        f"This is a JSON file. Export the users as CSV instead. {_SAVE_AS}",
    ),
    (
        re.compile(rb"MIME-Version:", re.I),
        f"This is a web page (MHTML), whatever its name says. Open it in a spreadsheet. {_SAVE_AS}",
    ),
    (
        re.compile(rb"ID;P[A-Z]"),
        f"This is a SYLK file (.slk). Open it in a spreadsheet. {_SAVE_AS}",
    ),
    (re.compile(rb"BEGIN:VCARD", re.I), f"These are contact cards (vCard). {_SAVE_AS}"),
)

# HTML may begin with comments; a comment may be longer than the head of the file.
_COMMENTS = re.compile(rb"\A(?:<!--(?:[^-]|-(?!->))*+(?:-->|\Z)\s*+)++")

_TABLE_EXTENSIONS = frozenset(
    ("csv", "tsv", "tab", "txt", "text", "psv", "dat", "asc", "prn", "xls", "xlsx", "xlsm")
)

_MAX_NAME_CHARS = 255
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})\s*\Z")


def is_zip(head: bytes) -> bool:
    """Whether a file begins like a zip archive (possibly an empty one), as a workbook does."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def refuse_other_types(head: bytes, filename: str) -> None:
    """Raises NotCsv for a file that is not a table, by its first bytes or else by its name.

    head: the first few kilobytes; filename: may be empty or without an extension.
    """
    for magic, sentence in _MAGIC_BYTES:
        if head.startswith(magic):
            raise NotCsv(sentence)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head[2:].replace(b"\0", b"")
    start = _COMMENTS.sub(b"", head.removeprefix(codecs.BOM_UTF8).lstrip()).lstrip()
    for pattern, sentence in _TEXT_FORMATS:
        if pattern.match(start):
            raise NotCsv(sentence)
    extension = _EXTENSION.search(filename[-_MAX_NAME_CHARS:])
    if extension and extension[1].lower() not in _TABLE_EXTENSIONS:
        raise NotCsv(
            f'A file named ".{extension[1].lower()}" can\'t be imported. {_SAVE_AS}',
            extension=extension[1].lower(),
        )
