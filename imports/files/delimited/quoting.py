"""Other ways of quoting than RFC 4180's, and blanks around quoted cells.

`find_quoting` recognises how a whole file is quoted and gives a function that rewrites its text.
`without_padding` removes blanks around the quoted cells of one line. Both keep the number of lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from imports.files.text import split_lines

_DELIMITERS = ",;\t|"
_EXAMINED_LINES = 60
_MARK = "\ue000"  # a quote of another kind, while csv.reader reads a line
_WRAPPED_LINE = re.compile(r'[ \t\xa0]*"((?:[^"]|"")*+)"[ ,;|\t]*([\r\n]*)')
_BACKSLASHES = re.compile(r'\\(["\\])')
OTHER_QUOTES = (
    *(("'", "'"), ("“”„", "“”‟"), ("‘‚’", "’‘"), ("«", "»"), ("»", "«"), ("`", "`´'"), ("´", "´")),
    *(("‹", "›"), ("›", "‹"), ("「", "」"), ("『", "』"), ("＂", "＂"), ("〝", "〞〟"), ("″", "″")),
)


class Quoting(NamedTuple):
    """A way of quoting: the warning about it, and the function that rewrites whole lines."""

    code: str
    message: str
    rewrite: Callable[[str], str]


def find_quoting(lines: Sequence[str]) -> Quoting | None:
    """How a file is quoted, by its first lines, if it is not the usual way."""
    filled = [line for line in lines if line.strip()][:_EXAMINED_LINES]
    if _are_wrapped(filled):
        message = "Every row stood in one pair of quotes, which was taken off."
        return Quoting("rows_in_quotes", message, _unwrap)
    if any('\\"' in line for line in filled) and _have_backslashes(filled):
        message = 'Quotes inside cells are written \\" and were read as quotes.'
        return Quoting("backslash_quotes", message, _without_backslashes)
    if any('"' in line for line in filled):
        return None
    text = "".join(filled[:21])
    for opening, closing in OTHER_QUOTES:
        if not any(char in text for char in opening):
            continue
        for delimiter in filter(text.__contains__, _DELIMITERS):
            requote = Requote(delimiter, opening, closing)
            if any(map(requote.holds_for, filled[:21])):
                message = f"Cells are quoted with {opening[0]}, which was taken off."
                return Quoting("other_quotes", message, requote)
    return None


# --- rows in one pair of quotes ---------------------------------------------------------------


def _are_wrapped(lines: Sequence[str]) -> bool:
    matches = [_WRAPPED_LINE.fullmatch(line) for line in lines]
    if len(matches) < 2 or not all(matches):
        return False
    first = matches[0]
    return first is not None and any(char in first[1] for char in _DELIMITERS)


def _unwrap(text: str) -> str:
    return "".join(_unwrapped(line) for line in split_lines(text))


def _unwrapped(line: str) -> str:
    match = _WRAPPED_LINE.fullmatch(line)
    return match[1].replace('""', '"') + match[2] if match else line


# --- backslashes ------------------------------------------------------------------------------


def _have_backslashes(lines: Sequence[str]) -> bool:
    """Whether lines can be read only if a backslash precedes a quote that belongs to the cell."""
    rewritten = _without_backslashes("".join(lines))
    return any(
        not _is_sound(lines, delimiter) and _is_sound(split_lines(rewritten), delimiter)
        for delimiter in _DELIMITERS
        if any(delimiter in line for line in lines)
    )


def _is_sound(lines: Iterable[str], delimiter: str) -> bool:
    try:
        for _ in csv.reader(lines, delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)  # the examined lines end within a cell
    return True


def _without_backslashes(text: str) -> str:
    return _BACKSLASHES.sub(lambda found: '""' if found[1] == '"' else "\\", text)


# --- quotes of another kind -------------------------------------------------------------------


class Requote:
    """Rewrites lines whose cells are quoted with other characters, such as 'a','b, c'."""

    def __init__(self, delimiter: str, opening: str, closing: str) -> None:
        self._delimiter = delimiter
        self._doubled = opening * 2 if opening == "'" else None
        by = re.escape(delimiter)
        self.opening = re.compile(rf"(\A|{by})[ \xa0]*[{opening}]")
        self.closing = re.compile(rf"[{closing}][ \xa0]*(?={by}|[\r\n]*\Z)")

    def holds_for(self, line: str) -> bool:
        """Whether every cell of a line with several cells is quoted in this way."""
        cells = line.rstrip("\r\n").split(self._delimiter)
        return len(cells) > 1 and all(
            self.opening.match(cell.strip()) and self.closing.search(cell.strip()[1:])
            for cell in cells
        )

    def __call__(self, text: str) -> str:
        return "".join(map(self._line, split_lines(text)))

    def _line(self, line: str) -> str:
        """The line with ordinary quotes; unchanged if its quotes don't match."""
        content = line.rstrip("\r\n")
        marked = self.closing.sub(_MARK, self.opening.sub(rf"\1{_MARK}", content))
        if _MARK not in marked:
            return line
        try:
            [cells] = csv.reader([marked], delimiter=self._delimiter, quotechar=_MARK, strict=True)
        except (csv.Error, ValueError):
            return line
        if self._doubled:
            cells = [cell.replace(self._doubled, "'").replace("\\'", "'") for cell in cells]
        return self._delimiter.join(map(_quoted, cells)) + line[len(content) :]


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


