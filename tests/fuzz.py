"""`script/fuzz`: reads random and mutated files until the time is up or one of them fails.

A file fails if it ends in anything but rows or a refusal with a message, if it takes more than a
second per megabyte, if a row changes on its way through a chunk, or if a row can't be stored in the
database. The file and the options it was read with are then kept in `.local/fuzz/`, and the exit
status is 1.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import pathlib
import random
import resource
import sys
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterable
from typing import Any

from core.errors import Refusal
from devtools.virtualenv import LOCAL, enter_virtualenv, explain_permission_errors

FOLDER = LOCAL / "fuzz"
DATA = pathlib.Path(__file__).parent / "data"
MEGABYTE = 1_000_000
SECONDS_PER_MEGABYTE = 1.0
SECONDS_PER_FILE = 0.5  # allowed beside those
MAX_MEMORY_KB = 1_500_000

TOKENS = [
    *(bytes([b]) for b in b"\",;\t|\r\n\0\x1a\x1b=+-@'\x80\xc3\xe4\xed\xff"),
    *(
        b"\r\n",
        b'""',
        b'","',
        b"\n\n",
        b",,,,",
        b"sep=;\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
    ),
    *(b"email", b"first_name", b"last_name", b"password", b"is_staff", b"a@example.com", b"'="),
    *("é\u2028\u202e\ud7ff".encode(), "\U0001f600".encode(), b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    *(b'<c r="XFD1048576"><v>1</v></c>', b"<row>", b"</sheetData>", b't="e"', b"PK\x03\x04"),
    *(b"1e300", b"-1e300", b's="1"', b's="2"', b'numFmtId="14"', b'numFmtId="46"'),
]
ENCODINGS = [None] * 6 + ["windows-1252", "utf-16", "utf-32", "shift_jis", "gb18030", "cp037", "hz"]
DELIMITERS = [None] * 6 + [",", ";", "tab", "pipe"]
MAPPINGS = [None] * 6 + [{"email": "Email"}, {"full_name": "name"}, {"role": ""}, {"email": "x"}]


class Fuzzer:
    """Makes the file of a number: the same number gives the same file."""

    def __init__(self, number: int, seeds: list[bytes]) -> None:
        self.random = random.Random(number)
        self.seeds = seeds

    def case(self) -> tuple[bytes, dict[str, Any]]:
        """A file, and the options to read it with."""
        pick = self.random.choice
        options = {
            "encoding": pick(ENCODINGS),
            "delimiter": pick(DELIMITERS),
            "mapping": pick(MAPPINGS),
            "preview": pick([False, True]),
            "filename": pick(["users.csv", "users.xlsx", "", "x.php"]),
        }
        return self._content(), options

    def _content(self) -> bytes:
        seed = self.random.choice(self.seeds)
        kind = self.random.random()
        if kind < 0.05:
            return self.random.randbytes(self.random.randrange(5_000))
        if kind < 0.10:
            return self._large()
        if seed.startswith(b"PK\x03\x04") and kind < 0.8:
            return self._repacked(seed)
        return self._mutated(seed, self.random.randint(1, 8))

    def _large(self) -> bytes:
        """A header, followed by one to three short pieces many times."""
        size = self.random.choice([100_000, 1_000_000, 10_000_000])
        pieces = b"".join(self.random.choices(TOKENS, k=self.random.randint(1, 3)))
        header = self.random.choice([b"", b"email,first_name,last_name\n", b'"email"'])
        return (header + pieces * (size // len(pieces)))[:size]

    def _mutated(self, content: bytes, changes: int) -> bytes:
        data = bytearray(content)
        for _ in range(changes):
            at = self.random.randrange(len(data) + 1)
            change = self.random.randrange(6)
            if change == 0:
                data[at : at + 1] = self.random.randbytes(1)
            elif change == 1:
                del data[at : at + self.random.randint(1, 40)]
            elif change == 2:
                data[at:at] = self.random.choice(TOKENS) * self.random.choice([1, 1, 2, 3, 1000])
            elif change == 3:
                data[at:at] = data[at : at + self.random.randint(1, 400)]
            elif change == 4:
                other = self.random.choice(self.seeds)
                data[at:at] = other[: self.random.randint(1, 400)]
            else:
                del data[at:]
        return bytes(data)

    def _repacked(self, content: bytes) -> bytes:
        """A workbook with one mutated part in a valid archive."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as old:
                parts = {info.filename: old.read(info) for info in old.infolist()}
        except (zipfile.BadZipFile, EOFError):
            return self._mutated(content, 3)
        name = self.random.choice(list(parts))
        parts[name] = self._mutated(parts[name], self.random.randint(1, 4))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", self.random.choice([0, zipfile.ZIP_DEFLATED])) as new:
            for part, data in parts.items():
                new.writestr(part, data)
        return file.getvalue()


