"""Reads compose.yaml and the Dockerfile, and does what the Dockerfile says in a folder."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.paths import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# Those that run the image of the Dockerfile.
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "marketedge"}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile: (name, the rest of the line)."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    parts = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in parts]


def last_stage() -> list[tuple[str, str]]:
    """The instructions of the stage that becomes the image."""
    found = instructions()
    begin = max(index for index, (name, _) in enumerate(found) if name == "FROM")
    return found[begin + 1 :]


def copied() -> Iterator[tuple[str, str]]:
    """(source in the checkout, target) of all that is copied into the image."""
    for name, rest in last_stage():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            yield from ((source, target) for source in sources)


def interpolated(value: str, **given: str) -> str:
    """A value of compose.yaml as Docker Compose passes it on."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda found: given.get(found[1]) or (found[3] if found[2] == "-" else ""),
        value,
    )


class Image:
    """A folder with the content of the image. Its /venv is the virtual environment of the tests:
    installing the packages again would need a network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "app"
        self.folder.mkdir()
        for source, target in copied():
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, self.folder / target, ignore=ignored)
            else:
                shutil.copy(ROOT / source, self.folder / target)
        self.path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        for name, rest in last_stage():
            if name == "RUN" and "python" in rest:
                self.run(["sh", "-euc", rest])

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command with these variables only. Raises CalledProcessError if it fails."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={"PATH": self.path, **environment},
            check=True,
            capture_output=True,
            text=True,
        )

    def start(self, command: list[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Starts a command with these variables only."""
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": self.path, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def healthcheck() -> list[str]:
    """The command of the image's health check."""
    (rest,) = (rest for name, rest in last_stage() if name == "HEALTHCHECK")
    command: list[str] = json.loads(rest.partition(" CMD ")[2])
    return command


def same_command(command: list[str], shell: str) -> bool:
    """Whether a shell's command of render.yaml runs the same program with the same options."""
    return command == shlex.split(shell.partition("exec ")[2])
