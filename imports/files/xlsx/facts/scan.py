"""Finds the `Facts` of a sheet in its XML. Source: ECMA-376, part 1, 18.3 (worksheets)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from imports.files.xlsx.facts.cells import Facts
from imports.files.xlsx.facts.formats import Format
from imports.files.xlsx.package.archive import Package
from imports.files.xlsx.package.scan import parse_reference, row_number
from imports.files.xlsx.package.sheets import links_of_part, local_name, parse_xml

_MAX_TEXT_CHARS: Final = 100
_MAX_ERROR_CHARS: Final = 20
_MAX_LINK_CHARS: Final = 254
_EMPTY_INDEXES: Final = ("", "-1")  # of a shared text: Excel shows the cell empty
_TRUE: Final = ("1", "true")


def find_facts(
    package: Package,
    part: str,
    formats: Mapping[int, Format],
    *,
    mail_links: Mapping[str, str],
    has_stale_values: bool,
) -> Facts:
    """The facts of a sheet. Raises BrokenWorkbook.

    `formats`: those of the styles; `mail_links`: those of `mail_links_of`; `has_stale_values`:
    formulas were not calculated."""
    scanner = _Scanner(formats, mail_links, has_stale_values=has_stale_values)
    parse_xml(package.pieces(part), scanner.start, scanner.end, scanner.text)
    return scanner.facts


def mail_links_of(package: Package, part: str) -> dict[str, str]:
    """The addresses of the mailto: links of a sheet, by the id of the link. Raises
    BrokenWorkbook."""
    return {
        link.id: unquote(link.target[7:].partition("?")[0]).strip()[:_MAX_LINK_CHARS]
        for link in links_of_part(package, part)
        if link.kind == "hyperlink" and link.target[:7].lower() == "mailto:"
    }


class _Scanner:
    """Handlers of an XML parser that follow the cells of a sheet."""

    def __init__(
        self,
        formats: Mapping[int, Format],
        mail_links: Mapping[str, str],
        *,
        has_stale_values: bool,
    ) -> None:
        self.facts = Facts()
        self._formats = {str(style): format_ for style, format_ in formats.items()}
        self._mail_links = mail_links
        self._has_stale_values = has_stale_values
        self._tags: dict[str, str] = {}  # name with prefix -> name
        self._row = 0
        self._reference: str | None = None  # of the last cell that has one
        self._cells_since = 0
        self._kind = self._style = ""
        self._value: str | None = None
        self._formula: str | None = None
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins. Raises BrokenWorkbook."""
        tag = self._tags.get(name) or self._tags.setdefault(name, local_name(name))
        if tag == "c":
            self._start_cell(attributes)
        elif tag in ("v", "f"):
            self._text = []
        elif tag == "row":
            self._start_row(attributes)
        elif tag == "col" and attributes.get("hidden") in _TRUE:
            first, last = (int(attributes.get(key, "0") or 0) for key in ("min", "max"))
            self.facts.hidden_columns.update(range(max(first - 1, 0), min(last, 1_000)))
        elif tag == "mergeCell":
            (top, left), (bottom, right) = _parse_range(attributes.get("ref", ""))
            self.facts.add_merged(top, left - 1, bottom, right - 1)
        elif tag == "hyperlink":
            self._add_link(attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        tag = self._tags[name]
        if tag == "c":
            self._end_cell()
        elif tag == "v":
            self._value = "".join(self._text or ())
            self._text = None
        elif tag == "f":
            self._formula = "".join(self._text or ())
            self._text = None
        elif tag == "is":
            self._value = "inline"

    def text(self, text: str) -> None:
        """Some text within an element."""
        if self._text is not None:
            self._text.append(text)

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        if "r" in attributes:
            self._row = row_number(attributes["r"])
        else:
            self._row = self._position()[0] + 1
        self._reference, self._cells_since = None, 0
        if attributes.get("hidden") in _TRUE:
            self.facts.hidden_rows.add(self._row)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        if "r" in attributes:
            self._reference, self._cells_since = attributes["r"], 0
        else:
            self._cells_since += 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._value = self._formula = None

    def _position(self) -> tuple[int, int]:
        """(row from 1, column from 0) of the cell. Raises BrokenWorkbook."""
        if self._reference is None:
            return self._row, self._cells_since - 1
        row, column = parse_reference(self._reference)
        return row, column - 1 + self._cells_since

    def _end_cell(self) -> None:
        value, kind = self._value, self._kind
        if self._formula is not None and self._lacks_its_value():
            # The row is not blank. In parentheses, because ="A" would count as the text A.
            is_quoted = self._formula.startswith('"')
            text = f"=({self._formula})" if is_quoted else f"={self._formula}"
            text = text[:_MAX_TEXT_CHARS]
            self.facts.add_text(*self._position(), "formula", text)
        elif not value:
            return
        elif kind == "e":
            self.facts.add_text(*self._position(), "error", value.strip()[:_MAX_ERROR_CHARS])
        elif kind == "s" and not (value.isascii() and value.isdigit()):
            index = value.strip()
            why = "" if index in _EMPTY_INDEXES else "broken"
            self.facts.add_text(*self._position(), why, index[:_MAX_ERROR_CHARS] if why else "")
        elif kind == "d" or self._style in self._formats:
            self._add_format()

    def _lacks_its_value(self) -> bool:
        """Whether the value of the formula is not in the file. A formula whose value is an empty
        text has the type of a text and an empty value."""
        if self._value is None:
            return True
        if not self._value:
            return self._kind != "str"
        # XlsxWriter, for example, writes 0 for every formula, to be calculated when it is opened.
        return self._has_stale_values and self._value == "0" and self._kind == "n"

    def _add_format(self) -> None:
        format_ = self._formats.get(self._style)
        if self._kind == "d" or (self._kind == "n" and format_ and format_.kind == "date"):
            self.facts.has_dates = True
        elif self._kind == "n" and format_:
            row, column = self._position()
            self.facts.formats.setdefault(row, {})[column] = format_

    def _add_link(self, attributes: Mapping[str, str]) -> None:
        ids = [value for name, value in attributes.items() if local_name(name) == "id"]
        address = self._mail_links.get(ids[0]) if ids else None
        if address:
            (row, column), _ = _parse_range(attributes.get("ref", ""))
            self.facts.links.setdefault(row, {})[column - 1] = address


def _parse_range(reference: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last cell of a range such as A2:B3. Raises BrokenWorkbook."""
    first, _, last = reference.replace("$", "").partition(":")
    return parse_reference(first), parse_reference(last or first)
