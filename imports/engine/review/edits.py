"""Edits rows of a review in memory: cells, the same text everywhere, and rows that are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.text import excerpt
from imports.engine.review import records
from imports.engine.review.records import Record
from imports.engine.review.refusals import WrongEdit
from imports.schema.columns import Columns

MAX_CHANGED_ROWS = 5_000


@dataclass(kw_only=True, slots=True)
class Edited:
    """The rows that an edit concerns, those that it has changed, what these were before, and words
    for the audit trail."""

    concerned: set[int]
    changed: list[Record] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def edit_rows(
    upload_id: UUID,
    columns: Columns,
    *,
    edits: Sequence[Mapping[str, Any]],
    replace: Sequence[Mapping[str, Any]],
    dropped: Sequence[int],
    restored: Sequence[int],
) -> Edited:
    """Edits rows, in the order of the parameters. They are neither checked nor written yet. The
    parameters are those members of a change.

    Raises `WrongEdit` for rows and fields that the file does not have, and for too many rows."""
    replacements = [(_column(columns, one["field"]), one["from"], one["to"]) for one in replace]
    numbers = {one["row"] for one in edits} | {*dropped, *restored}
    for column, text, _ in replacements:
        numbers.update(records.rows_with(upload_id, column, text))
    found = _read(upload_id, numbers)
    # an edit replaces the lists and does not change them
    old = {row: (one.cells, one.found, one.dropped) for row, one in found.items()}
    width = len(columns.headers)
    touched = {column for column, _, _ in replacements}
    for edit in edits:
        column = _column(columns, edit["field"])
        touched.add(column)
        _set_cell(found[edit["row"]], column, edit["value"], width)
    for column, text, to in replacements:
        for one in found.values():
            if _cell(one, column) == text:
                _set_cell(one, column, to, width)
    for row in dropped:
        found[row].dropped = True
    for row in restored:
        found[row].dropped = False
    changed = [one for row, one in found.items() if (one.cells, one.found, one.dropped) != old[row]]
    return Edited(
        concerned=set(found),
        changed=changed,
        before=[_before(one, touched, *old[one.row]) for one in changed],
        words=_words(changed, old),
    )


def _before(
    now: Record, touched: Iterable[int], cells: list[str], found: list[Any], dropped: bool
) -> dict[str, Any]:
    """What `take_back` needs: all of the row, or only the texts of the touched columns."""
    if found != now.found or dropped != now.dropped or len(cells) != len(now.cells):
        return {"row": now.row, "cells": cells, "found": found, "dropped": dropped}
    new = now.cells
    return {"row": now.row, "texts": [[at, cells[at]] for at in touched if cells[at] != new[at]]}


def take_back(record: Record, before: Mapping[str, Any]) -> None:
    """Makes a row as it was before a change. `before` is one of `Edited.before`."""
    original = record.original or record.cells
    if "texts" in before:
        record.cells = list(record.cells)
        for index, text in before["texts"]:
            record.cells[index] = text
    else:
        record.cells, record.found = before["cells"], before["found"]
        record.dropped = before["dropped"]
    record.original = None if record.cells == original else original


def _read(upload_id: UUID, numbers: set[int]) -> dict[int, Record]:
    if len(numbers) > MAX_CHANGED_ROWS:
        raise WrongEdit(
            f"This would change {len(numbers):,} rows; at most {MAX_CHANGED_ROWS:,} can be changed"
            " at once. Change some of them first."
        )
    found = records.read(upload_id, numbers) if numbers else {}
    _refuse_unknown_rows(numbers, found)
    return found


def _column(columns: Columns, name: str) -> int:
    if name not in columns.positions:
        raise WrongEdit(
            f"The file has no column for {excerpt(name)}. Its fields are"
            f" {', '.join(columns.positions)}.",
            field=excerpt(name),
        )
    return columns.positions[name]


def _refuse_unknown_rows(numbers: Iterable[int], found: Mapping[int, Record]) -> None:
    if missing := sorted(set(numbers) - set(found)):
        raise WrongEdit(
            f"The file has no row {missing[0]}. Rows have the numbers of the file, in which the"
            " header is row 1.",
            row=missing[0],
        )


def _cell(record: Record, column: int) -> str:
    return record.cells[column] if column < len(record.cells) else ""


def _set_cell(record: Record, column: int, value: str, width: int) -> None:
    """Sets a cell. A row with too few or too many cells gets as many as the header has, as it is
    shown. What was found of the cell, or of the row as a whole, while the file was read does not
    hold for what a person has typed."""
    if _cell(record, column) == value:
        return
    original = record.original or record.cells
    cells = [*record.cells, *[""] * (width - len(record.cells))][:width]
    cells[column] = value
    record.cells = cells
    record.found = [one for one in record.found if one[0] not in (None, column)]
    record.original = None if cells == original else original


def _words(changed: list[Record], old: Mapping[int, Any]) -> list[str]:
    """Counts for the audit trail; no value."""
    edited = sum(one.cells != old[one.row][0] for one in changed)
    dropped = sum(one.dropped and not old[one.row][2] for one in changed)
    restored = sum(old[one.row][2] and not one.dropped for one in changed)
    counts = {"edited": edited, "left out": dropped, "taken back in": restored}
    return [f"{count} rows {word}" for word, count in counts.items() if count]
