"""Warnings about a file: what is unusual about it, and what was done with it.

A warning never refuses a file or a row. What concerns many cells of one column is one warning with
a count and some examples, so that a file of 5,000 rows gives a list that a person can read. All
that reads a file adds to one `WarningCollector`; uploads store the result as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from core.characters import clean_for_storage, quote

MAX_EXAMPLES: Final = 3
_MAX_VALUE_CHARS: Final = 100


class Example(NamedTuple):
    """One occurrence. `before` is the value in the file and `after` what it was changed into; both
    are None where values are not to be shown."""

    row: int | None = None
    cell: str | None = None
    before: str | None = None
    after: str | None = None

    def text(self) -> str:
        """For a sentence: `D7 "O&#39;Neil" → "O'Neil"`."""
        place = self.cell or (f"row {self.row}" if self.row else "")
        values = [quote(value) for value in (self.before, self.after) if value is not None]
        return " ".join(filter(None, (place, " → ".join(values))))


@dataclass(kw_only=True, slots=True)
class FileWarning:
    """A warning. `column` is a header as in the file, `cell` a reference such as `D7`; None where
    the warning concerns all columns or the whole file. `row` and `cell` are the first of `count`.
    """

    code: str
    message: str
    column: str | None = None
    row: int | None = None
    cell: str | None = None
    count: int = 1
    examples: list[Example] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The warning in types that JSON has; `from_json` is the inverse."""
        return {
            "row": self.row,
            "code": self.code,
            "message": self.message,
            "column": self.column,
            "cell": self.cell,
            "count": self.count,
            "examples": [example._asdict() for example in self.examples],
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The warning that `as_json` returned, or the `[row, code, message]` of earlier versions.
        Members that this version does not know are ignored."""
        if isinstance(data, list):
            row, code, message = data[:3]
            return cls(code=code, message=message, row=row)
        examples = [
            Example(**{name: one.get(name) for name in Example._fields})
            for one in data.get("examples") or ()
        ]
        known = {name: data[name] for name in ("column", "row", "cell", "count") if name in data}
        return cls(code=data["code"], message=data["message"], examples=examples, **known)

    def text(self) -> str:
        """The warning as one line: where, what was done, how often, and the examples."""
        parts = [f"{self.cell or f'Row {self.row}'}: "] if self.row and self.count == 1 else []
        parts.append(self.message)
        shown = [text for example in self.examples if (text := example.text())]
        if self.count > 1:
            parts.append(f" ({self.count:,} times; for example {'; '.join(shown)})")
        elif any(example.before is not None for example in self.examples):
            parts.append(f" ({self.examples[0]._replace(row=None, cell=None).text()})")
        return "".join(parts)


class WarningCollector:
    """Collects the warnings about a file, one for each code and column, in order of appearance."""

    def __init__(self, warnings: Iterable[FileWarning] = ()) -> None:
        self._found: dict[tuple[str, str | None, str | None], FileWarning] = {}
        for warning in warnings:
            self.put(warning)

    def put(self, warning: FileWarning) -> None:
        """Adds a warning that is complete. Warnings about the whole file are never merged."""
        key = (warning.code, warning.column, None if warning.row else warning.message)
        known = self._found.setdefault(key, warning)
        if known is not warning:
            known.count += warning.count
            known.examples = [*known.examples, *warning.examples][:MAX_EXAMPLES]

    def add(
        self,
        code: str,
        message: str,
        *,
        column: str | None = None,
        row: int | None = None,
        cell: str | None = None,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Counts one occurrence. `message` says what was done, in words that hold for every
        occurrence in the column; the first one is kept. Leave `before` and `after` out for a value
        that may be secret."""
        key = (code, column, None if row else message)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = FileWarning(
                code=code, message=message, column=column, row=row, cell=cell, count=0
            )
        known.count += 1
        if row and len(known.examples) < MAX_EXAMPLES:
            known.examples.append(Example(row, cell, _short(before), _short(after)))

    def warnings(self) -> list[FileWarning]:
        """The warnings so far."""
        return list(self._found.values())


def cell_name(row: int, index: int) -> str:
    """The reference of a cell in a spreadsheet: `D7` for row 7 and index 3, `AA1` for index 26."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _short(value: str | None) -> str | None:
    if value is None:
        return None
    if len(value) > _MAX_VALUE_CHARS:
        value = value[: _MAX_VALUE_CHARS - 1] + "…"
    return clean_for_storage(value)
