"""How much JavaScript a browser loads, compressed: for the first screen, and for an import.

Reads the manifest of a build: which chunk imports which, and which one waits until it is needed."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KB = 1000
FIRST_SCREEN_BYTES = 100 * KB
IMPORT_WAY_BYTES = 140 * KB
# The chunks of the first screen that the entry imports later, by the start of their source's name.
FIRST_PAGES = ("src/import/start/",)
# Chunks of pages that an import does not lead to.
OTHER_PAGES = ("src/people/", "src/history/")
# The texts of one language and one part of the page. A browser loads those of its reader's
# language; the largest language counts.
TEXTS = re.compile(r"^virtual:messages/(?P<language>[^/]+)/(?P<part>[^/]+)$")
OF_TESTS = "en-XA"
FIRST_TEXTS = ("app", "start")  # frontend/src/app/App.tsx says which page has which parts
IMPORT_TEXTS = (*FIRST_TEXTS, "import", "batch", "history")


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
    """The sizes of a build. Raises SystemExit where the manifest lacks a chunk that is named here:
    what has another name now would not be counted."""
    chunks: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    entries = [name for name, chunk in chunks.items() if chunk.get("isEntry")]
    if not entries:
        raise SystemExit(f"{folder / 'manifest.json'} names no entry.")
    missing = [start for start in (*FIRST_PAGES, *OTHER_PAGES) if not _any(chunks, start)]
    missing += [part for part in IMPORT_TEXTS if not any(map(_texts_of(part), chunks))]
    if missing:
        raise SystemExit(f"{folder / 'manifest.json'} has no chunk {', '.join(missing)}.")
    sizes = {name: _compressed(folder / chunk["file"]) for name, chunk in chunks.items()}
    first = _reached(chunks, entries, lambda name: name.startswith(FIRST_PAGES))
    whole = _reached(chunks, entries, lambda name: not name.startswith(OTHER_PAGES))
    return Sizes(
        first_screen=sum(sizes[name] for name in first) + _texts(sizes, FIRST_TEXTS),
        import_way=sum(sizes[name] for name in whole) + _texts(sizes, IMPORT_TEXTS),
    )


def _reached(
    chunks: dict[str, Any], entries: Iterable[str], is_loaded: Callable[[str], bool]
) -> set[str]:
    """The chunks that a browser gets from these entries. `is_loaded`: whether one that is imported
    later counts as well. Texts are counted apart."""
    waiting, seen = list(entries), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += chunks[name].get("imports", ())
            waiting += filter(is_loaded, chunks[name].get("dynamicImports", ()))
    return {name for name in seen if not TEXTS.match(name)}


def _any(chunks: dict[str, Any], start: str) -> bool:
    return any(name.startswith(start) for name in chunks)


def _texts_of(part: str) -> Callable[[str], bool]:
    """Whether a chunk has texts of this part."""
    return lambda name: bool((found := TEXTS.match(name)) and found["part"] == part)


def _texts(sizes: dict[str, int], parts: Iterable[str]) -> int:
    """Bytes of the texts of these parts, in the language that has most."""
    languages = Counter[str]()
    for name, size in sizes.items():
        if (found := TEXTS.match(name)) and found["part"] in parts:
            languages[found["language"]] += size
    return max(languages.values(), default=0)


def _compressed(file: Path) -> int:
    """0 for anything but JavaScript."""
    is_script = file.suffix in (".js", ".mjs")
    return len(gzip.compress(file.read_bytes(), 9, mtime=0)) if is_script else 0
