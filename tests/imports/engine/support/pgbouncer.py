"""PgBouncer in transaction mode, in front of the server of the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from devtools.processes import die_with_parent
from devtools.servers import NOBODY, free_port, write_secret
from tests.imports.engine.support.processes import wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(not PROGRAM, reason="needs PgBouncer: apt install pgbouncer")
CONFIGURATION = """
[databases]
* = host={host} port={server_port}
[pgbouncer]
listen_addr = {addresses}
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 4
auth_type = scram-sha-256
auth_file = {users}
admin_users = {user}
ignore_startup_parameters = {ignored}
logfile = {folder}/pgbouncer.log
"""


class PgBouncer:
    """A pooler with 4 sessions of the server. It knows the server's role and its password.

    `ignored` are start-up parameters that it drops. It refuses a client that sends others. Of
    `addresses`, on which it listens, 127.0.0.1 is one."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        ignored: str = "",
        addresses: str = "127.0.0.1",
    ) -> None:
        parts = conninfo_to_dict(database_url)
        self._server = f"@{parts['host']}:{parts['port']}/"
        self._url, self.port, self.folder = database_url, free_port(), folder / "pgbouncer"
        owner = NOBODY if os.geteuid() == 0 else os.geteuid()  # it refuses to run as root
        self.folder.mkdir()
        os.chown(self.folder, owner, -1)
        users, configuration = self.folder / "users", self.folder / "pgbouncer.ini"
        write_secret(users, f'"{parts["user"]}" "{parts["password"]}"\n', owner)
        text = CONFIGURATION.format(
            host=parts["host"],
            server_port=parts["port"],
            port=self.port,
            users="users",
            user=parts["user"],
            ignored=ignored,
            addresses=addresses,
            folder=".",
        )
        write_secret(configuration, text, owner)
        self.process = subprocess.Popen(
            [str(PROGRAM), "pgbouncer.ini"],
            cwd=self.folder,
            user=owner,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent(),
        )
        wait_until(self._accepts, what="PgBouncer")

    def url(self, database_url: str = "") -> str:
        """The URL of a database of the server (default: the one it was started with) through the
        pooler."""
        return (database_url or self._url).replace(self._server, f"@127.0.0.1:{self.port}/")

    def reconnect(self) -> None:
        """Makes it replace its sessions of the server."""
        console = self.url().rpartition("/")[0] + "/pgbouncer"
        with psycopg.ClientCursor(psycopg.connect(console, autocommit=True)) as cursor:
            cursor.execute("RECONNECT")
            cursor.connection.close()

    def close(self) -> None:
        """Stops it."""
        self.process.kill()
        self.process.wait()

    def _accepts(self) -> bool:
        assert self.process.poll() is None, (self.folder / "pgbouncer.log").read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False
