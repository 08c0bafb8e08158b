"""The one form of an e-mail address. Two spellings of one mailbox have the same form. Pure.

Computed in Python only: PostgreSQL and Python do not agree on the lower case of every character.
Rules: RFC 5321 (lengths), RFC 5322 dot-atom (local part), RFC 5890 and UTS 46 (domain).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna

from core.characters import describe, invisible

MAX_CHARS: Final = 254
MAX_LOCAL_CHARS: Final = 64
MAX_DOMAIN_CHARS: Final = 253

# An address that is in its one form but for its case. With at most ORDINARY_CHARS characters no
# part of it can be too long, so that no other length needs to be looked at.
ORDINARY: Final = (
    r"[A-Za-z0-9_]++(?:[.+'-][A-Za-z0-9_]++)*+"
    r"@(?:[A-Za-z0-9]++[.-])*+(?<=\.)[A-Za-z]{2,}+"
)
ORDINARY_CHARS: Final = 63

_ATOM: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LEVEL: Final = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_SPACE: Final = re.compile(r"\s")
_SEVERAL: Final = re.compile(r"[,;/\s]")


class InvalidEmail(ValueError):
    """Not an address; the text says why, to stand after "because" or a colon."""


def normalise(value: str) -> str:
    """The one form of an address (trimmed already).

    Raises BadAddress, and nothing else, with the reason in words.
    """
    if hidden := invisible(value):
        raise InvalidEmail(f"it holds {describe(hidden)}; type it again without it")
    if len(value) > 4 * MAX_CHARS:  # before anything that takes time
        raise InvalidEmail(_too_long(len(value)))
    text = unicodedata.normalize("NFKC", value).strip()
    if len(text) > MAX_CHARS:  # in A-labels it would only be longer
        raise InvalidEmail(_too_long(len(text)))
    local, domain = _halves(text)
    _check_local(local)
    address = f"{local.lower()}@{_ascii_domain(domain)}"
    if len(address) > MAX_CHARS:
        raise InvalidEmail(_too_long(len(address)))
    return address


def _too_long(found: int) -> str:
    return f"it has {found} characters; at most {MAX_CHARS} are allowed"


def _halves(text: str) -> tuple[str, str]:
    if text.lower().startswith("mailto:") or ("<" in text and ">" in text):
        raise InvalidEmail("write the bare address, without a name, brackets or mailto:")
    if text.count("@") > 1:
        several = _SEVERAL.search(text)
        raise InvalidEmail(
            "it looks like several addresses; one row is one user with one address"
            if several
            else "it has more than one @"
        )
    local, at, domain = text.partition("@")
    if not at:
        raise InvalidEmail("it has no @")
    if not local or not domain:
        raise InvalidEmail(f"nothing stands {'after' if local else 'before'} the @")
    if _SPACE.search(text):
        raise InvalidEmail("it holds a space")
    if "," in domain or ";" in domain:
        raise InvalidEmail("it holds a comma or semicolon after the @; a dot may be meant")
    return local, domain


def _check_local(local: str) -> None:
    if not local.isascii():
        strange = next(character for character in local if not character.isascii())
        name = unicodedata.name(strange, "unnamed").lower()
        raise InvalidEmail(
            f"before the @ only a-z, 0-9 and ASCII signs are allowed, and it holds "
            f"{strange!r} (U+{ord(strange):04X}, {name})"
        )
    if len(local) > MAX_LOCAL_CHARS:
        raise InvalidEmail(
            f"it has {len(local)} characters before the @; at most {MAX_LOCAL_CHARS} are allowed"
        )
    for atom in local.lower().split("."):
        if not atom:
            raise InvalidEmail("before the @, a dot may not be first, last or next to another dot")
        if not _ATOM.fullmatch(atom):
            strange = next(character for character in atom if not _ATOM.fullmatch(character))
            raise InvalidEmail(f"{strange!r} is not allowed before the @")


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """The domain in lower-case A-labels, as the DNS knows it."""
    name = domain.lower() if domain.isascii() else _from_unicode(domain)
    labels = name.split(".")
    if len(labels) < 2:
        raise InvalidEmail(f"its domain {domain!r} has no dot; a domain is like example.com")
    if "" in labels:
        raise InvalidEmail("after the @, a dot may not be first, last or next to another dot")
    for label in labels:
        _check_label(label)
    if not _TOP_LEVEL.fullmatch(labels[-1]):
        raise InvalidEmail(f"its domain can't end in .{labels[-1]}")
    if len(name) > MAX_DOMAIN_CHARS:
        raise InvalidEmail(
            f"it has {len(name)} characters after the @; at most {MAX_DOMAIN_CHARS} are allowed"
        )
    return name


def _from_unicode(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise InvalidEmail(f"its domain is not one that can be registered ({error})") from None


def _check_label(label: str) -> None:
    if len(label) > 63:
        raise InvalidEmail(
            f"a part of its domain has {len(label)} characters; at most 63 are allowed"
        )
    if not _LABEL.fullmatch(label):
        raise InvalidEmail("after the @ only letters, digits, dots and hyphens inside are allowed")
    if label.startswith("xn--"):
        _check_a_label(label)


def _check_a_label(label: str) -> None:
    try:
        honest = idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        honest = False
    if not honest:
        raise InvalidEmail(f"{label!r} in its domain is no valid international name")
