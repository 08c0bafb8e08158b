"""Takes off what does not belong to a value, such as quotes and invisible marks, and says so.

Most files need none of this. `suspects.is_suspect` finds the text blocks that may, so that cells of
all others cost nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from imports.files.cleaning.suspects import find_entity
from imports.files.source import CellNotice
from imports.schema.fields import FIELDS, FULL_NAME

_BLANKS: Final = " \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_MARKS: Final = "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_QUOTE_PAIRS: Final = frozenset(
    '"" “” „“ „” ”“ ”” ‘’ ‚‘ ‚’ ’’ «» »« ‹› ›‹ `` `´ ´´ 「」 『』 ＂＂ 〝〞 〝〟 ″″ ′′'.split()  # noqa: SIM905
) | {"''", "`'"}
# What remains of UTF-8 that was read as windows-1252: a letter for the first byte of a character,
# and a sign for the second one; or as MacRoman, cp850 or cp437: one of four signs for the first.
_DAMAGE: Final = "[\xc2-\xf4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[√├┬┼]."
_DAMAGING_CODECS: Final = ("cp1252", "latin-1", "mac_roman", "cp850", "cp437")

# Values that no step changes: words, with single blanks and signs between them.
_plain: Final = re.compile(
    r"[A-Za-z0-9@.+()_/-]+(?:(?:, ?| & |[ '])[A-Za-z0-9@.+()_/-]+)*"
).fullmatch
_plain_letters: Final = re.compile(r"[\w@.+()/-]+(?:(?:, ?| & |[ '])[\w@.+()/-]+)*").fullmatch
_marks: Final = re.compile(f"[{_MARKS}]")
_runs: Final = re.compile(f"[{_BLANKS}]{{2,}}|[{_BLANKS[1:]}]")
_damage: Final = re.compile(_DAMAGE).search
_wrapped: Final = re.compile(r'\s*=\s*(?:"([^"]*)"|T\("([^"]*)"\))\s*').fullmatch
_cased_nulls: Final = frozenset(("NULL", "null", "Null", "\\N", "N/A", "n/a", "None", "NaN", "nan"))
_NULLS: Final = _cased_nulls | {
    *("NA", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "[null]", "#NULL", "nil", "NIL"),
    *("none", "(none)", "<none>", "undefined", "(blank)", "(empty)", "(leer)", "(vide)", "(vacío)"),
    *("(vazio)", "(vuoto)", "(leeg)", "(tom)", "(tomt)", "(boş)", "(puste)", "(пусто)", "(空白)"),
}
# A column of nothing but these is empty, too.
_DASHES: Final = frozenset(("-", "--", "---", "–", "—"))


class Cleaner:
    """Cleans the cells of the columns that a field is read from.

    `fields`: index in the file's rows -> field. `samples`: the first rows below the header, which
    decide what is done with a whole column.
    """

    def __init__(
        self,
        fields: Mapping[int, str],
        samples: Sequence[Sequence[str]],
    ) -> None:
        self._fields = fields
        columns = {
            index: [
                row[index].strip() for row in samples if index < len(row) and row[index].strip()
            ]
            for index in fields
        }
        self._quoted = {i for i, cells in columns.items() if cells and all(map(_is_quoted, cells))}
        self._null = {i for i, cells in columns.items() if cells and _empty(cells)}
        self._steps = {index: self._steps_for(index, field) for index, field in fields.items()}
        # Whether rows are to be cleaned whatever `is_suspect` says of their text.
        self.is_needed = bool(self._null) or any(
            cell in _NULLS for cells in columns.values() for cell in cells
        )

    def clean(self, row: int, cells: list[str], notices: list[CellNotice]) -> None:
        """Changes the cells of a row, and adds a notice for each change."""
        for index, steps in self._steps.items():
            if index < len(cells):
                cell = cells[index]
                if cell and not _is_plain(cell):
                    cells[index] = _cleaned(row, index, steps, cell, notices)

    def _steps_for(self, index: int, field: str) -> list[_Step]:
        kind = "text" if field == FULL_NAME else FIELDS[field].kind
        steps: list[_Step] = [_MARKS_STEP, _WRAPPER_STEP]
        if index in self._quoted or kind == "email":
            steps.append(_QUOTES_STEP)
        steps.append(_TEXT_APOSTROPHE_STEP if kind == "text" else _APOSTROPHE_STEP)
        if kind in ("phone", "text"):
            steps += [_COMPOSE_STEP, _BLANKS_STEP]
        if kind == "email":
            steps.append(_ADDRESS_STEP)
        steps.append(_NULL_COLUMN_STEP if index in self._null else _NULL_STEP)
        return steps


_Step = tuple[str, str, Callable[[str], str]]


def _cleaned(
    row: int, index: int, steps: list[_Step], value: str, notices: list[CellNotice]
) -> str:
    if _is_damaged(value):  # what looks like an invisible mark may be half of a letter
        notices.append(CellNotice(row, index, *_DAMAGED, value))
        return value
    for code, message, change in steps:
        changed = change(value)
        if changed != value:
            notices.append(CellNotice(row, index, code, message, value, changed))
            value = changed
    for code, message, found in _REMARKS:
        if found(value):
            notices.append(CellNotice(row, index, code, message, value))
    return value


def _empty(cells: Sequence[str]) -> bool:
    return all(cell in _NULLS or cell in _DASHES for cell in cells)


def _is_plain(cell: str) -> bool:
    if cell.isascii():
        return _plain(cell) is not None and cell not in _NULLS and cell not in _DASHES
    return _plain_letters(cell) is not None and not _damage(cell) and cell not in _NULLS


def _is_quoted(value: str) -> bool:
    return len(value) > 2 and value[0] + value[-1] in _QUOTE_PAIRS


def _without_quotes(value: str) -> str:
    stripped = value.strip()
    return stripped[1:-1].strip() if _is_quoted(stripped) else value


def _without_marks(value: str) -> str:
    return _marks.sub("", value)


def _without_wrapper(value: str) -> str:
    match = _wrapped(value)
    return (match[1] or match[2] or "") if match else value


def _without_apostrophe(value: str) -> str:
    stripped = value.strip()
    return stripped[1:].lstrip() if stripped[:1] in ("'", "’", "`") and stripped[1:] else value


def _without_text_apostrophe(value: str) -> str:
    """An apostrophe before a digit or a capital letter. Names such as 't Hooft begin with one."""
    mark, after = value[:1], value[1:2]
    if (mark in ("'", "’") and after.isdigit()) or (mark == "'" and after.isupper()):
        return value[1:]
    return value


