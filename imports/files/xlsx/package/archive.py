"""Opens the zip archive that an .xlsx file is, and checks it before anything else reads it.

The sizes that an archive declares are not trusted: every part is unpacked once, piece by piece, and
counted. An archive that declares one thing and holds another is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from imports.errors import BrokenWorkbook, FileRefused, NotCsv, WorkbookTooLarge
from imports.files.source import MEBIBYTE, Limits

_PIECE_BYTES = 262_144
_SHEETS = "xl/worksheets/sheet"
_MAX_KEPT_BYTES = 8 * MEBIBYTE
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_FLAG = 0x1
_RAW_DEFLATE = -15  # zlib's window bits for a stream without a header
SHARED_STRINGS = "xl/sharedStrings.xml"
_SAVE_AS = "Save the table as .xlsx or as CSV (UTF-8), and upload that."

# A part that only this kind of archive has, and the sentence for it.
_OTHER_PACKAGES = (
    ("xl/workbook.bin", f"This is a binary Excel workbook (.xlsb). {_SAVE_AS}"),
    ("content.xml", f"This is an OpenDocument file (.ods or similar). {_SAVE_AS}"),
    ("word/document.xml", f"This is a Word document. {_SAVE_AS}"),
    ("ppt/presentation.xml", f"This is a PowerPoint presentation. {_SAVE_AS}"),
    ("Index/Document.iwa", f"This is an Apple Numbers document. {_SAVE_AS}"),
    ("Index.zip", f"This is an Apple Numbers document. {_SAVE_AS}"),
    ("META-INF/MANIFEST.MF", f"This is a Java archive. {_SAVE_AS}"),
)


def broken_workbook(why: str) -> BrokenWorkbook:
    """The refusal for a workbook that is damaged or built to mislead."""
    return BrokenWorkbook(
        f"The workbook can't be read: {why}. Open it in a spreadsheet, save it again as .xlsx (or "
        "as CSV UTF-8), and upload that."
    )


class Package:
    """The parts of a workbook, whose unpacked sizes have been checked."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        """Raises NotCsv, BrokenWorkbook or WorkbookTooLarge."""
        self._file = file
        self._limits = limits
        self._kept: dict[str, list[bytes]] = {}  # small sheets, to unpack them once
        self._entries = self._read_directory()
        self._refuse_other_packages()
        self._check_entries()
        self._check_unpacked_sizes()

    def find(self, name: str) -> str | None:
        """The name of a part as it is written; the case does not matter. None if there is none."""
        if name in self._entries:
            return name
        return next((n for n in self._entries if n.lower() == name.lower()), None)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The unpacked bytes of a part, piece by piece. Raises BrokenWorkbook."""
        if name in self._kept:
            return iter(self._kept[name])
        entry = self._entries[name]
        packed = self._packed_pieces(entry)
        return _inflated(packed) if entry.compress_type == zipfile.ZIP_DEFLATED else packed

    def read(self, name: str, max_bytes: int) -> bytes:
        """The unpacked bytes of a small part. Raises BrokenWorkbook if there are too many."""
        if self._entries[name].file_size > max_bytes:
            raise broken_workbook(f"its part {name} is too large")
        return b"".join(self.pieces(name))

    # --- checks -------------------------------------------------------------------------------

    def _read_directory(self) -> dict[str, zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                entries = archive.infolist()
                comment = archive.comment
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
            raise broken_workbook("the archive is damaged or cut off") from None
        if len(entries) > self._limits.max_workbook_entries:
            raise WorkbookTooLarge(
                f"The workbook holds {len(entries):,} parts; at most "
                f"{self._limits.max_workbook_entries:,} are allowed. Save the table alone as CSV.",
                limit=self._limits.max_workbook_entries,
            )
        # some programs separate folders by backslashes
        names = [entry.filename.replace("\\", "/") for entry in entries]
        if comment or len({name.lower() for name in names}) != len(entries):
            raise broken_workbook("the archive is not one that a spreadsheet writes")
        return dict(zip(names, entries, strict=True))

    def _refuse_other_packages(self) -> None:
        if self.find("xl/workbook.xml"):
            return
        for name, sentence in _OTHER_PACKAGES:
            if name in self._entries:
                raise NotCsv(sentence)
        if self.find("[Content_Types].xml"):
            return  # a workbook may name its list of sheets otherwise
        raise NotCsv("This is a zip archive. Unpack it, and upload the CSV or .xlsx file in it.")

    def _check_entries(self) -> None:
        """Checks what the archive declares."""
        entries = self._entries.values()
        if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
            raise broken_workbook("it is protected by a password")
        methods = {entry.compress_type for entry in entries}
        if not methods <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise broken_workbook("it is packed in a way that no spreadsheet uses")
        self._check_total_size(sum(entry.file_size for entry in entries))

    def _check_unpacked_sizes(self) -> None:
        """Unpacks every part and checks that it has the size that the archive declares."""
        total = kept = 0
        for name, entry in self._entries.items():
            size = tags = 0
            pieces: list[bytes] = []
            has_strings = name.lower() == SHARED_STRINGS.lower()
            is_kept = name.startswith(_SHEETS) and kept + entry.file_size <= _MAX_KEPT_BYTES
            for piece in self.pieces(name):
                size += len(piece)
                if has_strings:
                    tags += piece.count(b"<")
                if is_kept:
                    pieces.append(piece)
                if size > entry.file_size:
                    raise self._too_large()
            total += size
            if is_kept:
                self._kept[name] = pieces
                kept += size
            if tags > 2 * self._limits.max_workbook_cells:
                raise self._too_large(size)  # the library holds all shared strings in memory
            if size != entry.file_size:
                raise broken_workbook(f"its part {name[:60]} is damaged")
        self._check_total_size(total)

    def _check_total_size(self, size: int) -> None:
        # the size of the file itself: what entries declare as packed sizes may overlap
        packed = self._file.seek(0, 2)
        limits = self._limits
        if size > min(limits.max_workbook_bytes, limits.max_workbook_ratio * packed):
            raise self._too_large(size)

    def _too_large(self, size: int | None = None) -> FileRefused:
        limit = self._limits.max_workbook_bytes
        found = f"{size / MEBIBYTE:,.1f} MiB" if size else "more than it declares"
        return WorkbookTooLarge(
            f"The workbook unpacks to {found}; at most {limit / MEBIBYTE:g} MiB, and "
            f"{self._limits.max_workbook_ratio} times its own size, are allowed. "
            "Save the sheet as CSV (UTF-8), and upload that.",
            limit=limit,
        )

    # --- reading ------------------------------------------------------------------------------

    def _packed_pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        at = self._data_offset(entry)
        end = at + entry.compress_size
        while at < end:
            self._file.seek(at)
            piece = self._file.read(min(_PIECE_BYTES, end - at))
            if not piece:
                raise broken_workbook("the archive is cut off")
            at += len(piece)
            yield piece

    def _data_offset(self, entry: zipfile.ZipInfo) -> int:
        """Where the bytes of a part begin: after its local header, whose length varies."""
        if entry.header_offset < 0:
            raise broken_workbook("the archive is damaged")
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER_BYTES)
        if len(header) < _LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
            raise broken_workbook("the archive is damaged")
        name_bytes = int.from_bytes(header[26:28], "little")
        extra_bytes = int.from_bytes(header[28:30], "little")
        return entry.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Inflates a raw deflate stream, at most `_PIECE_BYTES` of the result at a time."""
    inflate = zlib.decompressobj(_RAW_DEFLATE)
    for raw in packed:
        try:
            while raw:
                yield inflate.decompress(raw, _PIECE_BYTES)
                raw = inflate.unconsumed_tail
        except zlib.error:
            raise broken_workbook("the archive is damaged") from None
