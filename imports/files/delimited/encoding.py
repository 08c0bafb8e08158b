"""Finds the encoding of a text file: declared, assumed to be UTF-8, or guessed for a preview."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, NamedTuple

from imports.errors import EncodingUnknown, FileRefused, UnknownEncoding
from imports.files.delimited.encoding_guess import is_readable, likeliest
from imports.files.messages import undecodable
from imports.files.text import DecodeError, Encoding, decode_blocks
from imports.schema.warnings import FileWarning

UTF8 = Encoding("utf-8", "utf-8")

# The encodings that forms offer: name -> label. Any other that Python knows can be named as well.
COMMON_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "windows-1252": "Windows, Western Europe (windows-1252)",
    "windows-1250": "Windows, Central Europe (windows-1250)",
    "windows-1251": "Windows, Cyrillic (windows-1251)",
    "iso-8859-15": "ISO, Western Europe (iso-8859-15)",
    "macroman": "Mac, Western Europe (macroman)",
    "cp850": "DOS, Western Europe (cp850)",
    "shift_jis": "Japanese (shift_jis)",
    "gb18030": "Chinese (gb18030)",
}

# UTF-32 stands before UTF-16, whose little-endian mark is the beginning of its own.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


# --- names ------------------------------------------------------------------------------------

# Python's codecs that no file is written in, and those whose escapes can produce any character.
_NOT_FOR_FILES = frozenset(
    {
        "idna",
        "punycode",
        "unicode-escape",
        "raw-unicode-escape",
        "utf-7",
        "undefined",
        "mbcs",
        "oem",
    }
)
_NICKNAMES = {"ansi": "cp1252", "windows": "cp1252", "excel": "cp1252", "unicode": "utf-16"}
_WINDOWS = re.compile(r"cp125\d")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+ -]{0,39}")


def named_encoding(name: str) -> Encoding:
    """The encoding that a client named. Raises UnknownEncoding."""
    wanted = name.strip()
    codec = _codec(_NICKNAMES.get(wanted.lower(), wanted))
    if codec is None:
        raise UnknownEncoding(
            f'"{"".join(filter(str.isprintable, wanted[:40]))}" is not an encoding that can be '
            "read. Name one such as utf-8, utf-16, windows-1252, iso-8859-15, cp850 or macroman.",
        )
    return Encoding(codec, display_name(codec), is_declared=True)


def _codec(name: str) -> str | None:
    """Python's name of a character encoding that files are written in; None for anything else."""
    if not _NAME.fullmatch(name) or not _is_text_encoding(name):
        return None
    info = codecs.lookup(name)
    codec = info.name.replace("_", "-")
    if info.incrementaldecoder is None or codec in _NOT_FOR_FILES:
        return None
    # without a mark these two mean little-endian; the mark of utf-8-sig is looked for anyway
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)


def _is_text_encoding(name: str) -> bool:
    """Whether Python knows the name as an encoding of text, unlike base64, zlib or rot13."""
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def display_name(codec: str) -> str:
    """The common name of a codec: windows-1252 rather than cp1252."""
    if codec == "shift-jis":
        return "shift_jis"
    if _WINDOWS.fullmatch(codec):
        return codec.replace("cp", "windows-")
    return f"iso-{codec.removeprefix('iso')}" if codec.startswith("iso8859-") else codec


# --- detection --------------------------------------------------------------------------------


class Detected(NamedTuple):
    """The encoding to read a file in, and the warnings about it.

    `guesses`: the names of the likeliest encodings, if it was guessed: its own, and that of the
    next that reads the file in another way.
    """

    encoding: Encoding
    warnings: list[FileWarning]
    guesses: tuple[str, ...] = ()


def find_encoding(file: BinaryIO, head: bytes, named: str | None, *, guess: bool) -> Detected:
    """Finds the encoding of a file. Raises FileRefused.

    A byte-order mark decides; then what the client named; then UTF-8 is assumed. A file that is not
    UTF-8 is read in a guessed encoding if `guess` is true. Otherwise the first byte that is not
    UTF-8 refuses the file, here or while its rows are read.
    """
    wanted = named_encoding(named) if named else None
    marked = _from_byte_order_mark(head)
    if marked:
        return Detected(marked, _contradictions(marked, wanted))
    if wanted:
        return Detected(wanted, [])
    utf16 = _utf16_without_mark(head)
    if b"\0" in head and not utf16:
        raise undecodable(file, UTF8, DecodeError(head.index(0), is_nul=True), None)
    if guess:
        return _guess(file, utf16)
    if utf16:
        raise _utf16_refusal(utf16)
    return Detected(UTF8, [])


def _from_byte_order_mark(head: bytes) -> Encoding | None:
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return Encoding(codec, codec, mark_bytes=len(mark), is_declared=True)
    return None


def _contradictions(marked: Encoding, wanted: Encoding | None) -> list[FileWarning]:
    """A warning if the client named another encoding than the byte-order mark."""
    if wanted is None or wanted.codec == marked.codec:
        return []
    return [
        FileWarning(
            code="encoding_mark",
            message=f"The file has the byte-order mark of {marked.name} and was read as "
            f"{marked.name}, not as {wanted.name}.",
        )
    ]


def _utf16_without_mark(head: bytes) -> str | None:
    """The UTF-16 codec of bytes in which every other one is often zero, as in Latin text."""
    sample = head[: len(head) // 2 * 2]
    if len(sample) < 4:
        return None
    even, odd = sample[::2], sample[1::2]
    if odd.count(0) > 0.2 * len(odd) and even.count(0) < 0.02 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.2 * len(even) and odd.count(0) < 0.02 * len(odd):
        return "utf-16-be"
    return None


def _utf16_refusal(name: str) -> FileRefused:
    return EncodingUnknown(
        f"The file is not UTF-8: it looks like {name} without a byte-order mark. "
        f'Save it as "CSV UTF-8", or look at the preview and send "encoding={name}".',
        guess=name,
        offset=0,
        line=1,
    )


# --- guessing ---------------------------------------------------------------------------------


def _guess(file: BinaryIO, utf16: str | None) -> Detected:
    """UTF-8 if the whole file is UTF-8, or else the likeliest encoding that has all its bytes."""
    if utf16 and is_readable(file, utf16):
        encoding = Encoding(utf16, utf16)
        return Detected(encoding, [_guess_notice(encoding)])
    error = _first_decode_error(file, UTF8)
    if error is None or error.is_nul:
        return Detected(UTF8, [])
    guesses = likeliest(file, error.offset)
    encoding = Encoding(guesses[0], display_name(guesses[0]))
    return Detected(encoding, [_guess_notice(encoding)], tuple(map(display_name, guesses)))


def _guess_notice(encoding: Encoding) -> FileWarning:
    return FileWarning(
        code="encoding_guessed",
        message=f"The file is not UTF-8. It is shown as {encoding.name}, which is a guess: check "
        f'letters such as ä, é or ñ. To import it, name the encoding ("encoding={encoding.name}").',
    )


def _first_decode_error(file: BinaryIO, encoding: Encoding) -> DecodeError | None:
    """Decodes the whole file, up to the first error."""
    try:
        for _ in decode_blocks(file, encoding):
            pass
    except DecodeError as error:
        return error
    return None


def decode_refusal(file: BinaryIO, encoding: Encoding, error: DecodeError) -> FileRefused:
    """The refusal for a decode error; it names a guess if the encoding was only assumed."""
    if encoding.is_declared or error.is_nul:
        return undecodable(file, encoding, error, None)
    return undecodable(file, encoding, error, display_name(likeliest(file, error.offset)[0]))
