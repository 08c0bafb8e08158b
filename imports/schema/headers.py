"""Compares headers and recognises the field that a header stands for.

Case, accents, spaces and punctuation make no difference.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from imports.schema.fields import FIELDS
from imports.schema.header_names import FORBIDDEN_HEADERS, MAX_HEADER_CHARS, normalise
from imports.schema.passwords import is_password_header

# without "[" inside: otherwise the time would be quadratic in the number of opening brackets
_SQUARE_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]\s*(?:required)?", re.IGNORECASE)
_REMARK: Final = re.compile(
    r"\((?:required|optional|mandatory|yes/no|true/false|pflichtfeld|erforderlich|obligatoire"
    r"|facultatif|obligatorio|obrigat[oó]rio|opcional|requis|requerido)\)",
    re.IGNORECASE,
)
# Any other remark, such as "Role (admin/analyst/viewer)" or "Phone (with country code)". It may
# distinguish columns, as in "Phone (home)", so a name before it has a rank below all others.
_ANY_REMARK: Final = re.compile(r"\([^()]*\)|（[^（）]*）")
REMARK_RANK: Final = 1_000


class Recognised(NamedTuple):
    """The field that a header stands for, and the rank of the name that it was recognised by.

    Rank 0 is the field's own name, 1 an alias, 2 and more a fallback. The lowest rank wins.
    """

    field: str
    rank: int


def header_keys(header: str) -> tuple[str, ...]:
    """The normalised forms that a header may be recognised by, the most specific first.

    Google marks its columns (`First Name [Required]`). Microsoft adds the technical name
    (`User name [userPrincipalName] Required`). The text outside the brackets comes before the text
    inside them.
    """
    header = header[:MAX_HEADER_CHARS]
    plain = _REMARK.sub(" ", header)
    keys = [normalise(header), normalise(plain)]
    if "[" in plain:
        keys.append(normalise(_SQUARE_BRACKETS.sub(" ", plain)))
        keys.extend(normalise(inside) for inside in _SQUARE_BRACKETS.findall(plain))
    return tuple(dict.fromkeys(key for key in keys if key))


def _known_names() -> dict[str, Recognised]:
    known: dict[str, Recognised] = {}
    for field in FIELDS.values():
        known[normalise(field.name)] = Recognised(field.name, 0)
        known.update(dict.fromkeys(field.aliases, Recognised(field.name, 1)))
        known.update(
            {name: Recognised(field.name, 2 + i) for i, name in enumerate(field.fallbacks)}
        )
    return known


KNOWN_NAMES: Final = _known_names()  # normalised header -> its field


def recognise(header: str) -> Recognised | None:
    """The field that a header stands for, or None."""
    found = [KNOWN_NAMES[key] for key in header_keys(header) if key in KNOWN_NAMES]
    if found:
        return min(found, key=lambda match: match.rank)
    name = KNOWN_NAMES.get(normalise(_ANY_REMARK.sub(" ", header[:MAX_HEADER_CHARS])))
    return Recognised(name.field, REMARK_RANK + name.rank) if name else None


def is_password(header: str) -> bool:
    """Whether a column may hold passwords or hashes of them. Such a column is never stored."""
    return is_password_header(header[:MAX_HEADER_CHARS])


def is_forbidden(header: str) -> bool:
    """Whether a file with this column is refused."""
    return any(key in FORBIDDEN_HEADERS for key in header_keys(header))
