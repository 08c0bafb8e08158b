"""Reads the list of sheets of a workbook and chooses the sheet to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from core.text import excerpt
from imports.errors import UnknownSheet
from imports.files.xlsx.package.archive import SHARED_STRINGS, Package, broken_workbook

_MAX_PART_BYTES = 1_048_576
_MAX_LISTED_SHEETS = 20
_STYLES = "xl/styles.xml"
_TRUE = ("1", "true")


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetEntry:
    """A sheet in the workbook's list. `part`: its file in the archive; None if it has no cells."""

    name: str
    part: str | None
    visible: bool


@dataclass(kw_only=True, slots=True)
class Book:
    """What a workbook says about itself. `strings` and `styles`: parts, or None.

    `has_usual_names`: the library that loads sheets finds these parts. `has_stale_values`: the
    program that wrote the file did not calculate its formulas.
    """

    strings: str | None = None
    styles: str | None = None
    sheets: list[SheetEntry] = field(default_factory=list)
    has_usual_names: bool = True
    is_from_1904: bool = False
    has_stale_values: bool = False


# --- XML --------------------------------------------------------------------------------------


def parse_xml(
    pieces: Iterable[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Calls the handlers for the elements of an XML file; builds no tree. Raises BrokenWorkbook."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    if end:
        parser.EndElementHandler = end
    if text:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError):
        raise broken_workbook("its contents are damaged") from None


def _refuse_doctype(*_: object) -> None:
    raise broken_workbook("it holds a document type declaration, which no spreadsheet writes")


def local_name(name: str) -> str:
    """The name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


# --- the list ---------------------------------------------------------------------------------


def read_book(package: Package) -> Book:
    """The parts of a workbook and its sheets in their order. Raises BrokenWorkbook.

    The library that loads a sheet follows the same links, unless a workbook has other names for its
    parts (`rebuild`). A workbook whose links it might follow to another part, which would not have
    been checked, is refused.
    """
    relationships = _relationships(package, "_rels/.rels")
    main_parts = [r.target.lstrip("/") for r in relationships if r.kind == "officeDocument"]
    if len(main_parts) != 1 or ".." in main_parts[0] or not package.find(main_parts[0]):
        raise broken_workbook("its list of sheets is not where it should be")
    folder, _, name = main_parts[0].rpartition("/")
    base = f"{folder}/" if folder else ""
    links = {r.id: r for r in _relationships(package, f"{base}_rels/{name}.rels")}
    by_kind = {r.kind: _target_part(package, base, r.target) for r in links.values()}
    book = Book(
        strings=by_kind.get("sharedStrings") or package.find(SHARED_STRINGS),
        styles=by_kind.get("styles") or package.find(_STYLES),
    )

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = local_name(name)
        if tag == "sheet":
            book.sheets.append(_sheet_entry(package, base, attributes, links))
        elif tag == "workbookPr":
            book.is_from_1904 = attributes.get("date1904", "0") in _TRUE
        elif tag == "calcPr":
            book.has_stale_values = attributes.get("fullCalcOnLoad", "0") in _TRUE

    parse_xml([_read_part(package, main_parts[0])], start)
    if len({sheet.name for sheet in book.sheets}) != len(book.sheets):
        raise broken_workbook("two of its sheets have the same name")
    book.has_usual_names = (
        main_parts[0] == "xl/workbook.xml"
        and (book.strings or SHARED_STRINGS).lower() == SHARED_STRINGS.lower()
        and (book.styles or _STYLES).lower() == _STYLES.lower()
    )
    return book


class Relationship(NamedTuple):
    """A link from one part of a workbook to another."""

    id: str
    kind: str
    target: str


def _relationships(package: Package, name: str) -> list[Relationship]:
    found: list[Relationship] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "Relationship":
            id_, kind, target = (attributes.get(key, "") for key in ("Id", "Type", "Target"))
            found.append(Relationship(id_, kind.rpartition("/")[2], target))

    parse_xml([_read_part(package, name)], start)
    if len({relationship.id for relationship in found}) != len(found):
        raise broken_workbook("its parts are linked ambiguously")
    return found


def links_of_part(package: Package, part: str) -> list[Relationship]:
    """The links from a part to others; none where the workbook has no list of them. Raises
    BrokenWorkbook."""
    folder, _, name = part.rpartition("/")
    links = package.find(f"{folder}/_rels/{name}.rels")
    return _relationships(package, links) if links else []


def _sheet_entry(
    package: Package, base: str, attributes: Mapping[str, str], links: Mapping[str, Relationship]
) -> SheetEntry:
    ids = [value for key, value in attributes.items() if ":" in key and local_name(key) == "id"]
    link = links.get(ids[0]) if len(ids) == 1 else None
    return SheetEntry(
        name=attributes.get("name", ""),
        part=_target_part(package, base, link.target)
        if link and link.kind == "worksheet"
        else None,
        visible=attributes.get("state", "visible") == "visible",
    )


def _target_part(package: Package, base: str, target: str) -> str | None:
    """The part that a link from the workbook points to; None if it is missing or ambiguous."""
    if ".." in target or "\\" in target:
        return None
    paths = [target[1:]] if target.startswith("/") else [f"{base}{target}", target]
    parts = [part for path in dict.fromkeys(paths) if (part := package.find(path))]
    return parts[0] if len(parts) == 1 else None


def _read_part(package: Package, name: str) -> bytes:
    part = package.find(name)
    if part is None:
        raise broken_workbook(f"it has no {name}")
    return package.read(part, _MAX_PART_BYTES)


# --- the choice -------------------------------------------------------------------------------


def choose_sheet(sheets: Sequence[SheetEntry], wanted: str | None) -> SheetEntry:
    """The sheet with the wanted name, or else the first visible one. Raises UnknownSheet."""
    usable = [sheet for sheet in sheets if sheet.part]
    if not usable:
        raise broken_workbook("it has no sheet with cells")
    if not wanted:
        return next((sheet for sheet in usable if sheet.visible), usable[0])
    for normalise in (str, lambda name: name.strip().casefold()):
        for sheet in usable:
            if normalise(sheet.name) == normalise(wanted):
                return sheet
    names = ", ".join(f'"{excerpt(sheet.name)}"' for sheet in usable[:_MAX_LISTED_SHEETS])
    raise UnknownSheet(
        f'The workbook has no sheet "{excerpt(wanted)}". Its sheets are: {names}.',
        sheets=[excerpt(sheet.name) for sheet in usable],
    )
