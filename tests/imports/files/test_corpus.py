"""The corpus of tests/data: realistic files, each with its expected outcome in a JSON file."""

from __future__ import annotations

import io
import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from imports import files
from imports.errors import FileRefused
from imports.validation.rows import RowChecker
from tests.paths import ROOT

DATA = ROOT / "tests" / "data"
EXPECTATIONS = sorted(DATA.glob("*.json"))

# The kinds of files that people have and that were once read wrongly: the beginning of the names
# of their files. Of each there is the first file and at least two relatives, with other names,
# another delimiter, another language, or from another program.
KINDS = {
    "t01": "rows that end before the last columns",
    "t02": "each row in one pair of quotes",
    "t03": "blanks behind a closing quote",
    "t04": "a quote in a cell is written with a backslash",
    "t05": "single quotes around cells",
    "t06": "curly and other quotes around cells",
    "t07": "comments",
    "t08": "footers and totals",
    "t09": "a column Name beside one of family names",
    "t11": "passwords, hashes and keys in any column",
    "t12": "HTML entities",
    "t13": "letters damaged by a wrong encoding",
    "t15": "a database's words for no value",
    "t16": 'values written as ="…"',
    "t17": "an apostrophe in front",
    "t18": "invisible marks",
    "t19": "an address with a name beside it",
    "t21": "signs behind an address",
    "t22": "short files in old encodings",
    "t23": "two columns with one header",
    "t24": "contacts above the header",
    "t25": "remarks in the header",
    "t26": "a role that is a job title",
    "t27": "words for yes and no",
    "t28": "another delimiter in the header than in the rows",
    "t32": "columns padded with blanks",
    "t33": "letters with separate accents",
    "t34": "a web page called .xls",
    "t43": "the header repeated below",
    "t50": "several or special blanks within a value",
    "t52": "headers in other languages",
    "t54": "a stray quote",
    "t57": "people whom the source has suspended",
    "t58": "blanks around quoted cells",
    "t64": "a list of addresses",
    "x01": "error values in cells",
    "x02": "hidden rows and columns",
    "x03": "merged cells",
    "x04": "instructions on the first sheet",
    "x05": "several sheets with users",
    "x06": "formulas without a value",
    "x07": "rows with nothing but a tick box or a number",
    "x08": "dates that were texts",
    "x09": "number formats",
    "x10": "texts that the workbook does not hold",
    "x16": "parts with other names",
    "x20": "a wrong dimension",
    "x25": "links under addresses",
    "x28": "hundreds of pictures and other parts",
    "x34": "headings and totals between the rows",
}


def outcome(path: pathlib.Path, options: dict[str, Any]) -> dict[str, Any]:
    """The outcome of reading a file, in the form of the expectations (see tests/data/make.py)."""
    file = io.BytesIO(path.read_bytes())
    read = files.read_for_preview if options.pop("guess_encoding", False) else files.read
    try:
        reading = read(file, filename=path.name, limits=files.Limits(), **options)
        records = [(row, list(cells)) for row, cells in reading.records()]
        checker = RowChecker(reading.columns)
    except FileRefused as refusal:
        return {"refused": refusal.code, "facts": refusal.facts, "says": refusal.detail}
    return {
        "kind": reading.kind,
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "sheet": reading.sheet,
        "header_row": reading.header_row,
        "mapping": reading.columns.mapping,
        "ignored": list(reading.columns.ignored),
        "warnings": [warning.code for warning in reading.warnings],
        "records": [list(record) for record in records],
        "problems": [
            [row, reading.field_of(problem.column), problem.code]
            for row, problems in reading.problems.items()
            for problem in problems
        ],
        "errors": [
            [row, problem.field, problem.code]
            for row, cells in records
            if isinstance(checked := checker.check(cells), list)
            for problem in checked
        ],
    }


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda path: path.stem)
def test_a_file_gives_the_expected_outcome(expectation: pathlib.Path) -> None:
    expected = json.loads(expectation.read_text("utf-8"))
    options = expected.pop("options", {})
    found = outcome(expectation.with_suffix(""), options)
    for words in expected.pop("says", []):
        assert words in found["says"]
    for fact, value in expected.pop("facts", {}).items():
        assert found["facts"][fact] == value
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_was_read_wrongly_has_a_file_and_two_relatives(kind: str) -> None:
    assert len([path for path in EXPECTATIONS if path.name.startswith(kind)]) >= 3


def test_every_such_file_is_of_a_kind() -> None:
    found = {path.name[:3] for path in EXPECTATIONS if re.match(r"[tx]\d\d", path.name)}
    assert found == set(KINDS)


def test_the_corpus_has_at_least_60_files() -> None:
    assert len(EXPECTATIONS) >= 60


def test_every_file_has_an_expectation_and_every_expectation_a_file() -> None:
    files = {p.name for p in DATA.iterdir() if p.suffix not in (".json", ".py", "") and p.is_file()}
    assert files == {path.stem for path in EXPECTATIONS}


def test_the_committed_files_are_those_that_the_script_writes(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("openpyxl")
    for script in DATA.glob("*.py"):
        (tmp_path / script.name).write_bytes(script.read_bytes())
    subprocess.run([sys.executable, tmp_path / "make.py"], check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    kept = {path.name: path.read_bytes() for path in DATA.iterdir() if path.is_file()}
    kept.pop(".gitattributes")
    assert {name for name in made | kept if made.get(name) != kept.get(name)} == set()
