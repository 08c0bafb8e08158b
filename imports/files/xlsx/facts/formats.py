"""Number formats of a workbook: which cells a spreadsheet shows otherwise than their value.

A format of digits and literal characters, such as `00000000000`, `"+"0`, `0# ## ## ## ##` or
`[<=9999999]###-####;(###) ###-####`, is applied, because phone numbers and short numbers have them.
Source: ECMA-376, part 1, 18.8.30 (numFmt), 18.8.31 (its codes) and 18.8.45 (xf).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from imports.files.xlsx.package.archive import Package
from imports.files.xlsx.package.sheets import local_name, parse_xml

_PLAIN_IDS: Final = frozenset((0, 1, 49))  # General, 0, @: digits are shown as they are
_DATE_IDS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_TOKEN: Final = re.compile(r'"([^"]*)"|\\(.)|\[([^\]]*)\]|_.|(general|.)', re.DOTALL | re.I)
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)([0-9]{1,15})")
_DIGITS: Final = frozenset(("0", "#", "@", "general"))
_BARE_LITERALS: Final = frozenset("+-() :!^&'~{}<>=$")
_IGNORED_BRACKETS: Final = re.compile(
    r"\$.*|black|blue|cyan|green|magenta|red|white|yellow|color\d+", re.I
)
_DATE_CODES: Final = re.compile("[dmyhs]")
_DURATION_CODE: Final = re.compile("h{1,9}|m{1,9}|s{1,9}", re.IGNORECASE)
_MAX_FORMATS: Final = 10_000
_MAX_CODE_CHARS: Final = 255


class Format(NamedTuple):
    """A number format that matters.

    `parts` of "digits": literals, and None for each digit, of which the last `zeros` are shown even
    if they are leading zeros. `condition` of a number that it is for, such as
    ("<=", 9999999); `otherwise`: the format of all others."""

    kind: Literal["digits", "date", "other"]
    parts: tuple[str | None, ...] = ()
    zeros: int = 0
    condition: tuple[str, int] | None = None
    otherwise: Format | None = None


_PLAIN: Final = Format("digits", (None,))


def formats_of_styles(package: Package, part: str | None) -> dict[int, Format]:
    """Index of a style (the `s` of a cell) -> its format. Styles that show a whole number as its
    digits are left out. Raises BrokenWorkbook."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    is_in_cells = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal is_in_cells
        tag = local_name(name)
        if tag in ("cellXfs", "cellStyleXfs"):
            is_in_cells = tag == "cellXfs"
        elif tag == "numFmt" and len(codes) < _MAX_FORMATS:
            codes[_number(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif tag == "xf" and is_in_cells:
            styles.append(_number(attributes.get("numFmtId")))

    def end(name: str) -> None:
        nonlocal is_in_cells
        if local_name(name) == "cellXfs":
            is_in_cells = False

    if part is None:
        return {}
    parse_xml(package.pieces(part), start, end)
    known = {number: _format(number, codes.get(number)) for number in set(styles)}
    return {i: found for i, number in enumerate(styles) if (found := known[number])}


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


def _format(number: int, code: str | None) -> Format | None:
    """The format with a number; None if it shows a whole number as its digits."""
    if code is None:
        if number in _DATE_IDS:
            return Format("date")
        return None if number in _PLAIN_IDS else Format("other")
    return parse_format(code)


def parse_format(code: str) -> Format | None:
    """The format with this code; None if it shows a whole number as its digits."""
    if len(code) > _MAX_CODE_CHARS:
        return Format("other")
    tokens = list(_TOKEN.finditer(code))
    bare = "".join(t[4] or "" for t in tokens).lower()
    if _DATE_CODES.search(bare.replace("general", "")) or any(
        _DURATION_CODE.fullmatch(t[3] or "") for t in tokens
    ):
        return Format("date")
    sections: list[list[re.Match[str]]] = [[]]
    for token in tokens:
        if token[4] == ";":
            sections.append([])
        else:
            sections[-1].append(token)
    first, *others = map(_section, sections)
    if first and first.condition:  # else the others are for negative numbers, zero and text
        return first._replace(otherwise=(others[0] or _PLAIN) if others else None)
    return first


def _section(tokens: list[re.Match[str]]) -> Format | None:
    """The format of one section of a code; None if it shows a whole number as its digits."""
    parts: list[str | None] = []
    zeros = 0
    condition = None
    for token in tokens:
        quoted, escaped, bracket, char = token.groups()
        if char and char.lower() in _DIGITS:
            parts.append(None)
            zeros += char == "0" or zeros > 0
        elif quoted is not None or escaped is not None:
            parts.append(quoted if quoted is not None else escaped)
        elif char in _BARE_LITERALS:
            parts.append(char)
        elif bracket is not None and (found := _CONDITION.fullmatch(bracket)):
            condition = found[1], int(found[2])
        elif bracket is not None and _IGNORED_BRACKETS.fullmatch(bracket):
            continue
        elif char is None and bracket is None:
            parts.append(" ")  # _x: a blank as wide as x
        else:
            return Format("other")
    if None not in parts:
        return Format("other")
    if set(parts) == {None} and zeros < 2 and not condition:
        return None
    return Format("digits", tuple(parts), zeros, condition)


_COMPARE: Final = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


def shown_number(value: float, format_: Format) -> str | None:
    """A number as its format shows it; None where that is not known here."""
    if format_.condition:
        sign, limit = format_.condition
        if not _COMPARE[sign](value, limit):
            return shown_number(value, format_.otherwise) if format_.otherwise else None
    if format_.kind != "digits" or value < 0 or value != int(value):
        return None
    parts, count = list(format_.parts), format_.parts.count(None)
    digits = str(int(value)).zfill(format_.zeros)
    if len(digits) < count:
        places = [index for index, part in enumerate(parts) if part is None]
        unused = slice(places[0], places[count - len(digits)])
        if set(parts[unused]) != {None}:
            return None  # a spreadsheet shows the literals without the digits between them
        del parts[unused]
        count = len(digits)
    rest = iter(digits[len(digits) - count + 1 :])
    first = digits[: len(digits) - count + 1]
    shown: list[str] = []
    for part in parts:
        if part is None:
            shown.append(first or next(rest))
            first = ""
        else:
            shown.append(part)
    return "".join(shown).strip()
