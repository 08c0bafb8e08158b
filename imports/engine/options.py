"""The options of a file and of an import: their names, defaults and allowed values.

API, admin and commands take their options from here. A batch keeps its `ImportOptions` as JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Self

from core.characters import clean_for_storage
from imports.errors import UnknownOption, WrongOption
from imports.validation.rules import ROLES

DEFAULT_ROLES: Final = ROLES  # what `ImportOptions.default_role` may be
_SHOWN_CHARS = 50  # of an unknown name; also bounds the time that difflib takes
_SIMILAR = 0.7  # at 0.6, which is difflib's own, "existing" is taken for "revision"


class _FromValues:
    """Adds `from_json` to a dataclass."""

    __slots__ = ()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the options, in the order of their declaration."""
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The options from a mapping of name to value, such as `ImportBatch.options`.

        A missing member or None means the default. Unknown members are ignored, so that this
        version can read what an older or a newer one has stored. Raises `WrongOption`."""
        given = {name: values[name] for name in cls.names() if values.get(name) is not None}
        return cls(**given)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions(_FromValues):
    """How rows are imported."""

    send_invitations: bool = True
    skip_duplicates: bool = True
    default_role: str = "viewer"

    def __post_init__(self) -> None:
        if self.default_role not in DEFAULT_ROLES:
            raise WrongOption(
                f"default_role is {self.default_role!r}; allowed are {', '.join(DEFAULT_ROLES)}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingOptions(_FromValues):
    """How a file is read. None: detected automatically."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None  # the number of the row that names the columns, from 1
    mapping: Mapping[str, str] | None = None  # field -> header
    skip_hidden_rows: bool | None = None  # rows that a workbook hides are left out
    skip_suspended: bool | None = None  # rows of people whom the file calls suspended are left out


def refuse_unknown(given_names: Iterable[str], allowed_names: Collection[str]) -> None:
    """Raises `UnknownOption` for the first given name that is not allowed. The sentence names the
    nearest allowed name, if one is similar, and lists all allowed ones."""
    for name in given_names:
        if name not in allowed_names:
            raise _unknown_option(name, sorted(allowed_names))


def _unknown_option(name: str, allowed: list[str]) -> UnknownOption:
    shown = clean_for_storage(name, _SHOWN_CHARS)
    similar = get_close_matches(shown.lower().replace("-", "_"), allowed, n=1, cutoff=_SIMILAR)
    sentences = [f"There is no option {shown!r}."]
    sentences += [f"Did you mean {similar[0]!r}?"] if similar else []
    sentences += [f"Allowed are {', '.join(allowed)}." if allowed else "No options are allowed."]
    return UnknownOption(" ".join(sentences), option=shown, nearest=similar[0] if similar else None)
