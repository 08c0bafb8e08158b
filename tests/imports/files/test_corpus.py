"""The corpus of tests/data: realistic files, each with its expected outcome in a JSON file."""

from __future__ import annotations

import io
import json
import pathlib
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
