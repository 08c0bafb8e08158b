"""Servers that a test may kill, freeze and restart."""

from __future__ import annotations

import signal
from pathlib import Path

import psycopg

from devtools.processes import Process, Processes
from devtools.servers import Postgres, Server, Valkey
from tests.imports.engine.support.processes import wait_until

PASSWORD = "secret-of-a-test"


class OwnServer:
    """A server of one test, which restarts on the same port."""

    server: Server

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.url = self.server.start(processes)
        self.port = int(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def process(self) -> Process:
        """The process of the server."""
        return next(one for one in self.processes.running if one.name == self.server.name)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Ends the server with a signal, and waits for its end."""
        process = self.process
        process.popen.send_signal(number)
        wait_until(process.ended)
        self.processes.running.remove(process)

    def restart(self) -> None:
        """Starts the server again on its port."""
        process = self.server.start_on(self.port, self.processes)
        wait_until(lambda: self.server.is_ready(process, self.port), what=process.tail())

    def freeze(self) -> None:
        """Stops the process (SIGSTOP): it keeps its connections, and does not answer."""
        self.process.popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resumes a frozen process (SIGCONT)."""
        self.process.popen.send_signal(signal.SIGCONT)


class OwnValkey(OwnServer):
    """A Valkey server that loses its data when it is killed, as it has no disk."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.server = Valkey(folder=folder, password=PASSWORD, durable=False)
        super().__init__(processes)


class OwnPostgres(OwnServer):
    """A PostgreSQL server that keeps its data after a crash."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.server = Postgres(folder=folder, password=PASSWORD)
        super().__init__(processes)
        self.superuser_url = self.url.replace("marketedge:", "postgres:", 1)

    def stop_immediately(self) -> None:
        """Stops the server as `pg_ctl stop -m immediate` does, which is like a crash."""
        self.kill(signal.SIGQUIT)

    def superuser(self) -> psycopg.Connection:
        """Gives a connection as superuser."""
        return psycopg.connect(self.superuser_url, autocommit=True)