def _composed(value: str) -> str:
    return unicodedata.normalize("NFC", value)


def _with_single_blanks(value: str) -> str:
    stripped = value.strip()
    merged = _runs.sub(" ", stripped)
    return merged if merged != stripped else value


def _without_separators(value: str) -> str:
    stripped = value.strip()
    trimmed = stripped.rstrip(";,；，、 \xa0\u3000")
    return trimmed if trimmed != stripped else value


def _without_null(value: str) -> str:
    return "" if value.strip() == "\\N" else value


def _without_null_of_column(value: str) -> str:
    return "" if _empty([value.strip()]) else value


def _is_damaged(value: str) -> bool:
    """Whether a value becomes shorter text if it is read as UTF-8 instead of windows-1252."""
    if not _damage(value):
        return False
    for codec in _DAMAGING_CODECS:
        try:
            value.encode(codec).decode()
        except UnicodeError:
            continue
        return True
    return False


def _is_null(value: str) -> bool:
    return value.strip() in _NULLS


_MARKS_STEP: Final = (
    "invisible_removed",
    "Invisible marks were taken off.",
    _without_marks,
)
_WRAPPER_STEP: Final = (
    "formula_unwrapped",
    'The text was taken out of a formula such as ="0042".',
    _without_wrapper,
)
_QUOTES_STEP: Final = (
    "quotes_removed",
    "The quotes around the values were taken off.",
    _without_quotes,
)
_APOSTROPHE_STEP: Final = (
    "apostrophe_removed",
    "The apostrophe in front was taken off.",
    _without_apostrophe,
)
_TEXT_APOSTROPHE_STEP: Final = (
    "apostrophe_removed",
    "The apostrophe in front was taken off.",
    _without_text_apostrophe,
)
_COMPOSE_STEP: Final = (
    "letters_composed",
    "Letters with separate accents were composed (Unicode NFC).",
    _composed,
)
_BLANKS_STEP: Final = (
    "blanks_merged",
    "Several blanks, or special ones, became one blank.",
    _with_single_blanks,
)
_ADDRESS_STEP: Final = (
    "separator_removed",
    "A separator behind the e-mail address was taken off.",
    _without_separators,
)
_NULL_STEP: Final = ("null_emptied", "\\N, a database's null, counts as empty.", _without_null)
_NULL_COLUMN_STEP: Final = (
    "null_emptied",
    "Every value is a database's null; these count as empty.",
    _without_null_of_column,
)
_REMARKS: Final = (
    (
        "database_null",
        "The value looks like a database's null. It is imported unchanged.",
        _is_null,
    ),
    (
        "html_entity",
        "The value contains an HTML entity, such as &amp;. It is imported unchanged.",
        lambda value: "&" in value and find_entity(value) is not None,
    ),
)
_DAMAGED: Final = (
    "damaged_text",
    "The value looks like UTF-8 that was read as windows-1252. It is imported unchanged. Export "
    "the file as UTF-8 again.",
)
