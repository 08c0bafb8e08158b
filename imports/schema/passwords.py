"""Recognises columns that hold passwords, their hashes, or other secrets. They are never stored.

A column is dropped by its header, or, where no field is read from it, by its values. A column that
is dropped by mistake costs nothing, because no field would have been read from it either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from imports.schema.header_names import fold, password_words

# All four are from `languages.toml`. Accents and punctuation make no difference.
# A header with one of these in it stands for a password.
PASSWORD_WORDS: Final = password_words("password")
# So does a header with one of these as a word of its own: `user_pass`, `Temp PW`, `P.I.N.`,
PASSWORD_PARTS: Final = frozenset(password_words("password_word"))
# one with a word that ends in one of these: `temppw`, `nthash`,
PASSWORD_ENDINGS: Final = password_words("password_ending")
# and one that is one of these.
PASSWORD_HEADERS: Final = frozenset(password_words("password_header"))

# Microsoft 365: whether the user is blocked from logging in.
_NO_PASSWORDS: Final = (["block", "credential"],)
_NO_ENDINGS: Final = frozenset(
    "compass bypass overpass underpass trespass surpass encompass rehash mishmash".split()  # noqa: SIM905
)

_CAMEL: Final = re.compile(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_PARTS: Final = re.compile(r"[^\W_]+")
# What programs store for a password: crypt(3) and its kin, Django, Werkzeug, LDAP, MySQL,
# PostgreSQL, SQL Server, digests in hexadecimal digits (also with a salt) and in base64.
_HASHES: Final = (
    r"\w?\$(?:[0-9][a-z]?|y|gy|7|P|H|S|A|ml|nt|wp|argon2\w*|pbkdf2[\w-]*|scrypt|scram|bcrypt[\w-]*"
    r"|sha\d*|md5[\w,=]*|apr1)\$.*",
    r"(?:grub\.)?(?:pbkdf2|argon2|bcrypt|scrypt|scram-sha|sha1|sha256|sha512|md5)[\w-]*"
    r"(?:[$:.][\w$:./+=,-]{16,}|\$\$.+)",
    r"\{(?:s?sha[\d-]*(?:-crypt)?|s?md5(?:-crypt)?|crypt|bcrypt|pbkdf2[\w-]*|argon2\w*|ns-mta-md5"
    r"|x-i\w+, ?\d+)\}.+",
    r"\*[0-9A-F]{40}",
    r"(?:0x|md5|:B:\w+:)?[0-9a-f]{32,}(?::\w+)*",
    r"(?:[0-9a-f]{8} ){3,}[0-9a-f]{8}",
)
_BASE64: Final = r"[A-Za-z0-9+/_-]{22,}={1,2}|(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/_-]{40,}"
# Tokens of JSON, of well known services, and keys.
_KEYS: Final = (
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    r"[srp]k[-_](?:live|test|proj|ant)[-_][\w-]{10,}",
    r"(?:gh[pousr]|github_pat|glpat|xox[abeprs]|npm|hf)[-_][\w-]{10,}",
    r"A[KS]IA[0-9A-Z]{16}",
    r"AIza[\w-]{30,}",
    r"-----BEGIN .*",
    r"(?:ssh-\w+|ecdsa-[\w-]+) AAAA.*",
    r"otpauth://.*",
)
_SECRET_VALUE: Final = re.compile(
    f"(?i:{'|'.join(_HASHES)})|{'|'.join((_BASE64, *_KEYS))}", re.DOTALL
)
_WRAPPING: Final = "'\"’“”„= \t\xa0"
_MAX_EXAMINED_CHARS: Final = 200


def is_password_header(header: str) -> bool:
    """Whether a header says that its column holds passwords."""
    parts = _PARTS.findall(fold(_CAMEL.sub(" ", header)))
    if parts in _NO_PASSWORDS:
        return False
    if not PASSWORD_PARTS.isdisjoint((*parts, *(part.rstrip("0123456789") for part in parts))):
        return True
    if any(part.endswith(PASSWORD_ENDINGS) and part not in _NO_ENDINGS for part in parts):
        return True
    joined = "".join(parts)
    if joined in PASSWORD_PARTS or joined in PASSWORD_HEADERS:
        return True
    return any(word in joined for word in PASSWORD_WORDS)


def holds_secrets(values: Iterable[str]) -> bool:
    """Whether values of a column look like hashes of passwords or like keys: at least half of those
    that are not empty."""
    filled = [value.strip() for value in values if value.strip()]
    found = [v for v in filled if _is_secret(v[:_MAX_EXAMINED_CHARS])]
    return bool(found) and 2 * len(found) >= len(filled)


def _is_secret(value: str) -> bool:
    """Whether a value looks like a hash or a key, also in quotes or as `="…"`."""
    return bool(_SECRET_VALUE.fullmatch(value) or _SECRET_VALUE.fullmatch(value.strip(_WRAPPING)))
