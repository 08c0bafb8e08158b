"""A proxy to PostgreSQL that cuts connections exactly at the COMMIT of a chunk: before the server
gets it, or after the server has committed, so that only the answer is lost."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from psycopg.conninfo import conninfo_to_dict

# COPY into the table of users, or into the temporary one (imports/engine/writing/insert_table.py).
COPIES = (b"COPY users ", b"COPY pg_temp.import_rows ")
COMMIT = b"COMMIT\0"
BYTES = 1 << 16


class Proxy:
    """Passes all data on, and cuts connections as `cuts` says."""

    def __init__(self, database_url: str) -> None:
        parts = conninfo_to_dict(database_url)
        self._server = (str(parts["host"]), int(str(parts["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cuts: list[str] = []  # "before" or "after" COMMIT, in the order of the next COMMITs
        self.done: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, database_url: str) -> str:
        """Gives the URL of the database through this proxy."""
        host, port = self._server
        return database_url.replace(f"@{host}:{port}/", f"@127.0.0.1:{self.port}/")

    def close(self) -> None:
        """Accepts no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, suppress(OSError):
            self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        in_chunk = False
        while True:
            for source in select.select([client, server], [], [])[0]:
                data = source.recv(BYTES)
                if not data:
                    return
                if source is server:
                    client.sendall(data)
                    continue
                in_chunk = in_chunk or any(copy in data for copy in COPIES)
                is_commit = in_chunk and COMMIT in data
                if is_commit and self.cuts:
                    return self._cut(self.cuts.pop(0), data, server)
                in_chunk = in_chunk and not is_commit
                server.sendall(data)

    def _cut(self, when: str, data: bytes, server: socket.socket) -> None:
        if when == "after":
            server.sendall(data)
            server.recv(BYTES)  # the server has committed
        self.done.append(when)
