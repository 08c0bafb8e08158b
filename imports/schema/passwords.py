"""Recognises columns that hold passwords, their hashes, or other secrets. They are never stored.

A column is dropped by its header, or, where no field is read from it, by its values. A column that
is dropped by mistake costs nothing, because no field would have been read from it either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from imports.schema.header_names import fold, password_parts, password_words

# From `languages.toml`. A header with one of these in it stands for a password: accents and
# punctuation make no difference.
PASSWORD_WORDS: Final = password_words()
# A header with one of these as a word of its own does: `user_pass`, `unicodePwd`, `Temp PW`.
PASSWORD_PARTS: Final = password_parts()

# Microsoft 365: whether the user is blocked from logging in.
_NO_PASSWORDS: Final = (["block", "credential"],)

_CAMEL: Final = re.compile(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_PARTS: Final = re.compile(r"[^\W_]+")
# What programs store for a password: crypt(3) and its kin, Django, LDAP, MySQL, and bare digests.
_SECRET_VALUE: Final = re.compile(
    r"\$(?:[0-9][a-z]?|y|gy|7|argon2\w*|pbkdf2[\w-]*|scrypt|bcrypt\w*|sha\d*|md5|apr1|P|H)\$.*"
    r"|(?:pbkdf2|argon2|bcrypt|scrypt|sha1|sha256|sha512|md5)[_$:][\w$:./+=-]{16,}"
    r"|\{(?:s?sha\d*|s?md5|smd5|crypt|bcrypt|pbkdf2[\w-]*|argon2\w*|ns-mta-md5)\}.+"
    r"|\*[0-9A-F]{40}|(?:0x)?[0-9a-f]{32,}",
    re.IGNORECASE | re.DOTALL,
)
_MAX_EXAMINED_CHARS: Final = 200


def is_password_header(header: str) -> bool:
    """Whether a header says that its column holds passwords."""
    parts = _PARTS.findall(fold(_CAMEL.sub(" ", header)))
    if parts in _NO_PASSWORDS:
        return False
    if not PASSWORD_PARTS.isdisjoint((*parts, *(part.rstrip("0123456789") for part in parts))):
        return True
    joined = "".join(parts)
    return any(word in joined for word in PASSWORD_WORDS)


def holds_secrets(values: Iterable[str]) -> bool:
    """Whether values of a column look like hashes of passwords or like keys: at least half of those
    that are not empty."""
    filled = [value.strip() for value in values if value.strip()]
    found = [v for v in filled if _SECRET_VALUE.fullmatch(v[:_MAX_EXAMINED_CHARS])]
    return bool(found) and 2 * len(found) >= len(filled)
