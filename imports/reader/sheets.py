"""The list of sheets of a workbook, and which of them is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.parsers import expat

from imports.errors import UnknownSheet
from imports.reader.package import Package, broken
from imports.wording import excerpt

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
    """The sheets of a workbook in their order."""
    targets = _targets(package)
    found: list[SheetEntry] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) != "sheet":
            return
        link = next((v for k, v in attributes.items() if ":" in k and local(k) == "id"), "")
        kind, part = targets.get(link, ("", None))
        found.append(
            SheetEntry(
                name=attributes.get("name", ""),
                part=part if kind.endswith("/worksheet") else None,
                visible=attributes.get("state", "visible") == "visible",
            )
        )

    parse([_small(package, "xl/workbook.xml")], start)
    return found


def _targets(package: Package) -> dict[str, tuple[str, str | None]]:
    """Relation id -> its kind and the part it points to."""
    targets: dict[str, tuple[str, str | None]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship":
            path = attributes.get("Target", "")
            path = path.removeprefix("/") if path.startswith(("/xl/", "xl/")) else f"xl/{path}"
            targets[attributes.get("Id", "")] = attributes.get("Type", ""), package.find(path)

    parse([_small(package, "xl/_rels/workbook.xml.rels")], start)
    return targets


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
