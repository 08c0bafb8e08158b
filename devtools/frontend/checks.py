"""Whether what is committed is what the sources give: the types of the API, and the build."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from devtools.frontend import sizes
from devtools.frontend.node import FRONTEND, Npm
from devtools.virtualenv import ROOT

BUILT = ROOT / "users" / "static" / "app"
OPENAPI = ROOT / "docs" / "openapi.yaml"
SCHEMA = FRONTEND / "src" / "api" / "schema.ts"


def write_types(npm: Npm, target: Path = SCHEMA) -> int:
    """Writes the types of the API. Returns the exit status."""
    command = ["exec", "--offline", "--", "openapi-typescript", str(OPENAPI), "-o", str(target)]
    return npm.run(FRONTEND / "types", *command)


def build(npm: Npm, target: Path = BUILT) -> int:
    """Builds the page into a folder, and prints its sizes. Returns the exit status."""
    arguments = () if target == BUILT else ("--", "--outDir", str(target), "--emptyOutDir")
    status = npm.run(FRONTEND, "run", "build", *arguments)
    if not status:
        print(sizes.measure(target), flush=True)
    return status


def check(npm: Npm) -> int:
    """The checks of `npm run check`, and of this module. Returns 0 if all is well."""
    if status := npm.run(FRONTEND, "run", "check"):
        return status
    with TemporaryDirectory() as name:
        folder = Path(name)
        if write_types(npm, folder / "schema.ts") or build(npm, folder / "app"):
            return 1
        problems = [
            *stale_types(folder / "schema.ts", SCHEMA),
            *stale_build(folder / "app", BUILT),
            *sizes.measure(folder / "app").problems(),
        ]
    for problem in problems:
        print(problem, flush=True)
    return 1 if problems else 0


def stale_types(made: Path, committed: Path) -> list[str]:
    """A sentence where the committed types are not those of docs/openapi.yaml."""
    if committed.exists() and made.read_bytes() == committed.read_bytes():
        return []
    return [f"{committed.name} is not what docs/openapi.yaml gives: run script/frontend types"]


def stale_build(made: Path, committed: Path) -> list[str]:
    """A sentence where the committed files are not those that the sources give."""
    new, old = _files(made), _files(committed)
    differing = sorted(name for name in {*new, *old} if new.get(name) != old.get(name))
    if not differing:
        return []
    return [f"{committed.name} is not what frontend/ gives: run script/frontend build", *differing]


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
