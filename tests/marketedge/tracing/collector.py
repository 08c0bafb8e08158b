"""A collector of traces: it speaks OTLP over HTTP."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    """A span, and the service that sent it."""

    service: str
    span: Any

    @property
    def name(self) -> str:
        """The name of the span."""
        return str(self.span.name)

    @property
    def trace_id(self) -> str:
        """The id of its trace."""
        return str(self.span.trace_id.hex())

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes as text."""
        return _as_text(self.span.attributes)


def _as_text(pairs: Any) -> dict[str, str]:
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in pairs}


class Collector:
    """Listens on a port of its own. `bodies` are all requests as bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Writes nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def spans(self) -> list[Received]:
        """All spans so far."""
        return [
            Received(_as_text(part.resource.attributes)["service.name"], span)
            for body in list(self.bodies)
            for part in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in part.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Received]:
        """The spans with this name."""
        return [span for span in self.spans() if span.name == name]
