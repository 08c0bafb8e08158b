"""The refusal of a file that lacks a column, with what comes closest in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from core.text import listed
from imports.errors import MissingColumn
from imports.schema.fields import (
    FULL_NAME,
    FULL_NAME_HEADERS,
    KNOWN,
    NAME_FIELDS,
    REQUIRED,
    header_keys,
)

_COMPARED = 50  # headers looked at for the closest one


def refuse_missing(
    positions: Mapping[str, int], labels: Sequence[str], dropped: Sequence[int]
) -> None:
    """Raises MissingColumn where a required field has no column."""
    missing = [f for f in REQUIRED if f not in positions]
    if FULL_NAME in positions:
        missing = [f for f in missing if f not in NAME_FIELDS]
    if not missing:
        return
    shown = [label for i, label in enumerate(labels) if i not in dropped]
    used = set(positions.values())
    free = [label for i, label in enumerate(labels) if i not in used and i not in dropped]
    whole = _full_name_header(shown) if set(missing) & set(NAME_FIELDS) else None
    unclear = [f for f in missing if not (whole and f in NAME_FIELDS)]
    closest = {f: header for f in unclear if (header := _closest(f, free[:_COMPARED]))}
    raise MissingColumn(
        _missing_sentence(missing, shown, closest, whole),
        missing=missing,
        headers=shown,
        closest=closest,
        **({"full_name": whole} if whole else {}),
    )


def _missing_sentence(
    missing: Sequence[str], shown: Sequence[str], closest: Mapping[str, str], whole: str | None
) -> str:
    noun = "column" if len(missing) == 1 else "columns"
    parts = [f"The file has no {noun} for {listed(missing)}; it has: {listed(shown)}."]
    if len(shown) == 1:
        parts.append("It has only one column: check which delimiter separates its cells.")
    parts += [f'The closest to {field} is "{header}".' for field, header in closest.items()]
    if whole:
        parts.append(
            f'"{whole}" seems to hold the whole name: with the mapping '
            f'{{"full_name": "{whole}"}} it is split into first and last name.'
        )
    parts.append("Rename the column in the file, or send a mapping that says which one it is.")
    return " ".join(parts)


def _closest(field: str, headers: Sequence[str]) -> str | None:
    """The header that looks most like one of the names of a field."""
    names = [name for name, hit in KNOWN.items() if hit[0] == field]
    best: tuple[float, str] | None = None
    for header in headers:
        for key in header_keys(header[:60]):
            match = difflib.get_close_matches(key, names, n=1, cutoff=0.7)
            if match:
                score = difflib.SequenceMatcher(None, key, match[0]).ratio()
                best = max(best or (0.0, ""), (score, header), key=lambda pair: pair[0])
    return best[1] if best else None


def _full_name_header(headers: Sequence[str]) -> str | None:
    by_key = {key: header for header in reversed(headers) for key in header_keys(header)}
    return next((by_key[name] for name in FULL_NAME_HEADERS if name in by_key), None)
