"""The messages between the process that wants a workbook and the child that reads it.

A message is a length, a kind and a body: an object as JSON, or a block of rows. Both are read
without running anything that the sender could have chosen, unlike `pickle` and `marshal`.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from imports.files.cleaning.escaping import ESCAPED_TEXT
from imports.files.cleaning.suspects import is_suspect_sheet
from imports.files.source import RowBlock

_HEAD = struct.Struct("!Ic")  # length of the body, kind
_ROWS_HEAD = struct.Struct("!III")  # first row, number of rows, cells in each row
_MAX_BODY_BYTES = 4 * 1_048_576
_OBJECT = b"J"
_ROWS = b"R"
_SEPARATOR = "\0"  # no cell may hold one

Message = dict[str, Any] | RowBlock


class BadMessage(Exception):
    """The other side sent something that is no message, or ended in the middle of one."""


def send_object(connection: socket.socket, content: dict[str, Any]) -> None:
    """Sends an object. Raises OSError where the other side is gone."""
    _send(connection, _OBJECT, json.dumps(content).encode())


def send_rows(connection: socket.socket, first_row: int, rows: list[list[str]]) -> None:
    """Sends consecutive rows. All have the same number of cells, none of which holds a NUL."""
    cells = _SEPARATOR.join([_SEPARATOR.join(row) for row in rows])
    _send(connection, _ROWS, _ROWS_HEAD.pack(first_row, len(rows), len(rows[0])) + cells.encode())


def receive(connection: socket.socket) -> Message | None:
    """The next message; None where the other side has closed the connection after the last one.

    Raises BadMessage, OSError, or TimeoutError where the connection has a timeout.
    """
    head = _receive_bytes(connection, _HEAD.size)
    if not head:
        return None
    length, kind = _HEAD.unpack(head)
    if length > _MAX_BODY_BYTES:
        raise BadMessage("too long")
    body = _receive_bytes(connection, length)
    try:
        return _decode_rows(body) if kind == _ROWS else _decode_object(body)
    except (ValueError, struct.error, RecursionError):
        raise BadMessage("not decodable") from None


def _send(connection: socket.socket, kind: bytes, body: bytes) -> None:
    connection.sendall(_HEAD.pack(len(body), kind) + body)


def _receive_bytes(connection: socket.socket, count: int) -> bytes:
    """`count` bytes; b"" where the connection ends before the first one."""
    received = bytearray(count)
    rest = memoryview(received)
    while rest:
        size = connection.recv_into(rest)
        if not size:
            if len(rest) == count:
                return b""
            raise BadMessage("cut off")
        rest = rest[size:]
    return bytes(received)


def _decode_object(body: bytes) -> dict[str, Any]:
    content = json.loads(body)
    if not isinstance(content, dict):
        raise BadMessage("no object")
    return content


def _decode_rows(body: bytes) -> RowBlock:
    first_row, count, width = _ROWS_HEAD.unpack_from(body)
    text = str(memoryview(body)[_ROWS_HEAD.size :], "utf-8")
    cells = text.split(_SEPARATOR)
    if not width or len(cells) != count * width:
        raise BadMessage("rows of another size than announced")
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return RowBlock(
        first_row,
        count,
        rows,
        escaped="'" in text and ESCAPED_TEXT.search(text) is not None,
        suspect=is_suspect_sheet(text.replace(_SEPARATOR, "\n")),
    )
