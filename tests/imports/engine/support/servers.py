"""Servers that a test may stop, kill, freeze and empty."""

from __future__ import annotations

import signal
from pathlib import Path

import psycopg

from devtools.processes import Process, Processes
from devtools.servers import Postgres, Server, Valkey
from tests.imports.engine.support.processes import until

PASSWORD = "secret-of-a-test"


class Own:
    """A server that comes back on the port that it had."""

    server: Server

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.url = self.server.start(processes)
        self.port = int(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def process(self) -> Process:
        """The running server."""
        return next(one for one in self.processes.running if one.name == self.server.name)

    def die(self, number: int = signal.SIGKILL) -> None:
        """Ends it with a signal, and waits until it is gone."""
        process = self.process
        process.popen.send_signal(number)
        until(process.ended)
        self.processes.running.remove(process)

    def come_back(self) -> None:
        """Starts it again where it was."""
        process = self.server.start_on(self.port, self.processes)
        until(lambda: self.server.is_ready(process, self.port), what=process.tail())

    def freeze(self) -> None:
        """It keeps its connections, and answers nothing."""
        self.process.popen.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Ends `freeze`."""
        self.process.popen.send_signal(signal.SIGCONT)


class OwnValkey(Own):
    """Forgets everything when it dies, as a Redis without a disk does."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.server = Valkey(folder=folder, password=PASSWORD, durable=False)
        super().__init__(processes)


class OwnPostgres(Own):
    """Durable: after a hard stop it replays its log."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.server = Postgres(folder=folder, password=PASSWORD)
        super().__init__(processes)
        self.superuser_url = self.url.replace("marketedge:", "postgres:", 1)

    def stop_immediately(self) -> None:
        """What `pg_ctl stop -m immediate` does: as good as a crash."""
        self.die(signal.SIGQUIT)

    def superuser(self) -> psycopg.Connection:
        """A connection that may do what the service's role may not."""
        return psycopg.connect(self.superuser_url, autocommit=True)
