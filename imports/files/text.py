"""Decodes bytes and splits text into lines. Holds at most one block and one line in memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

BLOCK_BYTES = 65_536

# str.splitlines also splits at these, which are ordinary characters in a cell.
_OTHER_BREAKS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


class Encoding(NamedTuple):
    """How the bytes of a file are decoded.

    `name` is the codec's name as users know it; `mark_bytes` the length of the byte-order mark.
    `is_declared`: the client or the byte-order mark says so; otherwise UTF-8 is assumed or another
    encoding is guessed.
    """

    codec: str
    name: str
    mark_bytes: int = 0
    is_declared: bool = False


class DecodeError(Exception):
    """The byte at `offset` can't be decoded, or is a NUL character (`is_nul`)."""

    def __init__(self, offset: int, *, is_nul: bool = False) -> None:
        self.offset = offset
        self.is_nul = is_nul
        super().__init__(offset)


class LineTooLong(Exception):
    """A physical line is longer than allowed. `text` is its beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(len(text))


def decode_blocks(file: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The text of a file in blocks. Raises DecodeError at the first undecodable byte or NUL.

    Keeps its own position in the file: other code may read from the file in between.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    offset = encoding.mark_bytes
    final = False
    while not final:
        file.seek(offset)
        raw = file.read(BLOCK_BYTES)
        final = not raw
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(raw, final)
        except UnicodeError as error:
            raise DecodeError(offset - pending + getattr(error, "start", 0)) from None
        if "\0" in text:
            before = text[: text.index("\0")]
            at = offset - pending + _encoded_length(before, encoding.codec)
            raise DecodeError(at, is_nul=True)
        offset += len(raw)
        yield text


def _encoded_length(text: str, codec: str) -> int:
    try:
        return len(text.encode(codec))
    except UnicodeError:
        return len(text)


def line_blocks(texts: Iterator[str], max_chars: int) -> Iterator[str]:
    """The same text, regrouped into blocks that end where a line ends (LF, CRLF or CR).

    Raises LineTooLong. Leaves out a Ctrl-Z at the very end, which DOS programs wrote.
    """
    carry = ""
    for text in texts:
        text = carry + text
        # a CR at the end may be the first half of a CRLF
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        block, carry = text[:cut], text[cut:]
        if block:
            yield block
        if len(carry) > max_chars:
            raise LineTooLong(carry)
    carry = carry.removesuffix("\x1a")
    if carry:
        yield carry


def split_lines(text: str) -> list[str]:
    """The lines of a block, with their line ends."""
    if any(mark in text for mark in _OTHER_BREAKS):
        return list(io.StringIO(text, newline=""))
    return text.splitlines(keepends=True)


def may_have_long_line(text: str, max_chars: int) -> bool:
    """Whether a line may have more than `max_chars` characters; False is certain.

    Such a line leaves a whole step of half as many characters without a line feed. A few searches
    are faster than measuring all lines.
    """
    step = max(max_chars // 2, 1)
    return any(text.find("\n", at, at + step) < 0 for at in range(0, len(text) - step + 1, step))


def count_lines(text: str) -> int:
    """The number of line ends (LF, CRLF or CR) in a text."""
    returns = text.count("\r")
    feeds = text.count("\n")
    return feeds + returns - text.count("\r\n") if returns else feeds
