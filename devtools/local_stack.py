"""The servers of this checkout: a folder in `.local/`, held by one process, used by any number.

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
from devtools.virtualenv import LOCAL, ROOT, enter, locked, own_files

DEMO = LOCAL / "demo"
ADDRESSES = ("DATABASE_URL", "REDIS_URL")


class State:
    """`state.json`: who holds a stack and where its servers are. Its holder keeps it locked, so
    that it tells the truth after any crash: whoever can lock it knows that nobody is there."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.json"
        self._file: Any = None
        self._facts: dict[str, Any] = {"pid": os.getpid()}

    def claim(self, **facts: Any) -> bool:
        """Takes the stack and says so in the file; False where somebody holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        deadline = time.monotonic() + 0.2  # a reader's glance (below) is no holder
        while not _try_lock(self._file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                self._file.close()
                return False
            time.sleep(POLL_SECONDS)
        self.write(facts)
        return True

    def write(self, facts: Mapping[str, Any]) -> None:
        """Adds to what the file says. Only for its holder."""
        self._facts |= facts
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(self._facts, indent=2) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Gives the stack up."""
        self._file.close()

    def read(self) -> dict[str, Any] | None:
        """What the holder wrote; None where there is no holder."""
        with suppress(FileNotFoundError), self.path.open() as file:
            if _try_lock(file, fcntl.LOCK_SH):
                return None
            with suppress(json.JSONDecodeError):  # it is being written at this moment
                return dict(json.load(file))
            return {}
        return None


class Stack:
    """The servers in a folder, and the environment of those who use them."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder, self.durable = folder, durable

    def start(self, processes: Processes) -> dict[str, str]:
        """Starts the servers that nobody gave from outside; gives the environment to use them."""
        given = from_outside()
        facts: dict[str, Any] = {
            "folder": self.folder,
            "password": _secrets(self.folder)["password"],
            "durable": self.durable,
        }
        if "REDIS_URL" not in given:
            given["REDIS_URL"] = Valkey(**facts).start(processes)
        if "DATABASE_URL" not in given:
            given["DATABASE_URL"] = Postgres(**facts).start(processes)
        return self.environment(given)

    def environment(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """The environment of this process, with all that the service needs to start."""
        environment = {"ALLOWED_HOSTS": "127.0.0.1,localhost"}
        environment["SECRET_KEY"] = _secrets(self.folder)["SECRET_KEY"]
        environment |= os.environ
        if "DATABASE_URL" not in from_outside():  # PGSERVICE, … are about another server
            environment = {k: v for k, v in environment.items() if not k.startswith("PG")}
        # So that python and psql are found.
        folders = [Path(sys.executable).parent, postgres_folder(), environment.get("PATH", "")]
        environment["PATH"] = os.pathsep.join(map(str, folders))
        environment["DJANGO_SETTINGS_MODULE"] = "marketedge.settings"
        return environment | {name: addresses[name] for name in ADDRESSES}


def from_outside() -> dict[str, str]:
    """The addresses that the environment gives, without those that `script/env` once put there."""
    secret = DEMO / "secrets.json"
    ours = json.loads(secret.read_text())["password"] if secret.exists() else None
    return {
        url: os.environ[url]
        for url in ADDRESSES
        if url in os.environ and not (ours and ours in os.environ[url])
    }


@contextmanager
def temporary_stack(
    name: str, processes: Processes, *, durable: bool = False
) -> Iterator[dict[str, str]]:
    """Servers in a new folder that goes away at the end, as do those that dead processes left."""
    folder = LOCAL / f"{name}-{os.getpid()}"
    state = State(folder)
    with locked(LOCAL / "folders.lock"):
        for old in LOCAL.glob("*-[0-9]*"):
            with suppress(OSError):  # another user's
                left = State(old)
                if left.claim():
                    _remove(old)
                    left.close()
        state.claim()
    try:
        environment = Stack(folder, durable=durable).start(processes)
        state.write({url: environment[url] for url in ADDRESSES})
        yield environment
    finally:
        processes.stop()
        _remove(folder)


@contextmanager
def shared_stack(processes: Processes) -> Iterator[dict[str, str]]:
    """The servers of the demo: those that run, or else its own for as long as they are used."""
    state, stack, users = State(DEMO), Stack(DEMO), DEMO / "users.lock"
    while not state.claim():
        with locked(users, shared=True):
            found = state.read() or {}
            if found.keys() >= set(ADDRESSES):
                yield stack.environment(found | from_outside())
                return
        time.sleep(POLL_SECONDS)  # its holder is just starting, or ending
    environment = stack.start(processes)
    state.write({url: environment[url] for url in ADDRESSES})
    yield environment
    with locked(users, "Waiting for another script/manage that uses these servers ..."):
        processes.stop()


def _secrets(folder: Path) -> dict[str, str]:
    """Made once for each stack, readable only to its owner."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {"password": secrets.token_hex(24), "SECRET_KEY": secrets.token_urlsafe(50)}
        write_secret(path, json.dumps(made))
    return dict(json.loads(path.read_text()))


def _remove(folder: Path) -> None:
    """Deletes a stack, and ends what still runs in it."""
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
    """`run`: a command with servers; gives its exit status."""
    usage = "devtools.local_stack run [--dev] [--temporary NAME] [--durable] -- COMMAND ..."
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("--dev", action="store_true", help="with what tests and measurements need")
    parser.add_argument("--temporary", metavar="NAME", help="new servers, in .local/NAME-<pid>")
    parser.add_argument("--durable", action="store_true", help="with --temporary: written to disk")
    mark = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:mark]), arguments[mark + 1 :]
    if not command:
        parser.error("-- COMMAND is missing")
    enter("dev" if options.dev else "local")
    with Processes() as processes:
        stack = shared_stack(processes)
        if options.temporary:
            stack = temporary_stack(options.temporary, processes, durable=options.durable)
        with stack as environment:
            return processes.run_here(command, env=environment)


def _manage(arguments: list[str]) -> int:
    """`manage`: Django's commands, in the folder that the person is in."""
    with Processes() as processes, shared_stack(processes) as environment:
        command: list[str | Path] = [sys.executable, ROOT / "manage.py", *arguments]
        return processes.run_here(
            command, env=environment, cwd=os.environ.get("CALLED_FROM", os.getcwd())
        )


def _env(arguments: list[str]) -> int:
    """`env`: for a shell's eval, or one value by its name."""
    found = State(DEMO).read() or {}
    if not found.keys() >= set(ADDRESSES):
        raise SystemExit("The demo does not run in this checkout. Start it: script/demo")
    if unknown := set(arguments) - set(ADDRESSES):
        raise SystemExit(f"script/env knows {' and '.join(ADDRESSES)}, not {' '.join(unknown)}.")
    lines = [found[name] for name in arguments]
    print("\n".join(lines or [f"export {name}={shlex.quote(found[name])}" for name in ADDRESSES]))
    return 0


def main(name: str, arguments: list[str]) -> int:
    """Does what one of the scripts asks for; gives its exit status."""
    if name == "manage":
        enter("local")
    return {"run": _run, "manage": _manage, "env": _env}[name](arguments)


if __name__ == "__main__":
    with own_files():
        sys.exit(main(sys.argv[1], sys.argv[2:]))
