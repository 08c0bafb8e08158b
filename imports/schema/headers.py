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
# One letter, as in "Nom (E)": "Nome" is another field.
_LETTER_REMARK: Final = re.compile(r"(?<=\s)[(\[{<]\w[)\]}>]")
# Any other remark, such as "Role (admin/analyst/viewer)" or "Phone (with country code)". It may
# distinguish columns, as in "Phone (home)", so a name before it has a rank below all others.
_OPENING: Final = re.escape("([{<（［｛〈《【〔「『")
_CLOSING: Final = re.escape(")]}>）］｝〉》】〕」』")
_ANY_REMARK: Final = re.compile(f"[{_OPENING}][^{_OPENING}{_CLOSING}]*[{_CLOSING}]")
_OPEN_REMARK: Final = re.compile(f"[{_OPENING}].*", re.DOTALL)
_MAX_NESTING: Final = 3
# A number before the name, as in "1. Email"; the sign of a footnote behind it.
_NUMBER_OR_SIGN: Final = re.compile(r"\A\s*\d{1,3}[.)]\s+|[\u00b9\u00b2\u00b3\u2070-\u2079†‡§]")
# A remark without brackets: "Role: admin/analyst/viewer", "Email - required", "名※必須". It must
# list choices or say whether the column is needed, because "Phone - home" is another phone.
_REMARK_SIGN: Final = re.compile(r"[:：=※\r\n]|[-–—](?=\s)")
_CHOICES: Final = re.compile(
    r"\w\s*[/|,;／、，]\s*\w"
    r"|\A\W*(?:required|optional|mandatory|pflicht\w*|erforderlich|verplicht|obligatoire|facultatif"
    r"|obligat[oó]ri[oa]|obbligatorio|facoltativo|opcional|requerido|wymagane|påkrævet|obligatorisk"
    r"|zorunlu|必須|必填|任意|選填|选填|필수|선택)\W*\Z",
    re.IGNORECASE,
)
_NAMES_SIGN: Final = re.compile(r"[/|／\r\n]")
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
    header = _LETTER_REMARK.sub(" ", header[:MAX_HEADER_CHARS])
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
    name = _recognise_beside_remarks(header[:MAX_HEADER_CHARS])
    return Recognised(name.field, REMARK_RANK + name.rank) if name else None


def _recognise_beside_remarks(header: str) -> Recognised | None:
    """The field of a name that has a number, remarks, or its name in another language beside it."""
    text = _NUMBER_OR_SIGN.sub(" ", header)
    for _ in range(_MAX_NESTING):
        text = _ANY_REMARK.sub(" ", text)
    text = _OPEN_REMARK.sub(" ", text)
    if name := KNOWN_NAMES.get(normalise(text)):
        return name
    text, *remark = _REMARK_SIGN.split(text, maxsplit=1)
    if remark and _CHOICES.search(remark[0]) and (name := KNOWN_NAMES.get(normalise(text))):
        return name
    names = [KNOWN_NAMES.get(normalise(part)) for part in _NAMES_SIGN.split(header) if part.strip()]
    first = names[0] if len(names) > 1 else None
    return first if first and all(one and one.field == first.field for one in names) else None


def is_password(header: str) -> bool:
    """Whether a column may hold passwords or hashes of them. Such a column is never stored."""
    return is_password_header(header[:MAX_HEADER_CHARS])


def is_forbidden(header: str) -> bool:
    """Whether a file with this column is refused."""
    return any(key in FORBIDDEN_HEADERS for key in header_keys(header))
