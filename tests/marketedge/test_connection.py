"""What a thread does with an answer that is larger than what is stored for a client."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from marketedge.server import connection
from marketedge.server.connection import MAX_UNSENT_BYTES, Budget, Connection

ANSWER = b"x" * (2 * MAX_UNSENT_BYTES)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's end and the client's end of a connection. Neither waits."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    yield ends
    for end in ends:
        end.close()


def connect(end: socket.socket) -> Connection:
    budget = Budget(4 * MAX_UNSENT_BYTES)
    return Connection(Config(), end, ("127.0.0.1", 1), ("127.0.0.1", 2), budget=budget)


def test_a_slow_client_gets_all_of_it_as_long_as_it_takes_some(
    sockets: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """However long it takes in all: the wait begins again whenever the client has taken some."""
    server, client = sockets
    waits, received = list[float](), 0

    def client_takes_some(_: Any, writable: Any, __: Any, seconds: float) -> Any:
        nonlocal received
        waits.append(seconds)
        received += len(client.recv(1024 * 1024))
        return select.select([], writable, [], seconds)

    one = connect(server)
    fake = type("select", (), {"select": staticmethod(client_takes_some)})
    monkeypatch.setattr(connection, "select", fake)
    one.write(ANSWER[:MAX_UNSENT_BYTES])
    one.write(ANSWER[MAX_UNSENT_BYTES:])
    assert len(waits) > 10
    assert set(waits) == {settings.RESPONSE_SEND_SECONDS}
    while not one.flush():
        received += len(client.recv(1024 * 1024))
    server.shutdown(socket.SHUT_WR)
    while data := client.recv(1024 * 1024):
        received += len(data)
    assert received == len(ANSWER)
    one.release()


def test_a_client_that_takes_nothing_is_given_up(
    sockets: tuple[socket.socket, socket.socket], settings: Any
) -> None:
    settings.RESPONSE_SEND_SECONDS = 0.05
    one = connect(sockets[0])
    one.write(ANSWER[:MAX_UNSENT_BYTES])
    with pytest.raises(BrokenPipeError):
        one.write(ANSWER[MAX_UNSENT_BYTES:])
    one.release()
