"""How often the guess of an encoding is right: `python -m bench.encodings [TRIALS]`.

Writes the table of docs/file-format.md. A guess is right if the file reads as it was written.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.names import LANGUAGES, encode, is_utf8, make_text
from imports.files.delimited.encoding_guess import likeliest

SIZES = (1, 3, 5, 10, 20, 50, 200)
BEGIN, END = "<!-- encodings:begin -->", "<!-- encodings:end -->"
PAGE = Path(__file__).parents[1] / "docs" / "file-format.md"


def guesses(data: bytes) -> list[str]:
    """The two likeliest encodings of a file that is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return likeliest(io.BytesIO(data), error.start)
    raise ValueError("The file is UTF-8.")


def files(language: str, rows: int, trials: int) -> Iterator[tuple[str, bytes]]:
    """(encoding, file in it) of each encoding of a language."""
    for encoding in LANGUAGES[language].encodings:
        for trial in range(trials):
            data = encode(make_text(language, rows, 1_000 + trial), encoding)
            if not is_utf8(data):
                yield encoding, data


def share(language: str, rows: int, trials: int) -> float:
    """The share of files that are read as they were written."""
    found = [
        data.decode(guesses(data)[0]) == data.decode(encoding)
        for encoding, data in files(language, rows, trials)
    ]
    return sum(found) / len(found)


def main() -> None:
    """Measures and writes the table."""
    trials = int(sys.argv[1]) if sys.argv[1:] else 25
    lines = [
        "| language | encodings | " + " | ".join(map(str, SIZES)) + " |",
        "|---|---|" + "---|" * len(SIZES),
    ]
    for language, case in LANGUAGES.items():
        shares = [f"{share(language, rows, trials):.0%}" for rows in SIZES]
        lines.append(f"| {language} | {', '.join(case.encodings)} | {' | '.join(shares)} |")
        print(lines[-1], flush=True)
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    table = "\n".join(lines)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
