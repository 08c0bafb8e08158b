"""The list of sheets of a workbook, and which of them is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from core.text import excerpt
from imports.errors import UnknownSheet
from imports.files.xlsx.package import Package, broken

_MOST_LIST_BYTES = 1_048_576


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetEntry:
    """A sheet in the workbook's list. `part`: its file in the archive, None for a chart."""

    name: str
    part: str | None
    visible: bool


def parse(
    pieces: Iterable[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Follow an XML file, keeping nothing of it. Raises BrokenWorkbook."""
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
        raise broken("its contents are damaged") from None


def _refuse_doctype(*_: object) -> None:
    raise broken("it holds a document type, which no spreadsheet writes")


def local(name: str) -> str:
    """The name of an element without its prefix."""
    return name.rpartition(":")[2]


# --- which sheet ------------------------------------------------------------------------------


def list_sheets(package: Package) -> list[SheetEntry]:
    """The sheets of a workbook in their order.

    The library that loads a sheet follows the same links. Where it might follow them to another
    part than we do, and so to one that nobody has looked through, the workbook is refused.
    """
    offices = [r.target for r in _relations(package, "_rels/.rels") if r.kind == "officeDocument"]
    if [target.lstrip("/") for target in offices] != ["xl/workbook.xml"]:
        raise broken("its list of sheets is not where it should be")
    relations = {r.id: r for r in _relations(package, "xl/_rels/workbook.xml.rels")}
    found: list[SheetEntry] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sheet":
            found.append(_entry(package, attributes, relations))

    parse([_small(package, "xl/workbook.xml")], start)
    if len({sheet.name for sheet in found}) != len(found):
        raise broken("two of its sheets have the same name")
    return found


class _Relation(NamedTuple):
    id: str
    kind: str
    target: str


def _relations(package: Package, name: str) -> list[_Relation]:
    found: list[_Relation] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship":
            values = [attributes.get(key, "") for key in ("Id", "Type", "Target")]
            found.append(_Relation(values[0], values[1].rpartition("/")[2], values[2]))

    parse([_small(package, name)], start)
    if len({relation.id for relation in found}) != len(found):
        raise broken("its parts are linked ambiguously")
    return found


def _entry(
    package: Package, attributes: Mapping[str, str], relations: Mapping[str, _Relation]
) -> SheetEntry:
    links = [value for key, value in attributes.items() if ":" in key and local(key) == "id"]
    relation = relations.get(links[0]) if len(links) == 1 else None
    is_sheet = relation is not None and relation.kind == "worksheet"
    return SheetEntry(
        name=attributes.get("name", ""),
        part=_part(package, relation.target) if relation and is_sheet else None,
        visible=attributes.get("state", "visible") == "visible",
    )


def _part(package: Package, target: str) -> str | None:
    """The part that a link from the workbook points to, if there is no doubt about it."""
    if ".." in target or "\\" in target:
        return None
    paths = [target[1:]] if target.startswith("/") else [f"xl/{target}", target]
    parts = [part for path in paths if (part := package.find(path))]
    return parts[0] if len(parts) == 1 else None


def _small(package: Package, name: str) -> bytes:
    part = package.find(name)
    if part is None:
        raise broken(f"it has no {name}")
    return package.read(part, _MOST_LIST_BYTES)


def choose_sheet(sheets: Sequence[SheetEntry], wanted: str | None) -> SheetEntry:
    """The sheet of that name, or the first one that a person sees. Raises UnknownSheet."""
    usable = [sheet for sheet in sheets if sheet.part]
    if not usable:
        raise broken("it has no sheet with cells")
    if not wanted:
        return next((sheet for sheet in usable if sheet.visible), usable[0])
    for same in (str, lambda name: name.strip().casefold()):
        for sheet in usable:
            if same(sheet.name) == same(wanted):
                return sheet
    names = ", ".join(f'"{excerpt(sheet.name)}"' for sheet in usable[:20])
    raise UnknownSheet(
        f'The workbook has no sheet "{excerpt(wanted)}". Its sheets are: {names}.',
        sheets=[excerpt(sheet.name) for sheet in usable],
    )
