"""The canonical form of an e-mail address: all spellings of one mailbox have the same.

It is computed in Python only, as PostgreSQL and Python disagree on the lower case of some
characters. The functions are pure.

Rules: RFC 5321 (lengths), RFC 5322 dot-atom (local part), RFC 5890 and UTS 46 (domain).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna

from core.characters import describe, find_invisible

MAX_CHARS: Final = 254
MAX_LOCAL_CHARS: Final = 64
MAX_DOMAIN_CHARS: Final = 253

# Most e-mail addresses match this pattern. Their canonical form is the same text in lower case.
# With at most SIMPLE_MAX_CHARS characters no part can be too long, so no other length is checked.
SIMPLE_PATTERN: Final = (
    r"[A-Za-z0-9_]++(?:[.+'-][A-Za-z0-9_]++)*+"
    r"@(?:[A-Za-z0-9]++[.-])*+(?<=\.)[A-Za-z]{2,}+"
)
SIMPLE_MAX_CHARS: Final = 63

_ATOM: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LEVEL: Final = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_SPACE: Final = re.compile(r"\s")
_SEVERAL: Final = re.compile(r"[,;/\s]")


# What may stand before and after an address in a cell that holds more than it.
_IN_TEXT: Final = re.compile(rf"(?:^|[\s<(\[\":;,])({SIMPLE_PATTERN})(?=$|[\s>)\]\"';,*])")


class InvalidEmail(ValueError):
    """The text is not an e-mail address. The message says why: a clause to follow a colon."""


def normalise(value: str) -> str:
    """The canonical form of an e-mail address, which has no white space around it.

    Raises InvalidEmail, and nothing else, with the reason.
    """
    if hidden := find_invisible(value):
        raise InvalidEmail(f"it contains {describe(hidden)}; type it again without it")
    if len(value) > 4 * MAX_CHARS:  # before the normalisation, which takes time
        raise InvalidEmail(_too_long(len(value)))
    text = unicodedata.normalize("NFKC", value).strip()
    if len(text) > MAX_CHARS:  # A-labels make it longer still
        raise InvalidEmail(_too_long(len(text)))
    local, domain = _split(text)
    _check_local(local)
    email = f"{local.lower()}@{_ascii_domain(domain)}"
    if len(email) > MAX_CHARS:
        raise InvalidEmail(_too_long(len(email)))
    return email


def find_in(text: str) -> str | None:
    """The e-mail address in a text such as `Ida Holm <ida@firm.example>` or `mailto:…`.

    None where there is none or more than one, and where an address has unusual characters. Only
    the first characters of the text, in which an address has room, are searched.
    """
    found = _IN_TEXT.findall(text[: 2 * MAX_CHARS].rstrip("."))
    return found[0] if len(found) == 1 and text.count("@") == 1 else None


def _too_long(found: int) -> str:
    return f"it has {found} characters; at most {MAX_CHARS} are allowed"


def _split(text: str) -> tuple[str, str]:
    """The parts before and after the @."""
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
        raise InvalidEmail(f"there is nothing {'after' if local else 'before'} the @")
    if _SPACE.search(text):
        raise InvalidEmail("it contains a space")
    if "," in domain or ";" in domain:
        raise InvalidEmail("it contains a comma or semicolon after the @; a dot may be meant")
    return local, domain


def _check_local(local: str) -> None:
    if not local.isascii():
        character = next(c for c in local if not c.isascii())
        name = unicodedata.name(character, "unnamed").lower()
        raise InvalidEmail(
            f"before the @ only a-z, 0-9 and ASCII signs are allowed, but it contains "
            f"{character!r} (U+{ord(character):04X}, {name})"
        )
    if len(local) > MAX_LOCAL_CHARS:
        raise InvalidEmail(
            f"it has {len(local)} characters before the @; at most {MAX_LOCAL_CHARS} are allowed"
        )
    for atom in local.lower().split("."):
        if not atom:
            raise InvalidEmail("before the @, a dot may not be first, last or next to another dot")
        if not _ATOM.fullmatch(atom):
            character = next(c for c in atom if not _ATOM.fullmatch(c))
            raise InvalidEmail(f"{character!r} is not allowed before the @")


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """The domain in lower-case A-labels, the form that the DNS uses."""
    name = domain.lower() if domain.isascii() else _encode_domain(domain)
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


def _encode_domain(domain: str) -> str:
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
        is_valid = idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        is_valid = False
    if not is_valid:
        raise InvalidEmail(f"{label!r} in its domain is not a valid international name")
