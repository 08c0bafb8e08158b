"""What is detected in a file, and what never leaves the reader."""

from __future__ import annotations

import pytest

from imports import files
from imports.files.delimiters import named_delimiter
from imports.schema.warnings import cell_name
from tests.imports.files.helpers import HEADER, ROW, open_file, refusal_of, rows_of


def test_a_reading_says_what_was_detected() -> None:
    reading = open_file("Users\nE-Mail;Vorname;Name;Hobby\na@example.com;A;B;Chess\n")
    assert (reading.kind, reading.encoding, reading.delimiter) == ("csv", "utf-8", ";")
    assert (reading.sheet, reading.header_row) == (None, 2)
    assert reading.columns.mapping == {
        "email": "E-Mail",
        "first_name": "Vorname",
        "last_name": "Name",
    }
    assert reading.columns.headers == ("E-Mail", "Vorname", "Name", "Hobby")


def test_the_header_row_can_be_named_by_its_number() -> None:
    content = f"first_name,email\nOld names of the columns\n\n{HEADER}{ROW}"
    assert open_file(content, header_row=4).header_row == 4
    assert rows_of(content, header_row=4)[0][0] == 5


@pytest.mark.parametrize("row", [2, 25])
def test_a_header_row_that_is_blank_or_too_far_down_is_refused(row: int) -> None:
    error = refusal_of("Title\n\n" + HEADER + ROW * 30, header_row=row)
    assert error.code == "no_header"
    assert "1, 3, 4" in str(error)


@pytest.mark.parametrize(
    ("name", "char"),
    [
        *((char, char) for char in ",;\t|"),
        ("comma", ","),
        ("Semicolon", ";"),
        ("TAB", "\t"),
        ("\\t", "\t"),
        ("pipe", "|"),
    ],
)
def test_a_delimiter_can_be_named_by_its_character_or_its_name(name: str, char: str) -> None:
    reading = open_file((HEADER + ROW).replace(",", char), delimiter=name)
    assert reading.delimiter == char


def test_every_delimiter_that_forms_offer_is_understood() -> None:
    chars = [named_delimiter(value) for value, _ in files.delimiter_choices()]
    assert chars == [",", ";", "\t", "|"]
    assert [files.delimiter_plural(char or "") for char in chars] == [
        "commas",
        "semicolons",
        "tabs",
        "pipes",
    ]


def test_the_header_decides_on_the_delimiter_not_the_number_of_commas() -> None:
    text = "email|first_name|last_name|location\n" + "a@example.com|A|B|x,y,z;1;2;3;4\n" * 20
    assert open_file(text).delimiter == "|"


# header: full,email,password,first_name,last_name; a row that is n cells too short or too long may
# have its password up to n columns away
@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("Doe, John,j@example.com,s3cret", ["Doe", "", ""]),
        ("John,a,b,s3cret", ["John", "", ""]),
        ("John,j@example.com,s3cret", ["", ""]),
        ("j@example.com,s3cret", ["", ""]),
        ("s3cret", [""]),
        ("John,j@example.com,viewer,s3cret,extra,extra2", ["John", "", "", "extra", "extra2"]),
    ],
)
def test_cells_to_which_a_password_may_have_shifted_are_emptied(
    line: str, cells: list[str]
) -> None:
    text = "full,email,password,first_name,last_name\n" + line + "\n"
    assert rows_of(text) == [(2, cells)]


def test_a_row_of_the_right_length_only_loses_its_password() -> None:
    text = "password,email,pwd,first_name,last_name\np1,a@example.com,p2,Ann,Lee\n"
    assert rows_of(text) == [(2, ["a@example.com", "Ann", "Lee"])]


def test_a_refusal_quotes_a_short_printable_piece_of_the_file_at_most() -> None:
    for text in (
        HEADER + 'a,"b\x1b[31m\u202e' + "secret" * 400 + "\nx\n",
        HEADER + 'a,"b" \x07' + "secret" * 400,
        HEADER + "secret" * 3000 + ",b,c\n",
        "secret" * 3000 + "\nx\n",
    ):
        refusal = refusal_of(text)
        assert refusal.detail.count("secret") <= 40
        assert refusal.detail.isprintable()


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ")])
def test_columns_are_lettered_as_in_a_spreadsheet(index: int, letters: str) -> None:
    assert cell_name(7, index) == f"{letters}7"


@pytest.mark.parametrize("name", ["users.CSV ", "users", "a.b/users.TSV", "users.csv (1)", ""])
def test_a_file_name_without_a_foreign_extension_is_accepted(name: str) -> None:
    assert rows_of(HEADER + ROW, filename=name)


@pytest.mark.parametrize("name", ["users.exe", "users.csv.php", "users.svg", "users.pdf "])
def test_a_file_name_with_a_foreign_extension_is_refused(name: str) -> None:
    assert refusal_of(HEADER + ROW, filename=name).code == "not_csv"
