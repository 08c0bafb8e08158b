"""Many HTTP clients that request the progress of an import while it runs."""

from __future__ import annotations

import asyncio
from time import perf_counter
from uuid import UUID

CLIENTS, INTERVAL_SECONDS, SECONDS = 200, 2.0, 20.0


def latencies(port: int, path: str, token: str) -> list[float]:
    """Returns the seconds that each answer took, for 200 clients that ask every 2 s, for 20 s."""
    return asyncio.run(_run_clients(port, path, token))


def batch_path(organisation_id: object, batch_id: UUID) -> str:
    """The path of a batch in the API."""
    return f"/api/v1/organizations/{organisation_id}/users/import/{batch_id}"


async def _run_clients(port: int, path: str, token: str) -> list[float]:
    clients = [_client(port, path, token, n * INTERVAL_SECONDS / CLIENTS) for n in range(CLIENTS)]
    return [seconds for client in await asyncio.gather(*clients) for seconds in client]


async def _client(port: int, path: str, token: str, delay: float) -> list[float]:
    """One client. It keeps its connection open and sends the ETag that it got last."""
    await asyncio.sleep(delay)
    took, etag, reader_writer = [], b"", None
    end = perf_counter() + SECONDS
    while perf_counter() < end:
        started = perf_counter()
        reader_writer = reader_writer or await asyncio.open_connection("127.0.0.1", port)
        etag, is_open = await _get(*reader_writer, path, token, etag)
        took.append(perf_counter() - started)
        if not is_open:
            reader_writer[1].close()
            reader_writer = None
        await asyncio.sleep(max(0.0, INTERVAL_SECONDS - took[-1]))
    if reader_writer:
        reader_writer[1].close()
    return took


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, token: str, etag: bytes
) -> tuple[bytes, bool]:
    """Sends one GET request. Returns the answer's ETag, and whether the connection stays open."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    writer.write(head.encode() + (b"If-None-Match: " + etag + b"\r\n" if etag else b"") + b"\r\n")
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    status = int(lines[0].split()[1])
    if status not in (200, 304):
        raise AssertionError(f"answered {status}")
    headers = {
        name.lower(): value for name, _, value in (line.partition(b": ") for line in lines[1:])
    }
    await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return headers.get(b"etag", b""), headers.get(b"connection", b"") != b"close"
