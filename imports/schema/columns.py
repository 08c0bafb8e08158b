"""Which column of a file holds which field: from the header row and what a client asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.text import excerpt, listed
from imports.errors import DuplicateColumn, ForbiddenColumn, UnknownMapping
from imports.schema.fields import (
    FIELDS,
    FORBIDDEN_HEADERS,
    FULL_NAME,
    NAME_FIELDS,
    Field,
    header_keys,
    is_forbidden,
    is_password,
    normalise,
    recognise,
)
from imports.schema.missing_columns import refuse_missing

__all__ = ["FIELDS", "Columns", "Field", "Match", "Notice", "match_headers", "normalise"]


class Notice(NamedTuple):
    """A warning about the file as a whole (row None) or about one row of it."""

    row: int | None
    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The columns of a file, without those that hold passwords."""

    headers: tuple[str, ...]
    positions: dict[str, int]  # field -> index; "full_name" may stand for both names
    ignored: tuple[str, ...]

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> header, as a client could send it back."""
        return {field: self.headers[index] for field, index in self.positions.items()}

    def examples(self, rows: Iterable[Sequence[str]], count: int = 3) -> dict[str, list[str]]:
        """Up to `count` different values of each column in `rows`: header -> values."""
        found: list[list[str]] = [[] for _ in self.headers]
        for cells in rows:
            for values, cell in zip(found, cells, strict=False):
                if len(values) < count and (value := excerpt(cell, 100)) not in ("", *values):
                    values.append(value)
        return dict(zip(self.headers, found, strict=True))

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; `from_json` is the inverse."""
        return {
            "headers": list(self.headers),
            "positions": dict(self.positions),
            "ignored": list(self.ignored),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Columns:
        """The columns that `as_json` wrote."""
        return cls(
            headers=tuple(data["headers"]),
            positions={field: int(index) for field, index in data["positions"].items()},
            ignored=tuple(data["ignored"]),
        )


class Match(NamedTuple):
    """What became of a header row. `dropped`: indexes of the file's cells that hold passwords."""

    columns: Columns
    dropped: tuple[int, ...]
    warnings: list[Notice]


def match_headers(headers: Sequence[str], mapping: Mapping[str, str] | None = None) -> Match:
    """Find the column of each field in a file's header row.

    `mapping` (field -> header) wins over every name; a header of "" means that the field is to be
    ignored. Raises ForbiddenColumn, UnknownMapping, DuplicateColumn or MissingColumn.
    """
    labels = _labels(headers)
    _refuse_forbidden(headers)
    dropped = tuple(i for i, header in enumerate(headers) if is_password(header))
    chosen = _mapped(headers, labels, mapping or {})
    taken = {index for index in chosen.values() if index is not None} | set(dropped)
    positions = {field: index for field, index in chosen.items() if index is not None}
    positions |= _recognised(labels, headers, taken, skip=_settled(chosen))
    refuse_missing(positions, labels, dropped)
    return _reduced(labels, positions, dropped)


def fields_in(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> set[str]:
    """The fields that a row would give if it were the header row."""
    found = {hit[0] for hit in map(recognise, cells) if hit}
    if mapping:
        names = {key for cell in cells for key in header_keys(cell)}
        found |= {field for field, header in mapping.items() if normalise(str(header)) in names}
    return found


def _labels(headers: Sequence[str]) -> list[str]:
    """The headers as they are shown and stored; a column without one is named by its number."""
    return [excerpt(header, 200) or f"(column {i})" for i, header in enumerate(headers, start=1)]


def _refuse_forbidden(headers: Sequence[str]) -> None:
    found = [excerpt(header) for header in headers if is_forbidden(header)]
    if found:
        raise ForbiddenColumn(
            f"The file holds a column that no file may set: {listed(found)}. "
            "Remove the column and upload the file again.",
            columns=found,
        )


def _settled(chosen: Mapping[str, int | None]) -> set[str]:
    """The fields that the mapping has decided on: a whole name decides on both of its parts."""
    full_name = chosen.get(FULL_NAME) is not None
    return set(chosen) | (set(NAME_FIELDS) if full_name else set())


# --- mapping ----------------------------------------------------------------------------------


def _mapped(
    headers: Sequence[str], labels: Sequence[str], mapping: Mapping[str, str]
) -> dict[str, int | None]:
    chosen: dict[str, int | None] = {}
    for field, header in mapping.items():
        _refuse_unknown_field(field)
        wanted = str(header if header is not None else "").strip()
        chosen[field] = _index_of(field, wanted, headers, labels) if wanted else None
    whole, parts = chosen.get(FULL_NAME), [f for f in NAME_FIELDS if chosen.get(f) is not None]
    if whole is not None and parts:
        raise UnknownMapping(
            f"The mapping names both full_name and {listed(parts)}. "
            "Send either full_name, or first_name and last_name."
        )
    return chosen


def _refuse_unknown_field(field: str) -> None:
    if normalise(field) in FORBIDDEN_HEADERS:
        raise ForbiddenColumn(f"No file may set {excerpt(field)}. Leave it out of the mapping.")
    if field not in FIELDS and field != FULL_NAME:
        raise UnknownMapping(
            f'The mapping names the field "{excerpt(field)}", which there is not. '
            f"The fields are: {', '.join([*FIELDS, FULL_NAME])}.",
            field=excerpt(field),
        )


def _index_of(field: str, wanted: str, headers: Sequence[str], labels: Sequence[str]) -> int:
    found = _columns_called(wanted, headers, labels)
    if not found:
        raise UnknownMapping(
            f'The mapping wants {field} from the column "{excerpt(wanted)}", which the file does '
            f"not have. Its columns are: {listed(labels)}.",
            field=field,
            header=excerpt(wanted),
            headers=list(labels),
        )
    if len(found) > 1:
        raise _duplicate(field, found, labels)
    if is_password(headers[found[0]]):
        raise UnknownMapping(
            f'The mapping wants {field} from "{excerpt(wanted)}". '
            "Passwords are never imported: choose another column.",
            field=field,
        )
    return found[0]


def _columns_called(wanted: str, headers: Sequence[str], labels: Sequence[str]) -> list[int]:
    """The columns with this header as it is written, or else in any of the forms it is known by."""
    exactly = [i for i, header in enumerate(headers) if wanted in (header.strip(), labels[i])]
    key = normalise(wanted)
    return exactly or [i for i, header in enumerate(headers) if key in header_keys(header)]


# --- names that are known ---------------------------------------------------------------------


def _recognised(
    labels: Sequence[str], headers: Sequence[str], taken: set[int], skip: set[str]
) -> dict[str, int]:
    candidates: dict[str, list[tuple[int, int]]] = {}
    for index, header in enumerate(headers):
        hit = None if index in taken else recognise(header)
        if hit and hit[0] not in skip:
            candidates.setdefault(hit[0], []).append((hit[1], index))
    positions = {field: _best(field, ranked, labels) for field, ranked in candidates.items()}
    if "last_name" not in positions and "last_name" not in skip:
        positions |= _german_last_name(headers, positions, taken)
    return positions


def _best(field: str, ranked: list[tuple[int, int]], labels: Sequence[str]) -> int:
    best = min(rank for rank, _ in ranked)
    found = [index for rank, index in ranked if rank == best]
    if len(found) > 1:
        raise _duplicate(field, found, labels)
    return found[0]


def _german_last_name(
    headers: Sequence[str], positions: Mapping[str, int], taken: set[int]
) -> dict[str, int]:
    """Beside a "Vorname", a column "Name" holds the family name."""
    first = positions.get("first_name")
    if first is None or "vorname" not in header_keys(headers[first]):
        return {}
    free = [i for i, h in enumerate(headers) if i not in taken and normalise(h) == "name"]
    return {"last_name": free[0]} if len(free) == 1 else {}


def _duplicate(field: str, found: Sequence[int], labels: Sequence[str]) -> DuplicateColumn:
    named = [f'"{excerpt(labels[i])}" (column {i + 1})' for i in found]
    return DuplicateColumn(
        f"More than one column stands for {field}: {listed(named)}. Rename or remove all but "
        'one, or choose one by a mapping (for example {"' + field + '": "…"}).',
        field=field,
        columns=[labels[i] for i in found],
    )


# --- the outcome ------------------------------------------------------------------------------


def _reduced(
    labels: Sequence[str], positions: Mapping[str, int], dropped: tuple[int, ...]
) -> Match:
    """The match, in indexes that count without the dropped columns."""
    kept = [i for i in range(len(labels)) if i not in dropped]
    place = {old: new for new, old in enumerate(kept)}
    used = set(positions.values())
    ignored = [i for i in kept if i not in used]
    columns = Columns(
        headers=tuple(labels[i] for i in kept),
        positions={field: place[index] for field, index in positions.items()},
        ignored=tuple(labels[i] for i in ignored),
    )
    warnings = [_password_notice(labels[i]) for i in dropped]
    warnings += [_unused_notice(labels[i], positions, labels) for i in ignored]
    return Match(columns, dropped, warnings)


def _password_notice(label: str) -> Notice:
    return Notice(
        None,
        "password_dropped",
        f'The column "{label}" was dropped unread: passwords are never imported.',
    )


def _unused_notice(label: str, positions: Mapping[str, int], labels: Sequence[str]) -> Notice:
    hit = recognise(label)
    if hit and hit[0] in positions:
        instead = labels[positions[hit[0]]]
        return Notice(
            None,
            "unused_column",
            f'The column "{label}" is ignored: {hit[0]} is read from "{instead}".',
        )
    return Notice(
        None, "unknown_column", f'The column "{label}" is ignored: no field is read from it.'
    )
