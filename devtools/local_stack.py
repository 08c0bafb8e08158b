"""PostgreSQL and Valkey for this checkout. They live in a folder of `.local/`.

One process starts a stack of servers and stops it at its end; others may use it meanwhile.

python -m devtools.local_stack run [--dev] [--temporary NAME] [--durable] -- COMMAND …
python -m devtools.local_stack manage …          (script/manage)
python -m devtools.local_stack env [NAME]        (script/env)
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import secrets
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from devtools.processes import POLL_SECONDS, Processes
from devtools.servers import Postgres, Valkey, end_leftovers, postgres_folder, write_secret
from devtools.virtualenv import LOCAL, ROOT, enter_virtualenv, explain_permission_errors, locked

DEMO = LOCAL / "demo"
URL_NAMES = ("DATABASE_URL", "REDIS_URL")


class State:
    """`state.json` of a stack: which process holds the stack, and the URLs of its servers.

    The holder keeps the file locked while it runs. The kernel releases the lock when the process
    ends in any way, so that a file that can be locked belongs to no running process."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.json"
        self._file: Any = None
        self._content: dict[str, Any] = {"pid": os.getpid()}

    def claim(self, **content: Any) -> bool:
        """Takes the stack and writes `content` to the file. Returns False where another process
        holds the stack."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        deadline = time.monotonic() + 0.2  # read() (below) locks the file for a moment
        while not _try_lock(self._file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                self._file.close()
                return False
            time.sleep(POLL_SECONDS)
        self.write(content)
        return True

    def write(self, content: Mapping[str, Any]) -> None:
        """Adds members to the file. Only the holder may call this."""
        self._content |= content
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(self._content, indent=2) + "\n")
        self._file.flush()

    def release(self) -> None:
        """Lets another process claim the stack."""
        self._file.close()

    def read(self) -> dict[str, Any] | None:
        """Returns what the holder wrote, or None where no process holds the stack."""
        with suppress(FileNotFoundError), self.path.open() as file:
            if _try_lock(file, fcntl.LOCK_SH):
                return None
            with suppress(json.JSONDecodeError):  # the holder is writing it at this moment
                return dict(json.load(file))
            return {}
        return None


class Stack:
    """The servers in a folder, and the environment variables for programs that use them."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder, self.durable = folder, durable

    def start(self, processes: Processes) -> dict[str, str]:
        """Starts each server whose URL is not set in the environment. Returns the environment
        for programs that use the servers."""
        urls = urls_set_outside()
        options: dict[str, Any] = {
            "folder": self.folder,
            "password": _secrets(self.folder)["password"],
            "durable": self.durable,
        }
        if "REDIS_URL" not in urls:
            urls["REDIS_URL"] = Valkey(**options).start(processes)
        if "DATABASE_URL" not in urls:
            urls["DATABASE_URL"] = Postgres(**options).start(processes)
        return self.environment(urls)

    def environment(self, urls: Mapping[str, str]) -> dict[str, str]:
        """Returns the environment of this process, extended by what the service needs to start."""
        environment = {"ALLOWED_HOSTS": "127.0.0.1,localhost"}
        environment["SECRET_KEY"] = _secrets(self.folder)["SECRET_KEY"]
        environment |= os.environ
        if "DATABASE_URL" not in urls_set_outside():  # PGSERVICE, … belong to another server
            environment = {k: v for k, v in environment.items() if not k.startswith("PG")}
        # For `python` of the virtual environment, and `psql`.
        folders = [Path(sys.executable).parent, postgres_folder(), environment.get("PATH", "")]
        environment["PATH"] = os.pathsep.join(map(str, folders))
        environment["DJANGO_SETTINGS_MODULE"] = "marketedge.settings"
        return environment | {name: urls[name] for name in URL_NAMES}


def urls_set_outside() -> dict[str, str]:
    """The URLs of servers that the user set in the environment.

    Those that `script/env` printed are left out: the servers of the demo may have new ports."""
    path = DEMO / "secrets.json"
    demo_password = json.loads(path.read_text())["password"] if path.exists() else None
    return {
        name: os.environ[name]
        for name in URL_NAMES
        if name in os.environ and not (demo_password and demo_password in os.environ[name])
    }


