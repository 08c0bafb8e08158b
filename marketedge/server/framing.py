"""Finds where a request ends in the bytes of a connection, as they arrive.

    bytes -> Frame.feed -> incomplete | complete, with what follows it as `surplus`

It decides only when a request is handed to a thread. gunicorn's parser then reads the same bytes,
and decides what they mean. If a frame is wrong about the end, the parser finds too few bytes and
closes the connection: no byte ever belongs to another request than the parser says.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from urllib.parse import unquote

MAX_HEAD_BYTES = 64 * 1024
_MAX_LINE_BYTES = 8 * 1024  # of a chunk's size, or a trailer

LimitOf = Callable[[str], int]
_Parts = Generator[None, None, None]


class HeadTooLarge(Exception):
    """The request line and the headers are larger than MAX_HEAD_BYTES."""


class BodyTooLarge(Exception):
    """A chunked body is larger than its path allows. Nothing announces the size of such a body, so
    it is refused here. A body with a Content-Length is refused by the service, before it is read.
    """


class _Malformed(Exception):
    """The end can't be found. gunicorn's parser answers with status 400."""


class Frame:
    """One request. `limit_of` gives the size of the largest body for a path.

    `path`, `expects_continue` and `has_head` are known once the head has arrived. `is_cut`: the
    body, or the rest of it, is not waited for, so the connection can't be used for another request.
    """

    def __init__(self, limit_of: LimitOf) -> None:
        self.path = ""
        self.has_head = self.is_complete = self.is_cut = self.expects_continue = False
        self.surplus = b""
        self._limit_of = limit_of
        self._pending = bytearray()  # arrived, and not yet looked at
        self._parts = self._read()

    def feed(self, data: bytes) -> int:
        """Looks at more bytes. Gives the number of those that belong to this request.

        Raises HeadTooLarge or BodyTooLarge."""
        self._pending += data
        try:
            next(self._parts)
        except StopIteration:
            self.is_complete = True
        except (_Malformed, ValueError):
            self.is_complete = self.is_cut = True
            self._pending.clear()
        if not self.is_complete:
            return len(data)
        self.surplus = bytes(self._pending)
        return len(data) - len(self.surplus)

    def _read(self) -> _Parts:
        head = yield from self._until(b"\r\n\r\n", MAX_HEAD_BYTES, HeadTooLarge)
        lines = head.split(b"\r\n")
        self.path = _path(lines[0])
        self.has_head = True
        headers: dict[bytes, bytes] = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if headers.setdefault(name.lower(), value.strip()) != value.strip():
                headers[name.lower()] += b"," + value
        self.expects_continue = headers.get(b"expect", b"").lower() == b"100-continue"
        length, encoding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
        limit = self._limit_of(self.path)
        if encoding is not None:
            if length is not None or encoding.lower() != b"chunked":
                raise _Malformed
            yield from self._chunks(limit)
        elif length is not None:
            if not length.isdigit() or int(length) > limit:
                raise _Malformed
            yield from self._skip(int(length))

    def _chunks(self, limit: int) -> _Parts:
        total = 0
        while size := int((yield from self._until(b"\r\n", _MAX_LINE_BYTES)).split(b";")[0], 16):
            total += size
            if size < 0 or total > limit:
                raise BodyTooLarge
            yield from self._skip(size + len(b"\r\n"))
        while (yield from self._until(b"\r\n", _MAX_LINE_BYTES)):
            pass  # a trailer

    def _until(
        self, mark: bytes, limit: int, error: type[Exception] = _Malformed
    ) -> Generator[None, None, bytes]:
        """Gives the bytes before the mark, and consumes both."""
        looked_at = 0
        while (end := self._pending.find(mark, max(0, looked_at - len(mark) + 1))) < 0:
            looked_at = len(self._pending)
            if looked_at > limit:
                raise error
            yield
        found = bytes(self._pending[:end])
        del self._pending[: end + len(mark)]
        return found

    def _skip(self, size: int) -> _Parts:
        while size > len(self._pending):
            size -= len(self._pending)
            self._pending.clear()
            yield
        del self._pending[:size]


def _path(request_line: bytes) -> str:
    """The path of a request line, decoded as Django decodes it."""
    target = [*request_line.split(b" "), b"", b""][1]
    return unquote(target.partition(b"?")[0].decode("latin-1"))
