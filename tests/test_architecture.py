"""The sizes of files, what packages say of themselves, and the documents that describe them.

import-linter checks which package imports which: see [tool.importlinter] in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from imports.engine.options import ImportOptions, ReadingOptions
from imports.metrics.families import NAMES
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


def check_section(name: str, expected: str) -> None:
    """Compares the text between the markers of this name in docs/architecture.md."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    section = ARCHITECTURE.read_text().partition(begin)[2].partition(end)[0].strip()
    if section != expected:  # an assertion would cut the text short
        pytest.fail(f"{begin} in docs/architecture.md has to be:\n\n{expected}", pytrace=False)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_has_fewer_than_300_lines(path: Path) -> None:
    limit = 350 if path.name == "settings.py" else 300  # settings are one flat list
    assert len(path.read_text().splitlines()) < limit


@pytest.mark.parametrize("path", FOLDERS, ids=relative)
def test_a_folder_has_few_entries(path: Path) -> None:
    entries = [entry for entry in path.iterdir() if entry.name != "__pycache__"]
    # `imports` is the map of all its packages. Django looks for commands in one folder only.
    limit = {"imports": 25, "users": 20, "commands": 20}.get(path.name, 13)
    assert len(entries) <= limit


@pytest.mark.parametrize("path", FOLDERS, ids=relative)
def test_a_package_has_a_docstring_that_fits_on_one_line(path: Path) -> None:
    assert first_line(path).endswith((".", "!", "?", ":")), "the first line is no whole sentence"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_the_copy_writer_inserts_into_users(path: Path) -> None:
    """It knows whether COPY into `users` would make PostgreSQL log e-mail addresses."""
    if path.name != "insert_table.py":
        assert re.search("COPY users|INSERT INTO users", path.read_text()) is None


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
    lines = [layer]
    for name in names:
        inner = layers_of(f"{container}.{name}" if container else name)
        if inner and len(names) > 1:
            inner = [f"{name}:", *(f"    {line}" for line in inner)]
        lines += [f"    {line}" for line in inner]
    return lines


def test_the_diagram_shows_the_contracts_that_lint_imports_checks() -> None:
    expected = "\n".join(["```", *layers_of(None), "```"])
    check_section("layers", expected)


def test_the_list_of_packages_says_what_their_docstrings_say() -> None:
    """It also lists the modules that stand directly in `imports`."""
    modules = [path for path in FILES if path.parent == ROOT / "imports"]
    paths = sorted([*FOLDERS, *(path for path in modules if path.name != "__init__.py")])
    rows = [f"| `{relative(path)}` | {first_line(path)} |" for path in paths]
    expected = "\n".join(["| package or module | what it is for |", "|---|---|", *rows])
    check_section("packages", expected)


# --- the other documents ----------------------------------------------------------------------

GUIDES = ("deployment.md", "rate-limiting.md", "audit.md", "monitoring.md")
OPERATORS_GUIDES = "".join((ROOT / "docs" / name).read_text() for name in GUIDES)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
# Paths below one of these folders, without placeholders such as <name>.
CODE_PATH = re.compile(
    r"(?:core|users|imports|marketedge|devtools|tests|bench|samples|docs|script)/[\w./-]*\w"
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_the_links_of_a_document_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_the_code_that_a_document_names_exists(document: Path) -> None:
    spans = re.findall(r"`([^`\n]+)`", document.read_text())
    paths = {span for span in spans if CODE_PATH.fullmatch(span)}
    assert sorted(path for path in paths if not is_there(path)) == []


def is_there(path: str) -> bool:
    """Whether the file or folder exists; a migration is named by its number."""
    name = Path(path)
    return (ROOT / name).exists() or any((ROOT / name.parent).glob(f"{name.name}_*.py"))


def test_every_command_is_documented_for_operators() -> None:
    commands = (ROOT / "imports" / "management" / "commands").glob("[a-z]*.py")
    names = {path.stem for path in commands} - {"make_demo_data"}  # for script/demo
    assert [name for name in names if f"manage.py {name}" not in OPERATORS_GUIDES] == []


def test_every_option_is_documented_for_clients() -> None:
    guide = (ROOT / "docs" / "api.md").read_text()
    first_cells = "".join(re.findall(r"^\| (`[^|]+`) \|", guide, re.MULTILINE))
    names = [*ImportOptions.names(), *ReadingOptions.names()]
    assert [name for name in names if f"`{name}`" not in first_cells] == []


def test_every_metric_is_documented_for_operators() -> None:
    assert [name for name in NAMES if f"`{name}" not in OPERATORS_GUIDES] == []
