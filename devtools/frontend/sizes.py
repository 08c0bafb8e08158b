"""How much JavaScript a browser loads, compressed: for the first screen, and for an import.

Reads the manifest of a build: which chunk imports which, and which one waits until it is needed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KB = 1000
FIRST_SCREEN_BYTES = 100 * KB
IMPORT_WAY_BYTES = 140 * KB
# Chunks that wait for another page than those of an import, by the start of their source's name.
OTHER_PAGES = ("src/people/", "src/history/")
# Of these a browser loads one, in the language of its reader. The largest one counts.
CATALOGUES = ("src/locales/",)

Keep = Callable[[str], bool]


@dataclass(frozen=True)
class Sizes:
    """Bytes of JavaScript, compressed with gzip."""

    first_screen: int
    import_way: int

    def problems(self) -> list[str]:
        """A sentence for each limit that is exceeded."""
        parts = (
            ("The first screen", self.first_screen, FIRST_SCREEN_BYTES),
            ("The way of an import", self.import_way, IMPORT_WAY_BYTES),
        )
        return [
            f"{name} loads {size / KB:.1f} kB of JavaScript (gzip). At most {limit / KB:.0f} kB are"
            " allowed: load a part later, or do without a package."
            for name, size, limit in parts
            if size > limit
        ]

    def __str__(self) -> str:
        first, way = (f"{size / KB:.1f}" for size in (self.first_screen, self.import_way))
        return f"JavaScript, gzip: first screen {first} kB, way of an import {way} kB"


def measure(folder: Path) -> Sizes:
    """The sizes of a build. Raises SystemExit where the manifest names no entry."""
    chunks: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    entries = [name for name, chunk in chunks.items() if chunk.get("isEntry")]
    if not entries:
        raise SystemExit(f"{folder / 'manifest.json'} names no entry.")
    sizes = {name: _compressed(folder / chunk["file"]) for name, chunk in chunks.items()}
    language = max((size for name, size in sizes.items() if _is_catalogue(name)), default=0)
    first = _reached(chunks, entries, lambda name: False)
    whole = _reached(chunks, entries, lambda name: not _is_other(name))
    return Sizes(*(sum(sizes[name] for name in names) + language for names in (first, whole)))


def _reached(chunks: dict[str, Any], entries: Iterable[str], waits_for: Keep) -> set[str]:
    """The chunks that are loaded from these entries. `waits_for`: whether one that is imported
    later counts as well. Catalogues are counted apart."""
    waiting, seen = list(entries), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += chunks[name].get("imports", ())
        waiting += [later for later in chunks[name].get("dynamicImports", ()) if waits_for(later)]
    return {name for name in seen if not _is_catalogue(name)}


def _is_other(name: str) -> bool:
    return name.startswith(OTHER_PAGES) or _is_catalogue(name)


def _is_catalogue(name: str) -> bool:
    return name.startswith(CATALOGUES)


def _compressed(file: Path) -> int:
    """0 for anything but JavaScript."""
    is_script = file.suffix in (".js", ".mjs")
    return len(gzip.compress(file.read_bytes(), 9, mtime=0)) if is_script else 0
