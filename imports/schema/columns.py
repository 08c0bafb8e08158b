"""Matches the header row of a file, and the mapping a client may send, with the fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from core.text import excerpt, join_names
from imports.errors import ForbiddenColumn
from imports.schema.fields import FULL_NAME, NAME_FIELDS
from imports.schema.header_names import NAME_HEADERS, normalise
from imports.schema.headers import (
    REMARK_RANK,
    header_keys,
    is_forbidden,
    is_password,
    recognise,
)
from imports.schema.mapping import duplicate_column, resolve_mapping
from imports.schema.missing_columns import nearest_field, refuse_missing
from imports.schema.warnings import FileWarning, cell_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The columns of a file. Those that may hold passwords are left out."""

    headers: tuple[str, ...]
    positions: dict[str, int]  # field -> index; "full_name" may replace the two name fields
    ignored: tuple[str, ...]
    indexes: tuple[int, ...] = ()  # where each header stands in the file; () as stored earlier

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> header, in the form in which a client may send a mapping. A column that has the
        header of another one is named by its number (`#5`)."""
        return {field: self._name_of(position) for field, position in self.positions.items()}

    def _name_of(self, position: int) -> str:
        header = self.headers[position]
        if self.headers.count(header) > 1 and position < len(self.indexes):
            return f"#{self.indexes[position] + 1}"
        return header

    def as_json(self) -> dict[str, Any]:
        """The columns in types that JSON has; `from_json` is the inverse."""
        return {
            "headers": list(self.headers),
            "positions": dict(self.positions),
            "ignored": list(self.ignored),
            "indexes": list(self.indexes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Columns:
        """The columns that `as_json` returned."""
        return cls(
            headers=tuple(data["headers"]),
            positions={field: int(index) for field, index in data["positions"].items()},
            ignored=tuple(data["ignored"]),
            indexes=tuple(data.get("indexes", ())),
        )

    def cell_name(self, row: int, position: int) -> str | None:
        """The reference (`D7`) of a cell by its position in `headers`; None if it is not known."""
        return cell_name(row, self.indexes[position]) if position < len(self.indexes) else None


class HeaderMatch(NamedTuple):
    """The result of `match_headers`."""

    columns: Columns
    dropped: tuple[int, ...]  # indexes, in the file's own header row, of columns with passwords
    warnings: list[FileWarning]


def match_headers(
    headers: Sequence[str],
    mapping: Mapping[str, str] | None = None,
    secret: Collection[int] = (),
) -> HeaderMatch:
    """Finds the column of each field in a file's header row.

    `mapping` (field -> header) takes precedence over recognised names. A header of "" in it leaves
    the field out. `secret`: the columns whose values look like hashes of passwords; they are
    dropped unless a field is read from them.

    Raises ForbiddenColumn, UnknownMapping, DuplicateColumn or MissingColumn.
    """
    labels = _column_labels(headers)
    _refuse_forbidden(headers)
    dropped = tuple(i for i, header in enumerate(headers) if is_password(header))
    mapped = resolve_mapping(headers, labels, mapping or {})
    taken = {index for index in mapped.values() if index is not None} | set(dropped)
    positions = {field: index for field, index in mapped.items() if index is not None}
    positions |= _recognise_headers(labels, headers, taken, skip=_decided_fields(mapped))
    dropped = tuple(sorted({*dropped, *(set(secret) - set(positions.values()))}))
    refuse_missing(positions, labels, dropped)
    return _without_dropped(labels, positions, dropped)


def fields_in(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> set[str]:
    """The fields that would be recognised if this row were the header row."""
    found = {match.field for match in map(recognise, cells) if match}
    if mapping:
        names = {key for cell in cells for key in header_keys(cell)}
        found |= {field for field, header in mapping.items() if normalise(str(header)) in names}
    return found


def _column_labels(headers: Sequence[str]) -> list[str]:
    """The headers as they are displayed and stored. A column without one is named by its number."""
    return [excerpt(header, 200) or f"(column {i})" for i, header in enumerate(headers, start=1)]


def _refuse_forbidden(headers: Sequence[str]) -> None:
    found = [excerpt(header) for header in headers if is_forbidden(header)]
    if found:
        raise ForbiddenColumn(
            f"The file has a column that a file may not set: {join_names(found)}. "
            "Remove the column and upload the file again.",
            columns=found,
        )


def _decided_fields(mapped: Mapping[str, int | None]) -> set[str]:
    """The fields that the mapping decides. A full name decides first and last name too."""
    full_name = mapped.get(FULL_NAME) is not None
    return set(mapped) | (set(NAME_FIELDS) if full_name else set())


# --- recognised names -------------------------------------------------------------------------


def _recognise_headers(
    labels: Sequence[str], headers: Sequence[str], taken: set[int], skip: set[str]
) -> dict[str, int]:
    """Field -> index, for the columns not in `taken` and the fields not in `skip`."""
    candidates: dict[str, list[tuple[int, int]]] = {}  # field -> (rank, index)
    for index, header in enumerate(headers):
        match = None if index in taken else recognise(header)
        if match and match.field not in skip:
            candidates.setdefault(match.field, []).append((match.rank, index))
    positions = {}
    for field, ranked in candidates.items():
        if (best := _best_candidate(field, ranked, labels)) is not None:
            positions[field] = best
    if "last_name" not in positions and "last_name" not in skip:
        positions |= _last_name_beside_vorname(headers, positions, taken)
    if "first_name" not in positions and "first_name" not in skip:
        positions |= _first_name_beside_surname(headers, positions, taken)
    return positions


def _best_candidate(field: str, ranked: list[tuple[int, int]], labels: Sequence[str]) -> int | None:
    """The index with the lowest rank. Raises DuplicateColumn if two share it, unless it is a remark
    in brackets that distinguishes them: then neither is read."""
    best = min(rank for rank, _ in ranked)
    found = [index for rank, index in ranked if rank == best]
    if len(found) > 1 and best >= REMARK_RANK:
        return None
    if len(found) > 1:
        raise duplicate_column(field, found, labels)
    return found[0]


_LAST_NAMES_BESIDE: Final = {"vorname": "name", "voornaam": "naam"}


def _last_name_beside_vorname(
    headers: Sequence[str], positions: Mapping[str, int], taken: set[int]
) -> dict[str, int]:
    """Beside a German "Vorname" the column "Name" contains the last name, and beside a Dutch
    "Voornaam" the column "Naam"."""
    first = positions.get("first_name")
    keys = header_keys(headers[first]) if first is not None else ()
    name = next((name for key, name in _LAST_NAMES_BESIDE.items() if key in keys), None)
    free = [i for i, h in enumerate(headers) if name and i not in taken and normalise(h) == name]
    return {"last_name": free[0]} if len(free) == 1 else {}


def _first_name_beside_surname(
    headers: Sequence[str], positions: Mapping[str, int], taken: set[int]
) -> dict[str, int]:
    """Beside a column for the surname, a column "Name" contains the first name."""
    last = positions.get("last_name")
    if last is None:
        return {}
    used = taken | set(positions.values())
    free = [i for i, h in enumerate(headers) if i not in used and normalise(h) in NAME_HEADERS]
    return {"first_name": free[0]} if len(free) == 1 else {}


# --- the result -------------------------------------------------------------------------------


def _without_dropped(
    labels: Sequence[str], positions: Mapping[str, int], dropped: tuple[int, ...]
) -> HeaderMatch:
    """The match; the indexes in its `columns` do not count the dropped columns."""
    kept = [i for i in range(len(labels)) if i not in dropped]
    new_index = {old: new for new, old in enumerate(kept)}
    used = set(positions.values())
    ignored = [i for i in kept if i not in used]
    columns = Columns(
        headers=tuple(labels[i] for i in kept),
        positions={field: new_index[index] for field, index in positions.items()},
        ignored=tuple(labels[i] for i in ignored),
        indexes=tuple(kept),
    )
    warnings = [_password_warning(labels[i]) for i in dropped]
    warnings += [unused_warning(labels[i], positions, labels) for i in ignored]
    return HeaderMatch(columns, dropped, warnings)


def _password_warning(label: str) -> FileWarning:
    message = f'The column "{label}" was not read, because passwords are never imported.'
    return FileWarning(code="password_dropped", column=label, message=message)


def unused_warning(label: str, positions: Mapping[str, int], labels: Sequence[str]) -> FileWarning:
    """The warning that no field is read from a column."""
    match = recognise(label)
    if match and match.field in positions:
        used = labels[positions[match.field]]
        message = f'The column "{label}" is ignored: {match.field} is read from "{used}".'
        return FileWarning(code="unused_column", column=label, message=message)
    message = f'The column "{label}" is ignored: no field is read from it.'
    if nearest := nearest_field(label, positions):
        message += (
            f" Did you mean {nearest}? Rename the column to {nearest}, or map {nearest} to it."
        )
    return FileWarning(code="unknown_column", column=label, message=message)