@contextmanager
def temporary_stack(
    name: str, processes: Processes, *, durable: bool = False
) -> Iterator[dict[str, str]]:
    """Starts servers in a new folder, and deletes it when the block ends.

    Folders that killed processes left behind are deleted as well. Gives the environment."""
    folder = LOCAL / f"{name}-{os.getpid()}"
    state = State(folder)
    with locked(LOCAL / "folders.lock"):
        for old in LOCAL.glob("*-[0-9]*"):
            with suppress(OSError):  # it belongs to another user
                abandoned = State(old)
                if abandoned.claim():
                    _remove(old)
                    abandoned.release()
        state.claim()
    try:
        environment = Stack(folder, durable=durable).start(processes)
        state.write({name: environment[name] for name in URL_NAMES})
        yield environment
    finally:
        processes.stop()
        _remove(folder)


@contextmanager
def shared_stack(processes: Processes) -> Iterator[dict[str, str]]:
    """Gives the environment for the servers of the demo.

    Where the demo does not run, this starts its servers and stops them when the block ends and no
    other process uses them any more."""
    state, stack, users = State(DEMO), Stack(DEMO), DEMO / "users.lock"
    while not state.claim():
        with locked(users, shared=True):
            found = state.read() or {}
            if found.keys() >= set(URL_NAMES):
                yield stack.environment(found | urls_set_outside())
                return
        time.sleep(POLL_SECONDS)  # the holder is just starting or ending
    environment = stack.start(processes)
    state.write({name: environment[name] for name in URL_NAMES})
    yield environment
    with locked(users, "Waiting for another script/manage that uses these servers ..."):
        processes.stop()


def _secrets(folder: Path) -> dict[str, str]:
    """The password of the servers and SECRET_KEY. Created once for each stack; only the owner can
    read the file."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        created = {"password": secrets.token_hex(24), "SECRET_KEY": secrets.token_urlsafe(50)}
        write_secret(path, json.dumps(created))
    return dict(json.loads(path.read_text()))


def _remove(folder: Path) -> None:
    """Deletes the folder of a stack, and ends servers that still run in it."""
    for data in ("postgres", "postgres.new", "valkey"):
        end_leftovers(folder / data)
    shutil.rmtree(folder, ignore_errors=True)


def _try_lock(file: Any, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _run(arguments: list[str]) -> int:
    """`run`: runs a command with servers. Returns its exit status."""
    usage = "devtools.local_stack run [--dev] [--temporary NAME] [--durable] -- COMMAND ..."
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--dev", action="store_true", help="install test requirements too")
    parser.add_argument("--temporary", metavar="NAME", help="new servers in .local/NAME-<pid>")
    parser.add_argument("--durable", action="store_true", help="with --temporary: sync to disk")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    if not command:
        parser.error("-- COMMAND is missing")
    enter_virtualenv("dev" if options.dev else "local")
    with Processes() as processes:
        stack = shared_stack(processes)
        if options.temporary:
            stack = temporary_stack(options.temporary, processes, durable=options.durable)
        with stack as environment:
            return processes.run_here(command, env=environment)


def _manage(arguments: list[str]) -> int:
    """`manage`: runs manage.py in the folder from which the script was called."""
    with Processes() as processes, shared_stack(processes) as environment:
        command: list[str | Path] = [sys.executable, ROOT / "manage.py", *arguments]
        return processes.run_here(
            command, env=environment, cwd=os.environ.get("CALLED_FROM", os.getcwd())
        )


def _env(arguments: list[str]) -> int:
    """`env`: prints lines for the shell's `eval`, or only the values that are named."""
    found = State(DEMO).read() or {}
    if not found.keys() >= set(URL_NAMES):
        raise SystemExit("The demo does not run in this checkout. Start it: script/demo")
    if unknown := set(arguments) - set(URL_NAMES):
        raise SystemExit(f"script/env knows {' and '.join(URL_NAMES)}, not {' '.join(unknown)}.")
    lines = [found[name] for name in arguments]
    print("\n".join(lines or [f"export {name}={shlex.quote(found[name])}" for name in URL_NAMES]))
    return 0


def main(name: str, arguments: list[str]) -> int:
    """Runs `run`, `manage` or `env`. Returns the exit status."""
    if name == "manage":
        enter_virtualenv("local")
    return {"run": _run, "manage": _manage, "env": _env}[name](arguments)


if __name__ == "__main__":
    with explain_permission_errors():
        sys.exit(main(sys.argv[1], sys.argv[2:]))
