"""Imports point one way: a file of `imports/` knows those below it in this list and none above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# From the doors down to what knows nothing. Files on one line do not know each other. A new file
# gets its place here: as low as it can stand. `reader` and `api` are folders.
LAYERS = [
    "management",
    "admin metrics",
    "admin_upload admin_limits audit_admin",
    "admin_forms api",
    "actions",
    "tasks",
    "watch admin_words",
    "runner undo notices preview reports",
    "outcomes staging",
    "chunks quota_admin",
    "quotas retention reader",
    "audit",
    "progress blocklist quota_store idempotency",
    "models writer",
    "limits_models audit_models rows",
    "columns rules",
    "missing addresses",
    "phones fields characters wording states errors failpoints faults apps",
]
PURE = {"rows", "columns", "reader", "chunks", "rules", "fields", "missing", "addresses", "phones"}
PURE |= {"characters", "wording", "errors"}
DEPTH = {name: depth for depth, line in enumerate(reversed(LAYERS)) for name in line.split()}
FILES = [
    path
    for path in sorted((ROOT / "imports").rglob("*.py"))
    if "migrations" not in path.parts and path != ROOT / "imports" / "__init__.py"
]
EVERY_FILE = [
    path
    for folder in ("imports", "users", "marketedge", "bench", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]


def place_of(path: Path) -> str:
    """The name in the list: of the file, or of the folder it stands in."""
    return path.relative_to(ROOT / "imports").with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, with its dots."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module in ("imports", "users", "marketedge"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def short(path: Path) -> str:
    """As a test's name."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=short)
def test_a_file_knows_only_those_below_it(path: Path) -> None:
    here = place_of(path)
    assert here in DEPTH, f"{here} has no place in LAYERS"
    below = {name for name in DEPTH if DEPTH[name] < DEPTH[here]} | {here}
    known = {name.split(".")[1] for name in imported(path) if name.startswith("imports.")}
    assert known <= below, f"{here} must not import {known - below}"


def test_every_place_has_a_file() -> None:
    assert {place_of(path) for path in FILES} == set(DEPTH)


@pytest.mark.parametrize("path", FILES, ids=short)
def test_what_is_pure_knows_neither_database_nor_clock_nor_settings(path: Path) -> None:
    if place_of(path) in PURE:
        forbidden = ("django", "psycopg", "celery", "redis", "time", "users")
        assert not [name for name in imported(path) if name.split(".")[0] in forbidden]


@pytest.mark.parametrize("path", FILES, ids=short)
def test_only_the_writer_copies(path: Path) -> None:
    assert "COPY users" not in path.read_text() or place_of(path) == "writer"


def test_users_and_marketedge_know_nothing_of_imports() -> None:
    wrong = [
        (short(path), name)
        for path in EVERY_FILE
        if path.relative_to(ROOT).parts[0] in ("users", "marketedge")
        for name in imported(path)
        if name.split(".")[0] == "imports"
    ]
    assert wrong == []


@pytest.mark.parametrize("path", EVERY_FILE, ids=short)
def test_no_file_is_too_long_to_be_read_at_once(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] not in ("tests", "bench"):
        assert len(path.read_text().splitlines()) < 400
