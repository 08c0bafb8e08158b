"""Guesses in which encoding a file was written that is not UTF-8."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

from imports.files.delimited.encoding_ranking import UNREADABLE, high_bytes, is_single_byte, rank
from imports.files.text import BLOCK_BYTES, DecodeError, Encoding, decode_blocks

_SAMPLE_BYTES: Final = 65_536
_SEARCHED_BYTES: Final = 1_048_576  # for lines beyond ASCII
_BYTES_BEFORE: Final = 2_000  # the first byte that is not UTF-8 may be within a character
_SEPARATORS: Final = (b"\n", b"\r", b",", b";", b"\t", b'"', b" ")  # part of no other character


def likeliest(file: BinaryIO, offset: int) -> list[str]:
    """The two likeliest codecs of a file that read it differently, the likeliest first.

    `offset` is that of the first byte that is not UTF-8. Each codec can read all of the file, and
    gives no control character beyond ASCII and no character of private use."""
    sample = _sample(file, offset)
    whole = _WholeFile(file)
    found: dict[str, str] = {}  # the sample as it reads -> codec
    for codec, _ in rank(sample):
        text = codecs.getincrementaldecoder(codec)("strict").decode(sample)
        if text not in found and whole.is_readable(codec):
            found[text] = codec
        if len(found) == 2:
            break
    return list(found.values())


def is_readable(file: BinaryIO, codec: str) -> bool:
    """Whether a codec can read all of a file, and gives no control character beyond ASCII."""
    return _WholeFile(file).is_readable(codec)


def reread(text: str, encoding: str, other: str) -> str | None:
    """A text that was read in one encoding, as it reads in another; None if it can't be read."""
    try:
        found = text.encode(encoding).decode(other)
    except UnicodeError:
        return None
    return None if UNREADABLE.search(found) else found


def _sample(file: BinaryIO, offset: int) -> bytes:
    """The lines beyond ASCII from the first byte on that is not UTF-8, at most 64 KiB."""
    start = max(offset - _BYTES_BEFORE, 0)
    file.seek(start)
    before = file.read(offset - start)
    start += max(map(before.rfind, _SEPARATORS)) + 1
    file.seek(start)
    lines = file.read(_SEARCHED_BYTES).splitlines(keepends=True)
    return b"".join(line for line in lines if not line.isascii())[:_SAMPLE_BYTES]


class _WholeFile:
    """Tells which codecs can read a file to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._high: bytes | None = None

    def is_readable(self, codec: str) -> bool:
        """Whether a codec reads all of the file. A NUL character, which refuses the file later,
        ends it here."""
        try:
            if is_single_byte(codec):
                return not UNREADABLE.search(self._all_high_bytes().decode(codec))
            texts = decode_blocks(self._file, Encoding(codec, codec))
            return not any(map(UNREADABLE.search, texts))
        except DecodeError as error:
            return error.is_nul
        except UnicodeError:
            return False

    def _all_high_bytes(self) -> bytes:
        """The different bytes beyond ASCII, which are all that differs between the encodings of
        single bytes."""
        if self._high is None:
            found = b""
            self._file.seek(0)
            while block := self._file.read(BLOCK_BYTES):
                found += high_bytes(block.translate(None, found))
            self._high = found
        return self._high
