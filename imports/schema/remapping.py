"""Another mapping for the columns of a file that was read already."""

from __future__ import annotations

import re
from collections.abc import Mapping

from imports.schema.columns import Columns, unused_warning
from imports.schema.fields import FULL_NAME, NAME_FIELDS
from imports.schema.mapping import resolve_mapping
from imports.schema.missing_columns import refuse_missing
from imports.schema.warnings import FileWarning

# The codes of warnings that depend on the mapping. The others are about the file as it was read.
OF_MAPPING = frozenset(("unused_column", "unknown_column"))
_NUMBER = re.compile(r"#([0-9]{1,4})")


def remap(columns: Columns, mapping: Mapping[str, str]) -> Columns:
    """Gives the columns with a mapping of field -> header, where "" is for none.

    Fields that are not named keep their column, unless another field takes it. A full name takes
    the place of first and last name, and the other way round.

    Raises UnknownMapping, ForbiddenColumn, DuplicateColumn or MissingColumn."""
    given = {field: _of_kept(columns, header) for field, header in mapping.items()}
    resolved = resolve_mapping(columns.headers, columns.headers, given)
    taken = {index for index in resolved.values() if index is not None}
    replaced = _replaced_by(resolved)
    kept = {
        field: index
        for field, index in columns.positions.items()
        if field not in resolved and field not in replaced and index not in taken
    }
    positions = kept | {field: index for field, index in resolved.items() if index is not None}
    refuse_missing(positions, columns.headers, ())
    used = set(positions.values())
    return Columns(
        headers=columns.headers,
        positions=positions,
        ignored=tuple(header for i, header in enumerate(columns.headers) if i not in used),
        indexes=columns.indexes,
    )


def mapping_warnings(columns: Columns) -> list[FileWarning]:
    """Gives the warnings about the columns that no field is read from."""
    return [unused_warning(label, columns.positions, columns.headers) for label in columns.ignored]


def _replaced_by(resolved: Mapping[str, int | None]) -> set[str]:
    if resolved.get(FULL_NAME) is not None:
        return set(NAME_FIELDS)
    return {FULL_NAME} if any(resolved.get(name) is not None for name in NAME_FIELDS) else set()


def _of_kept(columns: Columns, header: str) -> str:
    """`#5` is the fifth column of the file. Columns with passwords, which are not kept, count."""
    number = _NUMBER.fullmatch(header.strip())
    if number is None or header.strip() in columns.headers or not columns.indexes:
        return header
    try:
        return f"#{columns.indexes.index(int(number[1]) - 1) + 1}"
    except ValueError:
        return header if int(number[1]) > len(columns.headers) else "#0"
