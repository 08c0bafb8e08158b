"""Finds people whom the system that exported a file has suspended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from imports.schema.header_names import fold, normalise, spellings_of, words_of
from imports.schema.headers import header_keys

_STATUS_HEADERS: Final = frozenset(map(normalise, words_of("status")))
_YES_HEADERS: Final = frozenset(map(normalise, words_of("suspended_header")))
_NO_HEADERS: Final = frozenset(map(normalise, words_of("active_header")))
_SUSPENDED: Final = frozenset(map(fold, words_of("suspended")))
_YES: Final = frozenset(map(fold, spellings_of("yes")))
_NO: Final = frozenset(map(fold, spellings_of("no")))
# Active Directory's userAccountControl has the bit 2 for an account that is disabled.
_DISABLED_ACCOUNTS: Final = frozenset(
    "514 546 2562 66050 66082 262658 262690 328194 328226 590338 8389122".split()  # noqa: SIM905
)
_MAX_CHARS: Final = 100
IMPORTED: Final = (
    "suspended",
    "The file says that these people are suspended. They are imported all the same. The option "
    "skip_suspended leaves them out.",
)
SKIPPED: Final = (
    "suspended_skipped",
    "The file says that these people are suspended. Their rows were left out, because of the "
    "option skip_suspended.",
)


def words_of_columns(headers: Sequence[str]) -> dict[int, frozenset[str]]:
    """Index -> the values that mean "suspended", for the columns that say so."""
    found = {}
    for index, header in enumerate(headers):
        for key in header_keys(header):
            if key in _STATUS_HEADERS:
                found[index] = _SUSPENDED
            elif key in _YES_HEADERS:
                found[index] = _YES
            elif key in _NO_HEADERS:  # Microsoft: "Block sign in (Yes/No) [accountEnabled]"
                found[index] = _YES if "block" in normalise(header) else _NO
            elif key == "useraccountcontrol":
                found[index] = _DISABLED_ACCOUNTS
    return found


@lru_cache(maxsize=4_096)
def is_one_of(value: str, words: frozenset[str]) -> bool:
    """Whether a value is one of the words, in any spelling, perhaps with a remark in brackets."""
    folded = fold(value[:_MAX_CHARS]).strip()
    return folded in words or folded.partition("(")[0].strip() in words
