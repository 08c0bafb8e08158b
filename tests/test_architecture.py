"""The sizes of files and folders, what packages say of themselves, and docs/architecture.md.

import-linter checks which package imports which: see [tool.importlinter] in pyproject.toml.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGES = ("core", "users", "imports", "marketedge", "devtools")
FILES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]
FOLDERS = sorted({path.parent for path in FILES})
ARCHITECTURE = ROOT / "docs" / "architecture.md"


def relative(path: Path) -> str:
    """The path below the checkout, as the id of a test."""
    return str(path.relative_to(ROOT))


def first_line(path: Path) -> str:
    """The first line of the docstring of a module, or of a package."""
    source = (path / "__init__.py" if path.is_dir() else path).read_text()
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def section(name: str) -> str:
    """The text of docs/architecture.md between the markers of this name."""
    text = ARCHITECTURE.read_text()
    return text.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0].strip()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_has_fewer_than_300_lines(path: Path) -> None:
    limit = 350 if path.name == "settings.py" else 300  # settings are one flat list
    assert len(path.read_text().splitlines()) < limit


@pytest.mark.parametrize("path", FOLDERS, ids=relative)
def test_a_package_has_a_docstring_that_fits_on_one_line(path: Path) -> None:
    assert first_line(path).endswith((".", "!", "?", ":")), "the first line is no whole sentence"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_the_copy_writer_copies_into_users(path: Path) -> None:
    assert "COPY users" not in path.read_text() or path.name == "copy_writer.py"


# --- docs/architecture.md ---------------------------------------------------------------------


def layers_of(container: str | None) -> list[str]:
    """The lines of the diagram for one container, from its contract in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        if contract["type"] == "layers" and contract.get("containers", [None]) == [container]:
            return [line for layer in contract["layers"] for line in lines_of(layer, container)]
    return []


def lines_of(layer: str, container: str | None) -> list[str]:
    """One layer, and indented below it the layers of the packages on its line."""
    names = [name.strip() for name in layer.split("|")]
    inner = [f"{container}.{name}" if container else name for name in names]
    return [layer, *(f"    {line}" for name in inner for line in layers_of(name))]


def test_the_diagram_shows_the_contracts_that_lint_imports_checks() -> None:
    expected = "\n".join(["```", *layers_of(None), "```"])
    assert section("layers") == expected, f"docs/architecture.md should have:\n{expected}"


def test_the_list_of_packages_says_what_their_docstrings_say() -> None:
    """It also lists the modules that stand directly in `imports`."""
    modules = [path for path in FILES if path.parent == ROOT / "imports"]
    paths = sorted([*FOLDERS, *(path for path in modules if path.name != "__init__.py")])
    rows = [f"| `{relative(path)}` | {first_line(path)} |" for path in paths]
    expected = "\n".join(["| package or module | what it is for |", "|---|---|", *rows])
    assert section("packages") == expected, f"docs/architecture.md should have:\n{expected}"
