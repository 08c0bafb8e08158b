"""Makes the corpus: small files as people really have them, and beside each what must come of it.

    python tests/data/make.py

Every case is written here by hand, the file and the expectation both; nothing below calls the code
that it is there to check. A file `x.csv` has its expectation in `x.csv.json`:

    options   what is given to the reader beside the file (encoding, sheet, mapping, …)
    either    refused (the code), facts (some of its facts), says (words of its sentence)
    or        encoding, delimiter, header_row, mapping (field -> header), ignored, warnings (codes),
              records ([row number, cells])
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
from typing import Any

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

HEADER = ["email", "first_name", "last_name"]
PLAIN = {"email": "email", "first_name": "first_name", "last_name": "last_name"}
ANN = ["ann.lee@example.com", "Ann", "Lee"]
JOERG = ["joerg@example.com", "Jörg", "Müßig"]
JOSE = ["jose@example.com", "José", "Núñez"]

CASES: dict[str, tuple[bytes, dict[str, Any]]] = {}


def case(name: str, content: bytes | str, **expected: Any) -> None:
    """One file (text is written as UTF-8) and what must come of it."""
    assert name not in CASES, name
    data = content.encode() if isinstance(content, str) else content
    CASES[name] = data, expected


def fine(**other: Any) -> dict[str, Any]:
    """What comes of an ordinary file, where `other` does not say otherwise."""
    usual = {
        "encoding": "utf-8",
        "delimiter": ",",
        "header_row": 1,
        "mapping": PLAIN,
        "ignored": [],
        "warnings": [],
    }
    return usual | other


def refused(code: str, **other: Any) -> dict[str, Any]:
    """What comes of a file that is refused as a whole."""
    return {"refused": code} | other


def numbered(*rows: list[str], first: int = 2) -> list[list[Any]]:
    """Rows that follow one another: with their numbers."""
    return [[number, cells] for number, cells in enumerate(rows, first)]


def cells(text: str) -> list[str]:
    """The cells of a row, written with semicolons between them."""
    return text.split(";")


def lines(*rows: list[str], by: str = ",", end: str = "\n") -> str:
    """Rows as text, without any quoting."""
    return "".join(by.join(cells) + end for cells in rows)


def mapping(**headers: str) -> dict[str, str]:
    """Field -> header."""
    return headers


def main() -> None:
    """Write every file that differs, and take away what no case makes."""
    os.environ["OPENPYXL_LXML"] = "False"  # which writes the same in another way
    import corpus_exports  # noqa: F401
    import corpus_headers  # noqa: F401
    import corpus_text  # noqa: F401
    import corpus_xlsx  # noqa: F401

    wanted = {}
    for name, (data, expected) in CASES.items():
        wanted[name] = data
        text = json.dumps(expected, ensure_ascii=False, indent=1)
        wanted[f"{name}.json"] = text.encode() + b"\n"
    for name, data in wanted.items():
        path = HERE / name
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
    for path in HERE.glob("*"):
        if path.suffix not in (".py", "") and path.name not in wanted:
            path.unlink()
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    sys.modules["make"] = sys.modules["__main__"]
    main()
