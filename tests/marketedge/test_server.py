"""The web server: slow clients hold no thread, and each request ends where it says."""

from __future__ import annotations

import json
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ModuleProcess, serve
from tests.process_helpers import wait_for

QUICK = {
    "REQUEST_HEADER_SECONDS": "1",
    "REQUEST_BODY_SECONDS": "1",
    "RESPONSE_SEND_SECONDS": "1",
    "WEB_CONCURRENCY": "1",
}
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
UPLOAD = b"/api/v1/organizations/0/users/import"
SLOW_CLIENTS = 40


@dataclass
class Client:
    """A raw connection to the server."""

    socket: socket.socket

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def read_answer(self) -> tuple[int, bytes]:
        """The status and the body of the next answer, which needs a Content-Length."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        status = int(head.split(b" ")[1])
        if status == 100:
            return status, b""
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = b""
        while len(body) < length:
            body += self.socket.recv(length - len(body))
        return status, body

    def read_to_end(self) -> bytes:
        """All bytes until the server closes the connection."""
        received = b""
        while data := self.socket.recv(65536):
            received += data
        return received


Connect = Callable[[], Client]


@contextmanager
def running(folder: Path, **extra: str) -> Iterator[tuple[ModuleProcess, Connect]]:
    """A web server with short deadlines, and a function that connects to it."""
    with ExitStack() as stack:
        processes: list[ModuleProcess] = []

        def start(*command: str, **more: str) -> ModuleProcess:
            processes.append(ModuleProcess(list(command), folder / "server.log", **more))
            stack.callback(processes[0].stop)
            return processes[0]

        url = urlsplit(serve(start, **QUICK | extra))

        def connect() -> Client:
            sock = socket.create_connection((url.hostname, url.port), timeout=30)
            return Client(stack.enter_context(closing(sock)))

        yield processes[0], connect


@pytest.fixture(scope="module")
def connect(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connect]:
    """A function that connects to a server, which all tests share."""
    with running(tmp_path_factory.mktemp("server")) as (_, connect_):
        yield connect_


def seconds_of_a_health_check(connect: Connect) -> float:
    """How long /healthz takes."""
    client, start = connect(), time.monotonic()
    client.send(GET)
    assert client.read_answer()[0] == 200
    return time.monotonic() - start


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /hea", POST, POST + b"x", b"POST /admin/login/ HTTP/1.1\r\nTransfer-Encoding: "],
    ids=["nothing", "half a line", "no body", "a byte of a body", "half of the headers"],
)
def test_health_checks_are_answered_beside_slow_clients(connect: Connect, sent: bytes) -> None:
    clients = [connect() for _ in range(SLOW_CLIENTS)]
    for client in clients:
        client.send(sent)
    assert seconds_of_a_health_check(connect) < 1


def test_health_checks_are_answered_beside_clients_that_do_not_read(connect: Connect) -> None:
    get = b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\n"
    for _ in range(SLOW_CLIENTS):
        client = connect()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(get + b"Host: localhost\r\n\r\n")
    assert seconds_of_a_health_check(connect) < 1


def test_health_checks_are_answered_beside_clients_that_do_not_close(connect: Connect) -> None:
    for _ in range(SLOW_CLIENTS):
        connect().send(GET.replace(b"Host", b"Connection: close\r\nHost"))
    assert seconds_of_a_health_check(connect) < 1


@pytest.mark.parametrize("sent", [b"GET /hea", POST, POST + b"x"])
def test_a_request_that_does_not_arrive_in_time_gets_408(connect: Connect, sent: bytes) -> None:
    client = connect()
    client.send(sent)
    status, body = client.read_answer()
    assert (status, json.loads(body)["code"]) == (408, "request_timeout")
    assert client.read_to_end() == b""


def test_a_body_that_drips_gets_408(connect: Connect) -> None:
    client = connect()
    client.send(POST)
    client.socket.settimeout(0.05)
    for _ in range(600):
        client.send(b"x")
        try:
            assert client.socket.recv(12) == b"HTTP/1.1 408"
            return
        except TimeoutError:
            continue
    pytest.fail("the server goes on waiting")


def test_a_connection_without_a_request_is_closed(connect: Connect) -> None:
    assert connect().read_to_end() == b""


def test_connections_that_are_reset_end_no_process(django_db_setup: None, tmp_path: Path) -> None:
    """gunicorn ends its process if the main loop meets an error of a socket."""
    expect = POST.replace(b"Host", b"Expect: 100-continue\r\nHost")
    with running(tmp_path) as (process, connect):
        started = process.log.read_text().count("Booting worker")
        for request_ in (expect, GET, POST + b"x") * 60:
            client = connect()
            client.send(request_)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()  # sends a reset
        seconds_of_a_health_check(connect)  # fails if nothing answers
        assert process.log.read_text().count("Booting worker") == started


def test_one_connection_serves_many_requests(connect: Connect) -> None:
    client = connect()
    for _ in range(3):
        client.send(GET)
        assert client.read_answer()[0] == 200


def test_requests_may_be_sent_before_the_answers_are_read(connect: Connect) -> None:
    client = connect()
    client.send(GET * 5 + GET.replace(b"/healthz", b"/nothing"))
    assert [client.read_answer()[0] for _ in range(6)] == [200] * 5 + [404]


def test_a_client_that_waits_for_it_is_told_to_continue(connect: Connect) -> None:
    client = connect()
    head = b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    client.send(head + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n")
    assert client.read_answer()[0] == 100
    client.send(b"{}")
    assert client.read_answer()[0] == 400  # and not another 100


def test_a_chunked_body_is_received_and_the_connection_stays(connect: Connect) -> None:
    client = connect()
    head = (
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    client.send(head + b"2\r\n{}\r\n")
    client.send(b"0\r\n\r\n" + GET)
    assert client.read_answer()[0] in (400, 415)
    assert client.read_answer()[0] == 200


def test_a_chunked_body_that_is_too_large_is_refused(connect: Connect) -> None:
    client = connect()
    client.send(
        b"POST /admin/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n"
    )
    status, body = client.read_answer()
    assert (status, json.loads(body)["code"]) == (413, "request_too_large")


def test_headers_that_are_too_large_are_refused(connect: Connect) -> None:
    client = connect()
    client.send(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 70_000)
    assert client.read_answer()[0] == 431


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -5\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Host: y\r\n folded: z\r\n",
    ],
)
def test_an_ambiguous_request_is_the_last_of_its_connection(
    connect: Connect, headers: bytes
) -> None:
    client = connect()
    client.send(b"POST /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n0\r\n\r\n" + GET)
    answers = client.read_to_end()
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


def test_a_large_answer_arrives_whole(connect: Connect) -> None:
    client = connect()
    path = b"/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    client.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, body = client.read_answer()
    assert status == 200
    assert len(body) > 1_000_000


def test_a_worker_that_has_to_stop_answers_the_request_that_is_arriving(
    django_db_setup: None, tmp_path: Path
) -> None:
    with running(tmp_path, REQUEST_BODY_SECONDS="30") as (process, connect):
        client = connect()
        head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        client.send(head + b"Content-Length: 3\r\n\r\na")
        assert client.read_answer()[0] == 100  # a worker has it
        process.popen.send_signal(signal.SIGTERM)
        wait_for(lambda: process.says("Worker exiting"))  # the other worker, which has nothing
        client.send(b"bc")
        assert client.read_answer()[0] == 404
