"""What the facts about cells mean for the import: errors of rows, and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from imports.files.source import CellNotice, CellProblem
from imports.files.xlsx.facts.cells import Fact
from imports.schema.fields import FIELDS, FULL_NAME
from imports.schema.warnings import cell_name

_PROBLEMS: Final = {
    "error": (
        "error_cell",
        "The cell {cell} holds {value}, the error of a formula. Correct the formula in the "
        "spreadsheet, or write the value into the cell.",
    ),
    "broken": (
        "broken_cell",
        "The cell {cell} refers to a text that the workbook does not hold. Type the value into the "
        "cell again.",
    ),
    "formula": (
        "formula_without_value",
        "The cell {cell} holds a formula, but the file does not hold its result. Open the workbook "
        "in a spreadsheet program, save it there, and upload it again.",
    ),
    "date": (
        "date_in_phone",
        "The cell {cell} holds a date. A spreadsheet program may have made it of a phone number. "
        "Format the cell as text, and type the number again.",
    ),
    "link": (
        "hyperlink_differs",
        "The cell {cell} shows another text than the e-mail address that it links to. Write the "
        "right address into the cell, or remove the link.",
    ),
}
_NOTICES: Final = {
    "format": (
        "number_format",
        "Numbers have a format that is not applied. They are imported as the digits that are "
        "stored; the spreadsheet shows them otherwise. Format the column as text if that matters.",
    ),
    "date": (
        "date_in_text",
        "Dates are imported as texts such as 2024-01-05. A spreadsheet program may have made them "
        "of texts such as 3-5.",
    ),
    "merged": (
        "merged_cells",
        "Cells are merged with others. Only the first cell of merged cells has the value; these "
        "cells count as empty. Unmerge them, and fill them in where the value holds for them too.",
    ),
    "hidden": (
        "hidden_row",
        "Rows that a filter or a person has hidden in the spreadsheet are imported. The option "
        "skip_hidden_rows leaves them out.",
    ),
    "skipped": (
        "hidden_row_skipped",
        "Rows that are hidden in the spreadsheet were left out, because of the option "
        "skip_hidden_rows.",
    ),
}
_TEXT_FIELDS: Final = frozenset(
    [FULL_NAME, *(name for name, field in FIELDS.items() if field.kind == "text")]
)


def findings(
    facts: Iterable[Fact], fields: Mapping[int, str]
) -> tuple[list[CellProblem], list[CellNotice]]:
    """The problems and the notices that follow from facts. `fields`: column -> field."""
    problems: list[CellProblem] = []
    notices: list[CellNotice] = []
    for fact in facts:
        field = fields.get(fact.column, "") if fact.column is not None else ""
        if fact.kind in _PROBLEMS and _is_problem(fact.kind, field):
            problems.append(_problem(fact))
        elif fact.kind in _NOTICES and (fact.kind != "date" or field in _TEXT_FIELDS):
            code, message = _NOTICES[fact.kind]
            shown = fact.value or None
            notices.append(CellNotice(fact.row, fact.column, code, message, shown))
    return problems, notices


def _is_problem(kind: str, field: str) -> bool:
    """Whether a fact makes the row an error, in a column from which this field is read."""
    if kind == "date":
        return field == "phone"
    return bool(field) and (kind != "link" or field == "email")


def _problem(fact: Fact) -> CellProblem:
    code, message = _PROBLEMS[fact.kind]
    cell = cell_name(fact.row, fact.column or 0)
    # messages hold no personal data: an error value is none, an address is one
    message = message.format(cell=cell, value=fact.value if fact.kind == "error" else "")
    value = f"mailto:{fact.value}" if fact.kind == "link" else fact.value
    return CellProblem(fact.row, fact.column, code, message, value)
