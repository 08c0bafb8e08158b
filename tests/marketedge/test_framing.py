"""Where a request ends in the bytes of a connection."""

from __future__ import annotations

import pytest

from marketedge.server.framing import BodyTooLarge, Frame, HeadTooLarge


def limit(path: str) -> int:
    """100 bytes for all paths but one."""
    return 1000 if path == "/upload é" else 100


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /upload%20%C3%A9?x HTTP/1.1\r\nCONTENT-LENGTH:500\r\n\r\n" + b"x" * 500,
        CHUNKED + b"3;name=value\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_the_end_is_found_wherever_the_bytes_are_split(request_: bytes, step: int) -> None:
    frame = Frame(limit)
    data, own = request_ + b"GET /next", 0
    for at in range(0, len(data), step):
        if not frame.is_complete:
            own += frame.feed(data[at : at + step])
    assert frame.is_complete
    assert not frame.is_cut
    assert own == len(request_)
    assert (request_ + b"GET /next")[own:].startswith(frame.surplus)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"x" * 9000,
    ],
)
def test_a_body_whose_end_is_not_waited_for(request_: bytes) -> None:
    frame = Frame(limit)
    assert frame.feed(request_) == len(request_)
    assert frame.is_cut


def test_the_limits_of_a_frame() -> None:
    with pytest.raises(HeadTooLarge):
        Frame(limit).feed(b"x" * 70_000)
    for size in (b"65", b"-1"):
        with pytest.raises(BodyTooLarge):
            Frame(limit).feed(CHUNKED + size + b"\r\n")
