"""docs/file-format.md agrees with the code: columns, names, limits, refusals and warnings."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from imports import errors, files
from imports.files.delimiters import DELIMITERS
from imports.schema.fields import FIELDS
from imports.schema.header_names import (
    FORBIDDEN_HEADERS,
    LANGUAGES,
    MAX_HEADER_CHARS,
    normalise,
)
from tests.imports.files.helpers import open_file, refusal_of
from tests.paths import ROOT

TEXT = (ROOT / "docs" / "file-format.md").read_text("utf-8")
LIMITS = files.Limits()


def table(name: str) -> dict[str, list[str]]:
    """The rows of the table between two markers: first cell -> the others."""
    body = TEXT.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in body.strip().splitlines()[2:]]
    return {first.strip("`"): others for first, *others in rows}


def words(cell: str) -> list[str]:
    """The words between backticks."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("field", FIELDS)
def test_the_names_of_a_field_agree_with_the_code(field: str) -> None:
    aliases, fallbacks = table("names")[field]
    assert set(words(aliases)) <= set(FIELDS[field].aliases)
    assert set(words(fallbacks)) <= set(FIELDS[field].fallbacks)
    english = LANGUAGES["en"]
    if not field.endswith("_access"):
        assert words(aliases) == [normalise(word) for word in english.get(field, ())]
        assert words(fallbacks) == [normalise(w) for w in english.get(f"{field}_fallback", ())]


PASSWORDS = ("password", "password_word", "password_ending")


def test_the_other_names_agree_with_the_code() -> None:
    others = [words(cells[0]) for name, cells in table("names").items() if name not in FIELDS]
    assert others == [
        [normalise(word) for kind in ("full_name", "name") for word in LANGUAGES["en"][kind]],
        [normalise(w) for kind in PASSWORDS for w in LANGUAGES["en"][kind]],
        sorted(FORBIDDEN_HEADERS),
    ]


def test_every_field_is_documented() -> None:
    columns = TEXT.partition("## Columns")[2].partition("## Names")[0]
    assert [name for name in FIELDS if f"`{name}`" not in columns] == []


def test_every_delimiter_is_documented() -> None:
    names = ", ".join(f"`{words.name}`" for words in DELIMITERS.values())
    assert f"one of {names}." in " ".join(TEXT.split())


def refusals_by_code() -> dict[str, type[errors.FileRefused]]:
    """Every refusal of a file, by its code."""
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    refusals = [c for c in classes if issubclass(c, errors.FileRefused)]
    return {c.code: c for c in refusals if c is not errors.FileRefused}


def test_every_code_of_a_refusal_is_documented() -> None:
    assert set(table("refusals")) == set(refusals_by_code())


def test_no_two_refusals_share_a_code() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    refusals = [c for c in classes if issubclass(c, errors.Refusal)]
    # a base class without a code of its own is never raised itself
    codes = [c.code for c in refusals if "code" in vars(c) or not c.__subclasses__()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", refusals_by_code())
def test_a_status_that_is_not_400_is_documented(code: str) -> None:
    status = refusals_by_code()[code].status
    assert (status == 400) == ("status" not in table("refusals")[code][0])
    assert status == 400 or f"status {status}" in table("refusals")[code][0]


@pytest.mark.parametrize(
    ("code", "example"), [(code, cells[1]) for code, cells in table("refusals").items()]
)
def test_the_example_of_a_refusal_is_refused_with_its_code(code: str, example: str) -> None:
    match = re.fullmatch(r"`(.+?)`(?: with `(\w+)=(.+)`)?", example)
    if match is None or code == "unknown_sheet":  # no text that stands here: see tests/data
        made_in_tests = {"file_too_large", "too_many_rows", "record_too_long"}
        assert code in CODES_IN_CORPUS | made_in_tests | {"workbook_too_expensive"}
        return
    content, option, value = match.groups()
    options: dict[str, Any] = {}
    if option:
        options = {option: json.loads(value) if option == "mapping" else value}
    refusal = refusal_of(content.replace("⏎", "\n"), limits=LIMITS, **options)
    assert refusal.code == code
    assert type(refusal) is refusals_by_code()[code]


CODES_IN_CORPUS = {
    json.loads(path.read_text("utf-8")).get("refused")
    for path in (ROOT / "tests" / "data").glob("*.json")
}


def test_a_row_that_is_too_long_is_refused_as_documented() -> None:
    header = "email,first_name,last_name," + ",".join(f"c{i}" for i in range(30))
    row = "a@example.com,A,B," + ",".join(["x" * 9_000] * 30)
    assert refusal_of(f"{header}\n{row}\n", limits=LIMITS).code == "record_too_long"


def test_every_warning_is_documented() -> None:
    sources = [
        *(ROOT / "imports" / "schema").glob("*.py"),
        *(ROOT / "imports" / "files").rglob("*.py"),
    ]
    text = "".join(path.read_text("utf-8") for path in sources)
    given = set(re.findall(r'FileWarning\(\s*code="(\w+)"', text))
    assert given <= set(table("warnings"))
    assert [code for code in table("warnings") if f'"{code}"' not in text] == []


@pytest.mark.parametrize(
    ("code", "example"),
    [(code, cells[1]) for code, cells in table("warnings").items() if cells[1] != "–"],
)
def test_the_example_of_a_warning_gives_it(code: str, example: str) -> None:
    reading = open_file(example.strip("`").replace("⏎", "\n"), limits=LIMITS)
    assert list(reading.records())
    assert code in {warning.code for warning in reading.warnings}


@pytest.mark.parametrize(
    "sentence",
    [
        f"| columns | {LIMITS.max_columns} |",
        f"| a cell | {LIMITS.max_cell_chars:,} characters |",
        f"| a row | {LIMITS.max_record_bytes // 1024} KiB |",
        f"| the header | {LIMITS.max_header_bytes // 1024} KiB, and {LIMITS.max_title_rows} rows",
        f"| the name of a column | {MAX_HEADER_CHARS:,} characters |",
        f"{LIMITS.max_workbook_entries:,} parts",
        f"unpack to {LIMITS.max_workbook_bytes // 1024**2} MiB",
        f"span {LIMITS.max_workbook_cells:,} cells",
    ],
)
def test_the_limits_agree_with_the_code(sentence: str) -> None:
    assert sentence in TEXT
