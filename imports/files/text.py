"""Bytes -> text, in blocks of whole lines. Nothing here holds more than one block and one line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

BLOCK_BYTES = 65_536

# str.splitlines also splits at these, which are ordinary characters in a cell.
_OTHER_BREAKS = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


class Encoding(NamedTuple):
    """How the bytes of a file become text. `start`: the length of its byte-order mark.

    `named`: a client or that mark says so; `guessed`: nobody does.
    """

    codec: str
    name: str
    start: int = 0
    named: bool = False
    guessed: bool = False


class Fault(Exception):
    """The byte at `offset` can't be read: not in this encoding, or NUL."""

    def __init__(self, offset: int, *, nul: bool = False) -> None:
        self.offset = offset
        self.nul = nul
        super().__init__(offset)


class LineTooLong(Exception):
    """A physical line goes on for too long; `text` is its beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(len(text))


def decoded(file: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The text of a file in blocks. Raises Fault at the first byte that can't be read or is NUL.

    The position in the file is this function's own: others may read from it in between.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    offset = encoding.start
    final = False
    while not final:
        file.seek(offset)
        raw = file.read(BLOCK_BYTES)
        final = not raw
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(raw, final)
        except UnicodeError as error:
            raise Fault(offset - pending + getattr(error, "start", 0)) from None
        if "\0" in text:
            before = text[: text.index("\0")]
            raise Fault(offset - pending + _size(before, encoding.codec), nul=True)
        offset += len(raw)
        yield text


def _size(text: str, codec: str) -> int:
    try:
        return len(text.encode(codec))
    except UnicodeError:
        return len(text)


def whole_lines(texts: Iterator[str], max_chars: int) -> Iterator[str]:
    """The same text in blocks that end where a line ends (LF, CRLF or CR).

    Raises LineTooLong. A Ctrl-Z at the very end, which DOS programs wrote, is left out.
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
    """The lines of a block, with their ends."""
    if any(mark in text for mark in _OTHER_BREAKS):
        return list(io.StringIO(text, newline=""))
    return text.splitlines(keepends=True)


def count_lines(text: str) -> int:
    """How many line ends there are."""
    returns = text.count("\r")
    feeds = text.count("\n")
    return feeds + returns - text.count("\r\n") if returns else feeds
