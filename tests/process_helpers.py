"""Real processes: a checkout of one's own, its scripts, and what is left of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from devtools.virtualenv import ROOT, VENV


class Checkout:
    """A copy of the scripts that nobody else may enter; it borrows the virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, list[subprocess.Popen[str]]()
        folder.mkdir()
        for name in (
            "core",
            "devtools",
            "marketedge",
            "imports",
            "users",
            "samples",
            "script",
            "requirements",
        ):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("requirements.txt", "manage.py", "celery_app.py"):
            shutil.copy(ROOT / name, folder)
        (folder / ".venv").symlink_to(VENV)
        self.demo = folder / ".local" / "demo"

    def script(
        self, name: str, *arguments: str, stdin: int = subprocess.DEVNULL, **more: str
    ) -> subprocess.Popen[str]:
        """Starts one of the scripts."""
        process = subprocess.Popen(
            [self.folder / "script" / name, *arguments],
            env=environment(**more),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(
        self,
        code: str,
        *,
        temporary: bool = True,
        stdin: int = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Starts servers, and a piece of Python that has them."""
        kind = ["--temporary", "test"] if temporary else []
        arguments = ["devtools.local_stack", "run", *kind, "--", "python", "-c", code]
        return self.script("setup", *arguments, stdin=stdin, **(environment or {}))

    def serve(self, *, temporary: bool = True) -> subprocess.Popen[str]:
        """Servers that are ready, for as long as nobody ends them."""
        code = "import signal; print('ready', flush=True); signal.pause()"
        started = self.run(code, temporary=temporary)
        if line(started) != "ready":
            pytest.fail(started.communicate()[1])
        return started

    def stacks(self) -> list[Path]:
        """The folders of temporary servers."""
        return sorted((self.folder / ".local").glob("test-*"))

    def processes(self) -> list[str]:
        """The command lines of all processes that have to do with this folder."""
        return [*processes_of(self.folder).values()]

    def close(self) -> None:
        """Ends what a failed test left."""
        for pid in processes_of(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.started:
            process.kill()
            process.communicate()


def environment(**more: str) -> dict[str, str]:
    """That of a person who has set nothing up."""
    hidden = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT")
    return {k: v for k, v in os.environ.items() if k not in hidden} | more


def line(started: subprocess.Popen[str]) -> str:
    """The next line of its output."""
    assert started.stdout
    return started.stdout.readline().strip()


def wait_for(condition: Callable[[], bool]) -> None:
    """Returns once it holds; the test's own time limit is the only one."""
    while not condition():
        time.sleep(0.02)


def processes_of(folder: Path) -> dict[int, str]:
    """The command lines of all processes that have to do with this folder, by their number."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in line or str(folder) in os.readlink(entry / "cwd"):
                found[int(entry.name)] = line
        except OSError:
            continue
    return found
