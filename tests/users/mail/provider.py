"""A provider's API for tests: an HTTP server that notes requests, and answers what a test sets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCEPTED = {  # what Resend and Postmark answer, and the fields that django-anymail wants
    "id": "1",
    "ErrorCode": 0,
    "Message": "OK",
    "MessageID": "1",
    "To": "ada@acme.example",
    "SubmittedAt": "2026-11-27T02:00:00Z",
}


class Provider(ThreadingHTTPServer):
    """The server. `status` is that of its answers; with 0 it closes the connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []  # headers, body

    @property
    def url(self) -> str:
        """The beginning of the URLs of the API."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((dict(self.headers), body))
        if not self.server.status:
            return
        answer = json.dumps(ACCEPTED if self.server.status == 200 else {"message": "no"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        """Logs nothing."""


@contextmanager
def running() -> Iterator[Provider]:
    """Runs a provider."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
