"""Runs the scripts in a copy of the checkout, and finds the processes that they leave behind."""

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
    """A copy of the checkout in another folder. It uses the same virtual environment."""

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
        """Starts script/<name>. `more` are environment variables."""
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
        """Runs Python code with servers: new ones, or with `temporary=False` those of the demo."""
        kind = ["--temporary", "test"] if temporary else []
        arguments = ["devtools.local_stack", "run", *kind, "--", "python", "-c", code]
        return self.script("setup", *arguments, stdin=stdin, **(environment or {}))

    def serve(self, *, temporary: bool = True) -> subprocess.Popen[str]:
        """Starts servers and waits until they are ready. They run until the process is stopped."""
        code = "import signal; print('ready', flush=True); signal.pause()"
        started = self.run(code, temporary=temporary)
        if next_line(started) != "ready":
            pytest.fail(started.communicate()[1])
        return started

    def stacks(self) -> list[Path]:
        """The folders of temporary servers."""
        return sorted((self.folder / ".local").glob("test-*"))

    def processes(self) -> list[str]:
        """The command lines of all processes that name this folder or run in it."""
        return [*processes_of(self.folder).values()]

    def close(self) -> None:
        """Kills the processes that a failed test left behind."""
        for pid in processes_of(self.folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.started:
            process.kill()
            process.communicate()


def environment(**more: str) -> dict[str, str]:
    """The environment of a user who has set none of the service's variables, and `more`."""
    hidden = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT")
    return {k: v for k, v in os.environ.items() if k not in hidden} | more


def next_line(started: subprocess.Popen[str]) -> str:
    """Waits for the next line of the process's output and returns it."""
    assert started.stdout
    return started.stdout.readline().strip()


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until the condition is true. Only pytest's time limit for a test ends the wait."""
    while not condition():
        time.sleep(0.02)


def processes_of(folder: Path) -> dict[int, str]:
    """Process id -> command line, for all processes that name this folder or run in it."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in line or str(folder) in os.readlink(entry / "cwd"):
                found[int(entry.name)] = line
        except OSError:
            continue
    return found
