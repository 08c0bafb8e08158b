"""Writes the corpus: small realistic files, each with its expected outcome.

    python tests/data/make.py

Files and expectations are both written by hand in the modules `corpus_*.py`, without the help of
the code that they test. The expectation of `x.csv` is in `x.csv.json`:

    options   what the reader is given beside the file: encoding, sheet, mapping, …;
              guess_encoding: the file is read for a preview
    and for a file that is refused
              refused (the code), facts (some of them), says (words of the message)
    or for a file that is accepted
              encoding, delimiter, header_row, mapping (field -> header), ignored (headers),
              warnings (codes), records ([row number, cells]), problems ([row number, field, code]),
              errors ([row number, field, code] of the rows that are refused)
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
    """Adds a file (text is encoded as UTF-8) and its expected outcome."""
    assert name not in CASES, name
    data = content.encode() if isinstance(content, str) else content
    CASES[name] = data, expected


def accepted(**other: Any) -> dict[str, Any]:
    """The outcome of an ordinary file, with what differs in `other`."""
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
    """The outcome of a file that is refused."""
    return {"refused": code} | other


def numbered(*rows: list[str], first: int = 2) -> list[list[Any]]:
    """Consecutive rows with their row numbers, starting at `first`."""
    return [[number, cells] for number, cells in enumerate(rows, first)]


def cells(text: str) -> list[str]:
    """The cells of a row that is written with semicolons."""
    return text.split(";")


def lines(*rows: list[str], by: str = ",", end: str = "\n") -> str:
    """Rows as text without quotes. `by`: the delimiter; `end`: the line end."""
    return "".join(by.join(cells) + end for cells in rows)


def mapping(**headers: str) -> dict[str, str]:
    """Field -> header."""
    return headers


def main() -> None:
    """Writes every file that differs, and deletes files that belong to no case."""
    os.environ["OPENPYXL_LXML"] = "False"  # lxml writes other bytes
    import corpus_cases_languages  # noqa: F401
    import corpus_cases_text  # noqa: F401
    import corpus_cases_text_more  # noqa: F401
    import corpus_cases_xlsx  # noqa: F401
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
