"""The zip archive that an .xlsx file is: checked for bombs before anything reads it.

Sizes are not believed: every entry is unpacked once, piece by piece, and counted. Where the archive
says one thing and holds another it is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from imports.errors import BrokenWorkbook, FileRefused, NotCsv, WorkbookTooLarge
from imports.files.source import MEBIBYTE, Limits

_PIECE_BYTES = 262_144
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1
_TEXTS = "xl/sharedstrings.xml"
_SAVE = "Save the table as .xlsx or as CSV (UTF-8), and upload that."

# A file that only the given kind of archive has, and what to say of it.
_OTHER_PACKAGES = (
    ("xl/workbook.bin", f"This is a binary Excel workbook (.xlsb). {_SAVE}"),
    ("content.xml", f"This is an OpenDocument file (.ods or its like). {_SAVE}"),
    ("word/document.xml", f"This is a Word document. {_SAVE}"),
    ("ppt/presentation.xml", f"This is a PowerPoint presentation. {_SAVE}"),
    ("Index/Document.iwa", f"This is an Apple Numbers document. {_SAVE}"),
    ("Index.zip", f"This is an Apple Numbers document. {_SAVE}"),
    ("META-INF/MANIFEST.MF", f"This is a Java archive. {_SAVE}"),
)


def is_zip(head: bytes) -> bool:
    """Whether a file begins as a zip archive does (an empty one included)."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def broken(why: str) -> BrokenWorkbook:
    """The refusal for a workbook that can't be trusted."""
    return BrokenWorkbook(
        f"The workbook can't be read: {why}. Open it in a spreadsheet, save it again as .xlsx (or "
        "as CSV UTF-8), and upload that."
    )


class Package:
    """The parts of a workbook, every one of them counted."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        """Raises NotCsv, BrokenWorkbook or WorkbookTooLarge."""
        self._file = file
        self._limits = limits
        self._infos = self._directory()
        self._refuse_other_packages()
        self._refuse_bombs()

    def names(self) -> list[str]:
        """The names of all parts."""
        return list(self._infos)

    def find(self, name: str) -> str | None:
        """The part of that name, in whichever case it is written."""
        if name in self._infos:
            return name
        return next((n for n in self._infos if n.lower() == name.lower()), None)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, unpacked, piece by piece."""
        info = self._infos[name]
        at = self._start_of(info)
        end = at + info.compress_size
        inflate = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
        while at < end:
            self._file.seek(at)
            raw = self._file.read(min(_PIECE_BYTES, end - at))
            if not raw:
                raise broken("the archive is cut off")
            at += len(raw)
            yield from _inflated(inflate, raw) if inflate else (raw,)

    def read(self, name: str, max_bytes: int) -> bytes:
        """A small part as a whole. Raises BrokenWorkbook where it is not small."""
        if self._infos[name].file_size > max_bytes:
            raise broken(f"its part {name} is too large")
        return b"".join(self.pieces(name))

    # --- checks -------------------------------------------------------------------------------

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                infos = archive.infolist()
                comment = archive.comment
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
            raise broken("the archive is damaged or cut off") from None
        if len(infos) > self._limits.max_workbook_entries:
            raise WorkbookTooLarge(
                f"The workbook holds {len(infos):,} parts; at most "
                f"{self._limits.max_workbook_entries:,} are allowed. Save the table alone as CSV.",
                limit=self._limits.max_workbook_entries,
            )
        if comment or len({info.filename.lower() for info in infos}) != len(infos):
            raise broken("the archive is not one that a spreadsheet writes")
        return {info.filename: info for info in infos}

    def _refuse_other_packages(self) -> None:
        if self.find("xl/workbook.xml"):
            return
        for name, sentence in _OTHER_PACKAGES:
            if name in self._infos:
                raise NotCsv(sentence)
        if self.find("[Content_Types].xml"):
            raise broken("it has no list of sheets where it should be")
        raise NotCsv("This is a zip archive. Unpack it, and upload the CSV or .xlsx file in it.")

    def _refuse_bombs(self) -> None:
        infos = self._infos.values()
        if any(info.flag_bits & _ENCRYPTED for info in infos):
            raise broken("it is protected by a password")
        if any(
            info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos
        ):
            raise broken("it is packed in a way that no spreadsheet uses")
        self._refuse_size(sum(info.file_size for info in infos))
        counted = 0
        for name, info in self._infos.items():
            size = tags = 0
            for piece in self.pieces(name):
                size += len(piece)
                tags += piece.count(b"<")
                if size > info.file_size:
                    raise self._too_large()
            counted += size
            if name.lower() == _TEXTS and tags > 2 * self._limits.max_workbook_cells:
                raise self._too_large(size)  # texts are held in memory, every one of them
            if size != info.file_size:
                raise broken(f"its part {name[:60]} is damaged")
        self._refuse_size(counted)

    def _refuse_size(self, size: int) -> None:
        packed = self._file.seek(0, 2)  # what the entries say of themselves may overlap
        most = min(self._limits.max_workbook_bytes, self._limits.max_workbook_ratio * packed)
        if size > most:
            raise self._too_large(size)

    def _too_large(self, size: int | None = None) -> FileRefused:
        limit = self._limits.max_workbook_bytes
        found = f"{size / MEBIBYTE:,.1f} MB" if size else "more than it says"
        return WorkbookTooLarge(
            f"The workbook unpacks to {found}; at most {limit / MEBIBYTE:g} MB, and "
            f"{self._limits.max_workbook_ratio} times its own size, are allowed. "
            "Save the sheet as CSV (UTF-8), and upload that.",
            limit=limit,
        )

    def _start_of(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a part begin: behind a header of its own."""
        if info.header_offset < 0:
            raise broken("the archive is damaged")
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER_BYTES)
        if len(header) < _LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
            raise broken("the archive is damaged")
        lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        return info.header_offset + _LOCAL_HEADER_BYTES + sum(lengths)


def _inflated(inflate: zlib._Decompress, raw: bytes) -> Iterator[bytes]:
    try:
        while raw:
            yield inflate.decompress(raw, _PIECE_BYTES)
            raw = inflate.unconsumed_tail
    except zlib.error:
        raise broken("the archive is damaged") from None