# --- blanks around quoted cells ---------------------------------------------------------------


class Padding:
    """Removes blanks around quoted cells. A tab is a blank where it is not the delimiter."""

    def __init__(self, delimiter: str) -> None:
        by = re.escape(delimiter)
        blank = "[ \xa0\u3000]" if delimiter == "\t" else "[ \t\xa0\u3000]"
        end = rf"(?={by}|[\r\n]*\Z)"
        self._delimiter = delimiter
        # Finds a blank and a quote at the beginning of a cell, or behind other blanks.
        self._blank_and_quote = re.compile(rf' "(?<![^{by}\r\n \t\xa0\u3000] ")').search
        self.hint = re.compile(rf'(?:{by}|^){blank}{{1,200}}+"', re.M)
        self.closed = re.compile(rf'{blank}*+("(?:[^"]|"")*+"){blank}*+{end}')
        self.opened = re.compile(rf'{blank}*+("(?:[^"]|"")*+)\Z')
        self.rest_of_open = re.compile(rf'((?:[^"]|"")*+"){blank}*+{end}')
        self.plain = re.compile(rf"[^{by}]*")

    def may_precede(self, text: str, *, suspect: bool) -> bool:
        """Whether blanks may stand before a quoted cell. False for most files.

        A strict csv.reader does not notice these. It raises csv.Error for blanks behind a cell.
        `suspect`: as `is_suspect` says. It is true for every text with other blanks than U+0020.
        """
        found = self._blank_and_quote(text) is not None or suspect or "\t" in text
        return found and self.hint.search(text) is not None  # takes ten times as long

    def remove(self, line: str, *, is_open: bool) -> str:
        """The line without these blanks. `is_open`: it begins within a quoted cell."""
        parts: list[str] = []
        at = 0
        if is_open:
            rest = self.rest_of_open.match(line)
            if not rest:
                return line
            parts.append(rest[1])
            at = rest.end()
        else:
            at = self._cell(line, 0, parts)
        while at < len(line) and line[at] == self._delimiter:
            parts.append(self._delimiter)
            at = self._cell(line, at + 1, parts)
        return "".join(parts) + line[at:]

    def _cell(self, line: str, at: int, parts: list[str]) -> int:
        """Adds the cell that begins at `at`, and gives the position behind it."""
        quoted = self.closed.match(line, at) or self.opened.match(line, at)
        if quoted:
            parts.append(quoted[1])
            return quoted.end()
        plain = self.plain.match(line, at)
        parts.append(plain[0] if plain else "")
        return plain.end() if plain else at
