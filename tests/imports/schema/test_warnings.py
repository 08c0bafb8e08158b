"""The model of warnings: one for each code and column, and what earlier versions stored."""

from __future__ import annotations

import json

from imports.schema.warnings import FileWarning, WarningCollector, cell_name


def test_warnings_of_one_code_and_column_are_counted_with_three_examples():
    found = WarningCollector()
    for row in range(2, 7):
        found.add(
            "quotes_removed",
            "Quotes were taken off.",
            column="Phone",
            row=row,
            cell=cell_name(row, 3),
            before=f"'{row}'",
            after=str(row),
        )
    found.add("quotes_removed", "Quotes were taken off.", column="City", row=3, cell="E3")
    phone, city = found.warnings()
    assert (phone.column, phone.count, phone.row, phone.cell) == ("Phone", 5, 2, "D2")
    assert [example.cell for example in phone.examples] == ["D2", "D3", "D4"]
    assert (city.column, city.count) == ("City", 1)
    assert phone.text() == (
        "Quotes were taken off. (5 times; for example"
        ' D2 "\'2\'" → "2"; D3 "\'3\'" → "3"; D4 "\'4\'" → "4")'
    )


def test_warnings_about_the_whole_file_are_not_merged():
    found = WarningCollector()
    found.add("unknown_column", 'The column "a" is ignored.')
    found.add("unknown_column", 'The column "b" is ignored.')
    assert [warning.count for warning in found.warnings()] == [1, 1]


def test_a_warning_survives_json():
    found = WarningCollector()
    found.add("x", "Message.", column="Phone", row=2, cell="D2", before="\x00a", after="a")
    stored = json.loads(json.dumps([warning.as_json() for warning in found.warnings()]))
    assert [FileWarning.from_json(one) for one in stored] == found.warnings()
    assert stored[0]["examples"] == [{"row": 2, "cell": "D2", "before": "\ufffda", "after": "a"}]


def test_warnings_of_earlier_versions_are_read():
    warning = FileWarning.from_json([None, "same_file", "The same file."])
    assert (warning.row, warning.code, warning.message) == (None, "same_file", "The same file.")
    assert FileWarning.from_json([7, "x", "Message."]).text() == "Row 7: Message."


def test_unknown_members_of_later_versions_are_ignored():
    data = {"code": "x", "message": "Message.", "colour": "red", "examples": [{"row": 2, "z": 1}]}
    assert FileWarning.from_json(data).examples[0].row == 2


def test_cells_are_named_as_in_a_spreadsheet():
    assert [cell_name(7, index) for index in (0, 3, 25, 26, 701, 702)] == [
        "A7", "D7", "Z7", "AA7", "ZZ7", "AAA7",
    ]  # fmt: skip
