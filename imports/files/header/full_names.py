"""Splits a column of full names where no other column gives a name and its values are clear."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from core.text import has_family_name_first
from imports.errors import MissingColumn
from imports.schema.columns import HeaderMatch, match_headers
from imports.schema.fields import FULL_NAME, NAME_FIELDS
from imports.schema.warnings import MAX_EXAMPLES, Example, FileWarning


def match_or_split(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    mapping: Mapping[str, str] | None,
    secret: Collection[int],
) -> HeaderMatch:
    """Works as `match_headers`, but reads both names from a column of full names where the names
    are all that is missing and the values in `rows`, the first rows, have one clear form."""
    try:
        return match_headers(headers, mapping, secret)
    except MissingColumn as refusal:
        header = refusal.facts.get(FULL_NAME)
        missing = refusal.facts["missing"]
        if not header or set(missing) != set(NAME_FIELDS) or set(NAME_FIELDS) & set(mapping or {}):
            raise
        values = _values_below(header, headers, rows)
        if not values or not (all(map(_is_last_first, values)) or all(map(_is_two_words, values))):
            raise
        match = match_headers(headers, {**(mapping or {}), FULL_NAME: header}, secret)
        match.warnings.append(_warning(header, values))
        return match


def _values_below(header: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    index = next((i for i, one in enumerate(headers) if one.strip() == header), len(headers))
    return [row[index].strip() for row in rows if index < len(row) and row[index].strip()]


def _is_last_first(value: str) -> bool:
    last, comma, first = value.partition(",")
    return bool(comma and last.strip() and first.strip()) and "," not in first


def _is_two_words(value: str) -> bool:
    return len(value.split()) == 2 and "," not in value


def _warning(header: str, values: Sequence[str]) -> FileWarning:
    form = "Last, First" if _is_last_first(values[0]) else "First Last"
    if form == "First Last" and has_family_name_first(values[0]):
        form = "Last First"
    message = (
        f'First and last name are read from the column "{header}", whose first values have the '
        f'form "{form}". Check the names; if they are wrong, put them into two columns.'
    )
    examples = [Example(None, None, value, _split(value)) for value in values[:MAX_EXAMPLES]]
    return FileWarning(code="full_name_split", message=message, column=header, examples=examples)


def _split(value: str) -> str:
    last, comma, first = value.partition(",")
    if not comma:
        first, last = value.split()
        if has_family_name_first(value):
            first, last = last, first
    return f"{first.strip()} | {last.strip()}"
