"""The build of the page: its packages, its sizes, and that what is committed is what is built."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from devtools.frontend import checks, sizes
from devtools.frontend.node import PROJECTS, SETTINGS, environment
from tests.paths import ROOT

each_project = pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
TEXTS = [
    f"virtual:messages/{language}/{part}"
    for language in ("en", "de", "en-XA")
    for part in ["app", "start", "import", "batch", "history", "people"]
]
CHUNKS: dict[str, dict[str, Any]] = {
    "src/main.tsx": {
        "isEntry": True,
        "imports": ["_react.js"],
        "dynamicImports": [
            "src/import/start/StartPage.tsx",
            "src/import/UploadPage.tsx",
            "src/people/PeoplePage.tsx",
            "src/history/HistoryPage.tsx",
            *TEXTS,
        ],
    },
    "_react.js": {},
    "src/import/start/StartPage.tsx": {"imports": ["src/main.tsx", "_drop.js"]},
    "_drop.js": {},
    "src/import/UploadPage.tsx": {"imports": ["_table.js"], "dynamicImports": ["_grid.js"]},
    "_table.js": {},
    "_grid.js": {},
    "src/people/PeoplePage.tsx": {"imports": ["_table.js", "_dates.js"]},
    "_dates.js": {},
    "src/history/HistoryPage.tsx": {"imports": ["_table.js"]},
    **{name: {} for name in TEXTS},
    "src/style.css": {},
}
SIZES = {
    "src/main.tsx": 10_000,
    "_react.js": 60_000,
    "src/import/start/StartPage.tsx": 4_000,
    "_drop.js": 1_000,
    "src/import/UploadPage.tsx": 15_000,
    "_table.js": 5_000,
    "_grid.js": 10_000,
    "src/people/PeoplePage.tsx": 7_000,
    "_dates.js": 5_000,
    "src/history/HistoryPage.tsx": 3_000,
    **{name: 2_000 if "/de/" in name else 1_000 for name in TEXTS},
    "src/style.css": 50_000,
}
FIRST = ["src/main.tsx", "_react.js", "src/import/start/StartPage.tsx", "_drop.js"]
FIRST += [f"virtual:messages/de/{part}" for part in ("app", "start")]
LATER = ["src/import/UploadPage.tsx", "_table.js", "_grid.js"]
LATER += [f"virtual:messages/de/{part}" for part in ("import", "batch", "history")]


def build(folder: Path, **larger: int) -> dict[str, int]:
    """Writes a build. Gives the size of each chunk, compressed."""
    made = {}
    chunks = {name: dict(chunk) for name, chunk in CHUNKS.items()}
    for name, size in (SIZES | larger).items():
        content = random.Random(name).randbytes(size)  # which gzip can't make smaller
        suffix = ".css" if name.endswith(".css") else ".js"
        file = name.replace("/", "-").replace(":", "-") + suffix
        (folder / file).write_bytes(content)
        chunks[name]["file"] = file
        made[name] = len(gzip.compress(content, 9, mtime=0))
    (folder / "manifest.json").write_text(json.dumps(chunks))
    return made


# --- sizes --------------------------------------------------------------------------------------


def test_the_first_screen_is_its_chunks_and_the_texts_of_one_language(tmp_path: Path) -> None:
    made = build(tmp_path)
    assert sizes.measure(tmp_path).first_screen == sum(made[name] for name in FIRST)


def test_the_way_of_an_import_has_what_comes_later_but_no_other_page(tmp_path: Path) -> None:
    made = build(tmp_path)
    found = sizes.measure(tmp_path)
    assert found.import_way == sum(made[name] for name in FIRST + LATER)
    assert found.problems() == []


@pytest.mark.parametrize(
    ("chunk", "size", "words"),
    [
        ("_drop.js", 23_000, "The first screen loads"),
        ("_grid.js", 60_000, "The way of an import loads"),
    ],
)
def test_a_chunk_that_is_too_large_is_named_with_the_limit(
    tmp_path: Path, chunk: str, size: int, words: str
) -> None:
    build(tmp_path, **{chunk: size})
    problems = sizes.measure(tmp_path).problems()
    assert len(problems) == 1
    assert words in problems[0]
    assert "allowed" in problems[0]


def test_a_build_without_an_entry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(SystemExit, match="names no entry"):
        sizes.measure(tmp_path)


@pytest.mark.parametrize("last", ["start/StartPage.tsx", "/start"])
def test_a_chunk_that_has_another_name_now_does_not_go_uncounted(tmp_path: Path, last: str) -> None:
    build(tmp_path)
    manifest = tmp_path / "manifest.json"
    chunks = json.loads(manifest.read_text())
    entry = chunks["src/main.tsx"]
    for name in [name for name in chunks if name.endswith(last)]:
        renamed = name.replace("start", "begin")
        chunks[renamed] = chunks.pop(name)
        entry["dynamicImports"][entry["dynamicImports"].index(name)] = renamed
    manifest.write_text(json.dumps(chunks))
    with pytest.raises(SystemExit, match=r"has no chunk .*start"):
        sizes.measure(tmp_path)


# --- what is committed --------------------------------------------------------------------------


def test_a_file_that_differs_is_missing_or_is_left_over_is_named(tmp_path: Path) -> None:
    made, committed = tmp_path / "made", tmp_path / "committed"
    for folder in (made, committed):
        (folder / "assets").mkdir(parents=True)
        (folder / "assets" / "same.js").write_text("same")
    assert checks.stale_build(made, committed) == []
    (made / "new.js").write_text("new")
    (committed / "old.js").write_text("old")
    (made / "assets" / "changed.js").write_text("1")
    (committed / "assets" / "changed.js").write_text("2")
    sentence, *names = checks.stale_build(made, committed)
    assert "script/frontend build" in sentence
    assert names == ["assets/changed.js", "new.js", "old.js"]


def test_types_that_differ_or_are_missing_are_named(tmp_path: Path) -> None:
    made, committed = tmp_path / "made.ts", tmp_path / "schema.ts"
    made.write_text("export type A = string")
    assert "script/frontend types" in checks.stale_types(made, committed)[0]
    committed.write_text("export type A = number")
    assert len(checks.stale_types(made, committed)) == 1
    committed.write_text(made.read_text())
    assert checks.stale_types(made, committed) == []


def test_the_committed_build_keeps_the_limits() -> None:
    assert sizes.measure(checks.BUILT).problems() == []


# --- packages -----------------------------------------------------------------------------------


@each_project
def test_every_package_is_pinned_exactly(folder: Path) -> None:
    package = json.loads((folder / "package.json").read_text())
    for name, version in (package.get("dependencies", {}) | package["devDependencies"]).items():
        assert version[0].isdigit(), (name, version)


@each_project
def test_the_lockfile_names_no_host_but_npms_own_and_has_hashes(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert packages
    for path, entry in packages.items():
        resolved = entry.get("resolved", "https://registry.npmjs.org/")
        assert resolved.startswith("https://registry.npmjs.org/"), path
        assert entry["integrity"].startswith("sha512-"), path


@each_project
def test_the_lockfile_is_that_of_the_package(folder: Path) -> None:
    package = json.loads((folder / "package.json").read_text())
    locked = json.loads((folder / "package-lock.json").read_text())["packages"][""]
    for kind in ("dependencies", "devDependencies"):
        assert locked.get(kind, {}) == package.get(kind, {}), "script/frontend npm install"


def test_npm_runs_no_scripts_of_packages_and_finds_its_node_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--require=/tmp/else.js")
    made = environment(Path("/programs"))
    assert made["npm_config_ignore_scripts"] == "true"
    assert made["PATH"].startswith("/programs:")
    assert "NODE_OPTIONS" not in made
    assert SETTINGS.items() <= made.items()


def test_nothing_that_serves_or_shows_the_page_needs_node() -> None:
    """script/demo and the image run without it."""
    for name in ("devtools/demo.py", "devtools/local_stack.py", "Dockerfile", "render.yaml"):
        text = (ROOT / name).read_text()
        assert "frontend" not in text, name
        assert "npm" not in text, name
