"""Finds the columns that a client's mapping names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.text import excerpt, join_names
from imports.errors import DuplicateColumn, ForbiddenColumn, UnknownMapping
from imports.schema.fields import FIELDS, FULL_NAME, NAME_FIELDS
from imports.schema.header_names import FORBIDDEN_HEADERS, normalise
from imports.schema.headers import header_keys, is_password

_COLUMN_NUMBER = re.compile(r"#([0-9]{1,4})")


def resolve_mapping(
    headers: Sequence[str], labels: Sequence[str], mapping: Mapping[str, str]
) -> dict[str, int | None]:
    """Field -> index of its column; None where the mapping leaves the field out.

    Raises UnknownMapping, ForbiddenColumn or DuplicateColumn."""
    mapped: dict[str, int | None] = {}
    for field, header in mapping.items():
        _refuse_unknown_field(field)
        wanted = str(header if header is not None else "").strip()
        mapped[field] = _index_of(field, wanted, headers, labels) if wanted else None
    name_fields = [field for field in NAME_FIELDS if mapped.get(field) is not None]
    if mapped.get(FULL_NAME) is not None and name_fields:
        raise UnknownMapping(
            f"The mapping contains both full_name and {join_names(name_fields)}. "
            "Send either full_name, or first_name and last_name."
        )
    return mapped


def _refuse_unknown_field(field: str) -> None:
    if normalise(field) in FORBIDDEN_HEADERS:
        raise ForbiddenColumn(f"A file may not set {excerpt(field)}. Leave it out of the mapping.")
    if field not in FIELDS and field != FULL_NAME:
        raise UnknownMapping(
            f'The mapping contains "{excerpt(field)}", which is not a field. '
            f"The fields are: {', '.join([*FIELDS, FULL_NAME])}.",
            field=excerpt(field),
        )


def _index_of(field: str, wanted: str, headers: Sequence[str], labels: Sequence[str]) -> int:
    found = _columns_with_header(wanted, headers, labels)
    if not found:
        raise UnknownMapping(
            f'The mapping maps {field} to the column "{excerpt(wanted)}", which the file does '
            f"not have. Its columns are: {join_names(labels)}.",
            field=field,
            header=excerpt(wanted),
            headers=list(labels),
        )
    if len(found) > 1:
        raise duplicate_column(field, found, labels)
    if is_password(headers[found[0]]):
        raise UnknownMapping(
            f'The mapping maps {field} to the column "{excerpt(wanted)}". '
            "Passwords are never imported. Choose another column.",
            field=field,
        )
    return found[0]


def _columns_with_header(wanted: str, headers: Sequence[str], labels: Sequence[str]) -> list[int]:
    """The columns with exactly this header, or the one with this number (`#5`), or else those that
    `wanted` is a known form of."""
    exact = [i for i, header in enumerate(headers) if wanted in (header.strip(), labels[i])]
    number = _COLUMN_NUMBER.fullmatch(wanted)
    if not exact and number and 0 < int(number[1]) <= len(headers):
        return [int(number[1]) - 1]
    key = normalise(wanted)
    return exact or [i for i, header in enumerate(headers) if key in header_keys(header)]


def duplicate_column(field: str, found: Sequence[int], labels: Sequence[str]) -> DuplicateColumn:
    """The refusal of a file in which the columns `found` stand for one field."""
    columns = [f'"{excerpt(labels[i])}" (column {i + 1})' for i in found]
    return DuplicateColumn(
        f"More than one column matches {field}: {join_names(columns)}. Rename or remove all but "
        "one, or choose one with a mapping, by its header or the number of its column (for example "
        f'{{"{field}": "#{found[0] + 1}"}}).',
        field=field,
        columns=[labels[i] for i in found],
    )
