"""Reads one workbook, in a child process that may be killed at any time.

The library that loads a workbook allocates what the workbook asks for, and aborts its process where
it gets no memory. Here only the child aborts. Its memory and its processor time are limited by the
operating system.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import resource
import socket
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from imports.errors import FileEmpty, FileRefused
from imports.files.source import Limits
from imports.files.xlsx import frames
from imports.files.xlsx.package.scan import explain_size
from imports.files.xlsx.workbook import WorkbookSource

_READ_BYTES = 1_048_576
_FACTS_IN_MESSAGE = 1_000  # a value has 254 characters at most


def run(file_descriptor: int, connection_descriptor: int) -> NoReturn:
    """Answers the requests on a connection about a workbook, and ends the process.

    The first request holds `task`, `limits` and `sheet`. For the task "read" the answer holds
    the names of the sheet and of the others, the hidden columns and the first rows. Each further
    request holds `first_row`, `columns` and `skip_hidden_rows`; its answers are blocks of rows,
    each after objects with the "facts" about it, then an object with "end". The answers to a
    request with "survey" are objects about the other sheets, then one with "end". For the task
    "explain" the answer is the refusal of a workbook that is too large, or "end". A refusal may
    come in place of every other answer.
    """
    status = 1
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # the library writes to stderr before it aborts
            os.dup2(null, stream)
        gc.disable()
        connection = socket.socket(fileno=connection_descriptor)
        request = frames.receive(connection)
        if isinstance(request, dict):
            _answer(connection, file_descriptor, request)
        status = 0
    except (OSError, MemoryError):
        pass  # the other side is gone, or the limit of memory is reached
    finally:
        os._exit(status)


def _answer(connection: socket.socket, file_descriptor: int, request: dict[str, Any]) -> None:
    limits = Limits(**request["limits"])
    _limit_resources(limits)
    try:
        content = _content(file_descriptor)
        if request["task"] == "explain":
            explain_size(io.BytesIO(content), limits, request["sheet"])
            frames.send_object(connection, {"end": True})
        else:
            source = WorkbookSource(content, limits, request["sheet"])
            _send_sheet(connection, source, lambda name: WorkbookSource(content, limits, name))
    except FileRefused as error:
        refusal = {"code": error.code, "detail": error.detail, "facts": error.facts}
        frames.send_object(connection, {"refused": refusal})
    except (OSError, MemoryError):
        raise
    except Exception as error:
        frames.send_object(connection, {"failed": _place_of(error)})


def _send_sheet(
    connection: socket.socket, source: WorkbookSource, other: Callable[[str], WorkbookSource]
) -> None:
    samples = [[sample.row, sample.cells] for sample in source.samples]
    facts = {"other_sheets": source.other_sheets, "hidden_columns": source.hidden_columns}
    frames.send_object(connection, {"sheet": source.sheet, "samples": samples, **facts})
    while isinstance(request := frames.receive(connection), dict):
        if "survey" in request:
            for name in source.other_sheets:
                frames.send_object(connection, _summary(name, other))
            frames.send_object(connection, {"end": True})
            continue
        blocks = source.blocks(
            request["first_row"],
            frozenset(request["columns"]),
            skip_hidden_rows=request["skip_hidden_rows"],
        )
        for first_row, rows, found in blocks:
            for start in range(0, len(found), _FACTS_IN_MESSAGE):
                frames.send_object(connection, {"facts": found[start : start + _FACTS_IN_MESSAGE]})
            frames.send_rows(connection, first_row, rows)
        frames.send_object(connection, {"end": True})


def _summary(name: str, load: Callable[[str], WorkbookSource]) -> dict[str, Any]:
    """What the other side is told about a sheet that is not read."""
    try:
        source = load(name)
        samples = [[sample.row, sample.cells] for sample in source.samples]
        return {"name": name, "rows": source.count_rows(), "samples": samples}
    except FileEmpty:
        return {"name": name, "rows": 0, "samples": []}
    except FileRefused:
        return {"name": name, "rows": None, "samples": []}


def _limit_resources(limits: Limits) -> None:
    """Limits memory and processor time. The child can't write files or dump its memory.

    If the machine runs out of memory all the same, the child is the first to be killed.
    """
    for kind, limit in (
        (resource.RLIMIT_AS, limits.workbook_memory_bytes),
        (resource.RLIMIT_CPU, limits.workbook_cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _content(descriptor: int) -> bytes:
    """The bytes of a file. Its position is shared with the other process, and is not moved."""
    pieces: list[bytes] = []
    offset = 0
    while piece := os.pread(descriptor, _READ_BYTES, offset):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)


def _place_of(error: Exception) -> str:
    """Class and place of an unexpected error. Its message may quote the file and is left out."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}"
