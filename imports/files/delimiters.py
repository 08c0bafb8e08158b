"""The delimiters that a text file may use, and what they are called."""

from __future__ import annotations

from typing import NamedTuple

from imports.errors import UnknownDelimiter


class _Words(NamedTuple):
    """What a delimiter is called."""

    name: str
    plural: str


# The only table of delimiters: character -> its name, and the plural for sentences.
DELIMITERS = {
    ",": _Words("comma", "commas"),
    ";": _Words("semicolon", "semicolons"),
    "\t": _Words("tab", "tabs"),
    "|": _Words("pipe", "pipes"),
}
_BY_NAME = {words.name: char for char, words in DELIMITERS.items()} | {"\\t": "\t"}


def named_delimiter(name: str | None) -> str | None:
    """The character for what a client sent: a character, a name, or `\\t`; None for nothing.

    Raises UnknownDelimiter.
    """
    if not name:
        return None
    char = _BY_NAME.get(name.strip().lower(), name)
    if char not in DELIMITERS:
        known = ", ".join(f'{w.name} ("{c}")' for c, w in DELIMITERS.items() if c != "\t")
        raise UnknownDelimiter(
            f"The delimiter {name[:20]!r} is not one that can be read. Name one of {known} and tab."
        )
    return char


def delimiter_choices() -> list[tuple[str, str]]:
    """(value, label) of every delimiter for a form; `named_delimiter` understands the values."""
    return [
        (words.name if char == "\t" else char, words.name.capitalize())
        for char, words in DELIMITERS.items()
    ]


def delimiter_plural(char: str) -> str:
    """A delimiter for a sentence such as "separated by commas"."""
    return DELIMITERS[char].plural if char in DELIMITERS else char
