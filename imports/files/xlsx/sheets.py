"""Reads the list of sheets of a workbook and chooses the sheet to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from core.text import excerpt
from imports.errors import UnknownSheet
from imports.files.xlsx.package import Package, broken_workbook

_MAX_PART_BYTES = 1_048_576
_MAX_LISTED_SHEETS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetEntry:
    """A sheet in the workbook's list. `part`: its file in the archive; None if it has no cells."""

    name: str
    part: str | None
    visible: bool


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


def list_sheets(package: Package) -> list[SheetEntry]:
    """The sheets of a workbook in their order. Raises BrokenWorkbook.

    The library that loads a sheet follows the same links. A workbook whose links it might follow to
    another part, which would not have been checked, is refused.
    """
    relationships = _relationships(package, "_rels/.rels")
    main_parts = [r.target.lstrip("/") for r in relationships if r.kind == "officeDocument"]
    if main_parts != ["xl/workbook.xml"]:
        raise broken_workbook("its list of sheets is not where it should be")
    links = {r.id: r for r in _relationships(package, "xl/_rels/workbook.xml.rels")}
    sheets: list[SheetEntry] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "sheet":
            sheets.append(_sheet_entry(package, attributes, links))

    parse_xml([_read_part(package, "xl/workbook.xml")], start)
    if len({sheet.name for sheet in sheets}) != len(sheets):
        raise broken_workbook("two of its sheets have the same name")
    return sheets


class _Relationship(NamedTuple):
    """A link from one part of a workbook to another."""

    id: str
    kind: str
    target: str


def _relationships(package: Package, name: str) -> list[_Relationship]:
    found: list[_Relationship] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "Relationship":
            id_, kind, target = (attributes.get(key, "") for key in ("Id", "Type", "Target"))
            found.append(_Relationship(id_, kind.rpartition("/")[2], target))

    parse_xml([_read_part(package, name)], start)
    if len({relationship.id for relationship in found}) != len(found):
        raise broken_workbook("its parts are linked ambiguously")
    return found


def _sheet_entry(
    package: Package, attributes: Mapping[str, str], links: Mapping[str, _Relationship]
) -> SheetEntry:
    ids = [value for key, value in attributes.items() if ":" in key and local_name(key) == "id"]
    link = links.get(ids[0]) if len(ids) == 1 else None
    return SheetEntry(
        name=attributes.get("name", ""),
        part=_target_part(package, link.target) if link and link.kind == "worksheet" else None,
        visible=attributes.get("state", "visible") == "visible",
    )


def _target_part(package: Package, target: str) -> str | None:
    """The part that a link from the workbook points to; None if it is missing or ambiguous."""
    if ".." in target or "\\" in target:
        return None
    paths = [target[1:]] if target.startswith("/") else [f"xl/{target}", target]
    parts = [part for path in paths if (part := package.find(path))]
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
