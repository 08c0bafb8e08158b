"""What a file is, from its first bytes, and the encoding of its text."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

import cchardet

from imports.errors import EncodingUnknown, FileRefused, UnknownEncoding
from imports.files.messages import unreadable
from imports.files.text import Encoding, Fault, decoded
from imports.schema.columns import Notice

UTF8 = Encoding("utf-8", "utf-8")
_SAMPLE_BYTES = 65_536

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


# --- encodings --------------------------------------------------------------------------------

# Codecs of Python that are no character encodings of files, or that can smuggle in anything.
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
_SPOKEN = {"ansi": "cp1252", "windows": "cp1252", "excel": "cp1252", "unicode": "utf-16"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+ -]{0,39}")


def named_encoding(name: str) -> Encoding:
    """The encoding that a client named. Raises UnknownEncoding."""
    wanted = name.strip()
    codec = _codec(_SPOKEN.get(wanted.lower(), wanted))
    if codec is None:
        raise UnknownEncoding(
            f'"{"".join(filter(str.isprintable, wanted[:40]))}" is not an encoding that can be '
            "read. Name one such as utf-8, utf-16, windows-1252, iso-8859-15, cp850 or macroman.",
        )
    return Encoding(codec, spoken_name(codec), named=True)


def _codec(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    codec = info.name.replace("_", "-")
    is_text = getattr(info, "_is_text_encoding", False) and info.incrementaldecoder is not None
    if not is_text or codec in _NOT_FOR_FILES:
        return None
    # without a mark these two mean little-endian; utf-8-sig is utf-8 whose mark is looked for
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)


def spoken_name(codec: str) -> str:
    """The name under which people know a codec: windows-1252 rather than cp1252."""
    if codec == "shift-jis":
        return "shift_jis"
    if re.fullmatch(r"cp125\d", codec):
        return codec.replace("cp", "windows-")
    return re.sub(r"^iso8859-", "iso-8859-", codec)


def find_encoding(
    file: BinaryIO, head: bytes, named: str | None, *, guess: bool
) -> tuple[Encoding, list[Notice]]:
    """The encoding to read a file in, and what is to be said about it.

    A byte-order mark decides; then what the client named; then UTF-8. What is not UTF-8 is guessed
    only if `guess` says so; otherwise the first byte that is not UTF-8 refuses the file, here or
    while its rows are read.
    """
    wanted = named_encoding(named) if named else None
    marked = _marked(head)
    if marked:
        return marked, _overruled(marked, wanted)
    if wanted:
        return wanted, []
    wide = _wide(head)
    if b"\0" in head and not wide:
        raise unreadable(file, UTF8, Fault(head.index(0), nul=True), None)
    if guess:
        return _guessed(file, wide)
    if wide:
        raise _no_mark(wide)
    return UTF8, []


def _marked(head: bytes) -> Encoding | None:
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, codec, start=len(mark), named=True)
    return None


def _overruled(marked: Encoding, wanted: Encoding | None) -> list[Notice]:
    if wanted is None or wanted.codec == marked.codec:
        return []
    return [
        Notice(
            None,
            "encoding_mark",
            f"The file carries the byte-order mark of {marked.name} and was read in that, "
            f"not in {wanted.name}.",
        )
    ]


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: of Latin letters, digits and delimiters every other byte is zero."""
    sample = head[: len(head) // 2 * 2]
    if len(sample) < 4:
        return None
    even, odd = sample[::2], sample[1::2]
    if odd.count(0) > 0.2 * len(odd) and even.count(0) < 0.02 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.2 * len(even) and odd.count(0) < 0.02 * len(odd):
        return "utf-16-be"
    return None


def _no_mark(name: str) -> FileRefused:
    return EncodingUnknown(
        f"The file is not UTF-8: it looks like {name} without a byte-order mark. "
        f'Save it as "CSV UTF-8", or send "encoding={name}" with it after a look at the preview.',
        guess=name,
        offset=0,
        line=1,
    )


def _guessed(file: BinaryIO, wide: str | None) -> tuple[Encoding, list[Notice]]:
    fault = None if wide else first_fault(file, UTF8)
    if not wide and (fault is None or fault.nul):
        return UTF8, []
    hint = wide or likeliest(file, fault.offset if fault else 0)
    for codec in dict.fromkeys(filter(None, (hint, "cp1252", "latin-1"))):
        encoding = Encoding(codec, spoken_name(codec), guessed=True)
        found = first_fault(file, encoding)
        if found is None or found.nul:
            return encoding, [_guess_notice(encoding)]
    raise AssertionError("latin-1 reads every byte")


def _guess_notice(encoding: Encoding) -> Notice:
    return Notice(
        None,
        "encoding_guessed",
        f"The file is not UTF-8. It is shown as {encoding.name}, which is a guess: check letters "
        f'such as ä, é or ñ. To import it, name the encoding ("encoding={encoding.name}").',
    )


def first_fault(file: BinaryIO, encoding: Encoding) -> Fault | None:
    """The first byte that can't be read in an encoding, of the whole file."""
    try:
        for _ in decoded(file, encoding):
            pass
    except Fault as fault:
        return fault
    return None


def likeliest(file: BinaryIO, offset: int) -> str | None:
    """The codec that a file is probably written in, from a sample around its first odd byte."""
    file.seek(max(offset - 2_000, 0))
    found = cchardet.detect(file.read(_SAMPLE_BYTES))["encoding"]
    codec = _codec(found) if found else None
    if codec in (None, "ascii", "utf-8"):
        return "cp1252"
    # as browsers do: Latin-1 has control characters where Windows has letters and quotes
    return "cp1252" if codec == "iso8859-1" else codec


def undecodable(file: BinaryIO, encoding: Encoding, fault: Fault) -> FileRefused:
    """The refusal for a byte that can't be read, with a guess where no encoding was named."""
    codec = None if encoding.named or fault.nul else likeliest(file, fault.offset)
    return unreadable(file, encoding, fault, spoken_name(codec) if codec else None)
