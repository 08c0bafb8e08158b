"""Refuses a file that has no column for a required field, and names the most similar headers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from core.text import join_names
from imports.errors import MissingColumn
from imports.schema.fields import FULL_NAME, NAME_FIELDS, REQUIRED
from imports.schema.header_names import FULL_NAME_HEADERS, normalise
from imports.schema.headers import KNOWN_NAMES, header_keys

_WORD = re.compile(r"[^\W_]{3,}")
_MAX_COMPARED = 50  # headers compared with the names of a missing field
_MIN_SIMILARITY = 0.7  # between 0 and 1, as difflib measures it
_MIN_IGNORED_SIMILARITY = 0.8  # of a column that is not needed


def refuse_missing(
    positions: Mapping[str, int], labels: Sequence[str], dropped: Sequence[int]
) -> None:
    """Raises MissingColumn if a required field has no column."""
    missing = [field for field in REQUIRED if field not in positions]
    if FULL_NAME in positions:
        missing = [field for field in missing if field not in NAME_FIELDS]
    if not missing:
        return
    headers = [label for i, label in enumerate(labels) if i not in dropped]
    used = {*positions.values(), *dropped}
    unused = [label for i, label in enumerate(labels) if i not in used][:_MAX_COMPARED]
    full_name = _full_name_header(headers) if set(missing) & set(NAME_FIELDS) else None
    unexplained = [field for field in missing if not (full_name and field in NAME_FIELDS)]
    closest = {f: header for f in unexplained if (header := _closest(f, unused))}
    raise MissingColumn(
        _missing_sentence(missing, headers, closest, full_name),
        missing=missing,
        headers=headers,
        closest=closest,
        **({"full_name": full_name} if full_name else {}),
    )


def _missing_sentence(
    missing: Sequence[str],
    headers: Sequence[str],
    closest: Mapping[str, str],
    full_name: str | None,
) -> str:
    noun = "column" if len(missing) == 1 else "columns"
    parts = [f"The file has no {noun} for {join_names(missing)}; it has: {join_names(headers)}."]
    if len(headers) == 1 and "email" not in missing:
        parts.append(
            "It is a list of e-mail addresses. Every user also needs a first and a last name: add "
            "columns for them."
        )
    elif len(headers) == 1:
        parts.append("It has only one column: check which delimiter separates its cells.")
    parts += [f'The closest to {field} is "{header}".' for field, header in closest.items()]
    if full_name:
        parts.append(
            f'"{full_name}" seems to contain full names. The mapping '
            f'{{"full_name": "{full_name}"}} splits it into first and last name.'
        )
    parts.append("Rename the column in the file, or send a mapping that says which one it is.")
    return " ".join(parts)


def _closest(field: str, headers: Sequence[str]) -> str | None:
    """The header that is most similar to one of the names of a field, if any is similar enough."""
    names = [name for name, match in KNOWN_NAMES.items() if match.field == field]
    best: tuple[float, str] | None = None
    for header in headers:
        for key in header_keys(header[:60]):
            match = difflib.get_close_matches(key, names, n=1, cutoff=_MIN_SIMILARITY)
            if match:
                score = difflib.SequenceMatcher(None, key, match[0]).ratio()
                best = max(best or (0.0, ""), (score, header), key=lambda pair: pair[0])
    return best[1] if best else None


def nearest_field(header: str, positions: Mapping[str, int]) -> str | None:
    """The field without a column whose names are most similar to a header, if any is similar."""
    for key in header_keys(header[:60]):
        names = [  # a few of the hundreds of names: difflib is slow
            name
            for name, match in KNOWN_NAMES.items()
            if name[:1] == key[:1]
            and len(name) > 3
            and abs(len(name) - len(key)) <= 4
            and match.field not in positions
        ]
        match = difflib.get_close_matches(key, names, n=1, cutoff=_MIN_IGNORED_SIMILARITY)
        if match:
            return KNOWN_NAMES[match[0]].field
    for word in _WORD.findall(header[:60]):  # "Access role"
        known = KNOWN_NAMES.get(normalise(word))
        if known and known.rank < 2 and known.field not in positions:
            return known.field
    return None


def _full_name_header(headers: Sequence[str]) -> str | None:
    by_key = {key: header for header in reversed(headers) for key in header_keys(header)}
    return next((by_key[name] for name in FULL_NAME_HEADERS if name in by_key), None)
