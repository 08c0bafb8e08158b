"""What import-linter (contracts in pyproject.toml) does not check: files, folders and COPY."""

from __future__ import annotations

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


def short(path: Path) -> str:
    """The path as a test's name."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=short)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


@pytest.mark.parametrize("path", FOLDERS, ids=short)
def test_a_package_says_what_it_is_for(path: Path) -> None:
    assert (path / "__init__.py").read_text().startswith('"""')


@pytest.mark.parametrize("path", FILES, ids=short)
def test_only_the_copy_writer_copies(path: Path) -> None:
    assert "COPY users" not in path.read_text() or path.name == "copy_writer.py"