def read_through(content: bytes, options: dict[str, Any]) -> tuple[str, float]:
    """Reads a file to its end as staging does: (outcome, processor seconds of reading).

    The outcome is "read" or the code of a refusal. Raises AssertionError if a row changes on its
    way through a chunk.
    """
    from imports import files
    from imports.errors import FileRefused

    limits = files.Limits(max_rows=1_000_000, max_bytes=20_000_000)
    options = dict(options)
    read = files.read_for_preview if options.pop("preview", False) else files.read
    outcome = "read"
    checking = 0.0
    started = time.process_time()
    try:
        reading = read(io.BytesIO(content), limits=limits, **options)
        json.dumps(reading.columns.as_json()).encode()
        records = reading.records()
        while chunk := list(itertools.islice(records, 2_000)):
            checking -= time.process_time()
            check_chunk(chunk)
            checking += time.process_time()
    except FileRefused as refusal:
        outcome = refusal.code
        check_refusal(refusal)
    return outcome, time.process_time() - started - checking


def check_refusal(refusal: Refusal) -> None:
    """Raises AssertionError if a refusal has no code of its own or no printable message."""
    assert refusal.code != "file_refused", "a refusal without a code of its own"
    assert refusal.detail.isprintable(), repr(refusal.detail)


def check_chunk(chunk: list[tuple[int, list[str]]]) -> None:
    """Raises AssertionError if rows change in a chunk or hold what PostgreSQL can't store."""
    from imports import files

    first_row = chunk[0][0]
    content = files.encode_chunk(chunk, first_row)
    assert b"\0" not in content, "a NUL character"
    assert list(files.decode_chunk(content, first_row)) == chunk, "changed in its chunk"


def check_cost(content: bytes, seconds: float) -> None:
    """Raises AssertionError if reading a file took too long, or the process too much memory."""
    allowed = SECONDS_PER_FILE + SECONDS_PER_MEGABYTE * len(content) / MEGABYTE
    assert seconds <= allowed, f"{seconds:.1f} s for {len(content):,} bytes"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak < MAX_MEMORY_KB, f"{peak:,} KB of memory"


def try_one(number: int, seeds: list[bytes]) -> tuple[str, int, float]:
    """Reads the file of a number: (outcome, its size in bytes, seconds)."""
    content, options = Fuzzer(number, seeds).case()
    (FOLDER / "number").write_text(str(number))  # readable even if the whole process crashes
    try:
        outcome, seconds = read_through(content, options)
        check_cost(content, seconds)
    except Exception:
        (FOLDER / f"{number}.bin").write_bytes(content)
        (FOLDER / f"{number}.json").write_text(json.dumps(options))
        raise
    return outcome, len(content), seconds


def seeds() -> list[bytes]:
    """The files of tests/data, which are mutated."""
    files = sorted(p for p in DATA.iterdir() if p.suffix not in (".py", ".json", ""))
    return [path.read_bytes() for path in files]


def fuzz(numbers: Iterable[int], seconds: float) -> int:
    """Reads the files of these numbers until the time is up. Gives the exit status."""
    found = seeds()
    outcomes: Counter[str] = Counter()
    slowest = size = 0.0
    end = time.monotonic() + seconds
    for number in numbers:
        try:
            outcome, length, taken = try_one(number, found)
        except Exception:
            traceback.print_exc()
            print(
                f"\nThe file is {FOLDER}/{number}.bin. Read it again: script/fuzz --number {number}"
            )
            return 1
        outcomes[outcome] += 1
        size += length / MEGABYTE
        slowest = max(slowest, taken / max(length / MEGABYTE, 1.0))
        if time.monotonic() > end:
            break
    report(outcomes, size, slowest)
    return 0


def report(outcomes: Counter[str], megabytes: float, slowest: float) -> None:
    """Prints how often each outcome occurred."""
    for outcome, count in outcomes.most_common():
        print(f"{count:9,}  {outcome}")
    print(f"{outcomes.total():9,}  files, {megabytes:,.0f} MB; slowest: {slowest:.2f} s/MB")
    print("No failure found.")


def main() -> int:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to run (60)")
    parser.add_argument("--seed", type=int, default=0, help="selects other random files (0)")
    parser.add_argument("--number", type=int, help="read only the file of this number again")
    options = parser.parse_args()
    enter_virtualenv("local")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.number is not None:
        return fuzz([options.number], 0)
    return fuzz(itertools.count(options.seed * 1_000_000_000), options.seconds)


if __name__ == "__main__":
    with explain_permission_errors():
        sys.exit(main())
