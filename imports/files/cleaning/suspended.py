"""Finds people whom the system that exported a file has suspended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from imports.schema.header_names import normalise
from imports.schema.headers import header_keys

_STATUS_HEADERS: Final = frozenset(
    """status accountstatus userstatus employmentstatus employeestatus state accountstate userstate
    kontostatus benutzerstatus statut estado stato stan""".split()  # noqa: SIM905 - shorter
)
_YES_HEADERS: Final = frozenset(
    """suspended issuspended disabled isdisabled deactivated blocked isblocked blockcredential
    archived terminated gesperrt deaktiviert inactive""".split()  # noqa: SIM905 - shorter
)
_NO_HEADERS: Final = frozenset(
    """active isactive enabled isenabled accountenabled aktiv actif activo attivo""".split()  # noqa: SIM905
)
_SUSPENDED_WORDS: Final = frozenset(
    """suspended disabled deactivated inactive blocked locked terminated archived deleted
    deprovisioned left leaver former gesperrt deaktiviert inaktiv ausgeschieden suspendu
    inactif desactive suspendido inactivo suspenso inativo sospeso inattivo geblokkeerd
    inactief""".split()  # noqa: SIM905
)
_YES: Final = frozenset(("true", "yes", "1", "y", "x", "ja", "oui", "si", "sim", "wahr"))
_NO: Final = frozenset(("false", "no", "0", "n", "nein", "non", "falsch", "nao", "nee"))
MESSAGE: Final = (
    "The file says that these people are suspended. They are imported all the same: delete their "
    "rows if they should not be."
)


def words_of_columns(headers: Sequence[str]) -> dict[int, frozenset[str]]:
    """Index -> the values that mean "suspended", for the columns that say so."""
    found = {}
    for index, header in enumerate(headers):
        for key in header_keys(header):
            if key in _STATUS_HEADERS:
                found[index] = _SUSPENDED_WORDS
            elif key in _YES_HEADERS:
                found[index] = _YES
            elif key in _NO_HEADERS and "block" not in normalise(header):
                found[index] = _NO
    return found
