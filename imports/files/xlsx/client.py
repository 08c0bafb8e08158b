"""Reads a workbook in a child process, and gives its rows as they come.

A workbook that makes its child exceed a limit or abort is refused. This process neither unpacks nor
parses anything of it.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO, cast

from imports.errors import FileRefused, WorkbookTooExpensive
from imports.files.source import MEBIBYTE, Limits, RowBlock, SampleRow
from imports.files.xlsx.facts.cells import Fact
from imports.files.xlsx.facts.findings import findings
from imports.files.xlsx.frames import Message
from imports.files.xlsx.processes import Child, ChildDied, start_child

_MAX_SHEET_CHARS = 1_000
_COPY_BYTES = 1_048_576


class RemoteWorkbookSource:
    """The rows of one sheet: the first ones as samples, then those below the header in blocks."""

    def __init__(self, file: BinaryIO, limits: Limits, sheet: str | None) -> None:
        """Loads the sheet in a child. Raises FileRefused, or WorkbookReaderBusy.

        `sheet`: the name of the sheet to read; None for the first visible one.
        """
        self._limits = limits
        self._wanted = sheet[:_MAX_SHEET_CHARS] if sheet else None
        self._first_row = 1
        self._fields: Mapping[int, str] = {}
        self._skip_hidden_rows = False
        self._pass = 0
        self._is_streaming = False
        self._child: Child | None = None
        self._copy = None if _has_descriptor(file) else _copy_of(file)
        self._descriptor = (self._copy or file).fileno()
        try:
            self._child = start_child(self._descriptor, limits.workbook_seconds)
            answer = self._ask()
            self.sheet: str = answer["sheet"]
            self.other_sheets: list[str] = answer["other_sheets"]
            self.hidden_columns: list[int] = answer["hidden_columns"]
            self.samples = [SampleRow(row, cells, row) for row, cells in answer["samples"]]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the child. Rows can't be read any more. Does nothing where that has been done."""
        if self._child:
            self._child.close()
        if self._copy:
            self._copy.close()

    def __del__(self) -> None:
        """Ends the child of a source that nobody has closed."""
        self.close()

    def start_below(
        self, header: SampleRow, fields: Mapping[int, str], *, skip_hidden_rows: bool = False
    ) -> None:
        """Makes `blocks` begin with the row after the header. `fields`: column -> the field that is
        read from it; nothing is said about cells of other columns."""
        self._first_row = header.row + 1
        self._fields = fields
        self._skip_hidden_rows = skip_hidden_rows

    def blocks(self) -> Iterator[RowBlock]:
        """The rows below the header that are not blank, from the start at each call.

        A call ends the iteration over the blocks of an earlier call. Raises FileRefused.
        """
        self._pass += 1
        current = self._pass
        while self._is_streaming:  # what is left of an earlier call
            self._next_block()
        self._send(
            {
                "first_row": self._first_row,
                "columns": list(self._fields),
                "skip_hidden_rows": self._skip_hidden_rows,
            }
        )
        self._is_streaming = True
        while block := self._next_block():
            yield block
            if self._pass != current:
                raise RuntimeError("the rows are read from the start by another iteration")

    def survey(self) -> Iterator[tuple[str, list[SampleRow], int | None]]:
        """The other visible sheets: name, first rows, and number of rows that are not blank; None
        for one that can't be read. Fewer of them if that takes more than is allowed.

        The rows of this sheet can't be read any more where a survey exceeds the limits."""
        try:
            self._opened().send({"survey": True})
            while isinstance(answer := self._opened().receive(), dict) and "name" in answer:
                samples = [SampleRow(row, cells, row) for row, cells in answer["samples"]]
                yield answer["name"], samples, answer["rows"]
        except ChildDied:
            return

    def _next_block(self) -> RowBlock | None:
        """The next rows with what is said about them; None at the end."""
        facts: list[Fact] = []
        while isinstance(message := self._receive(), dict) and "facts" in message:
            facts += (Fact(*fact) for fact in message["facts"])
        if not isinstance(message, RowBlock):
            self._is_streaming = False
            return None
        if not facts:
            return message
        problems, notices = findings(facts, self._fields)
        return message._replace(problems=problems, notices=notices)

    # --- the conversation ---------------------------------------------------------------------

    def _request(self, task: str) -> dict[str, Any]:
        return {"task": task, "sheet": self._wanted, "limits": asdict(self._limits)}

    def _ask(self) -> dict[str, Any]:
        self._send(self._request("read"))
        answer = self._receive()
        if isinstance(answer, RowBlock):
            raise RuntimeError("the child that reads a workbook sent rows before it was asked")
        return answer

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self._opened().send(request)
        except ChildDied:
            raise self._explanation() from None

    def _receive(self) -> Message:
        """The next message. Raises the refusal that it holds, or the one for a dead child."""
        try:
            message = self._opened().receive()
        except ChildDied:
            raise self._explanation() from None
        if isinstance(message, dict) and "refused" in message:
            self._is_streaming = False
            raise _refusal(**message["refused"])
        if isinstance(message, dict) and "failed" in message:
            raise RuntimeError(f"the child that reads a workbook failed: {message['failed']}")
        return message

    def _opened(self) -> Child:
        if self._child is None:
            raise ValueError("the workbook is closed")
        return self._child

    def _explanation(self) -> FileRefused:
        """The refusal of a workbook whose child died, from a second child that only measures it."""
        seconds = self._opened().seconds_left
        self._opened().close()
        if seconds > 0:
            self._child = start_child(self._descriptor, seconds)
            try:
                self._child.send(self._request("explain"))
                answer = self._child.receive()
                if isinstance(answer, dict) and "refused" in answer:
                    return _refusal(**answer["refused"])
            except ChildDied:
                pass
        return _too_expensive(self._limits)


def _too_expensive(limits: Limits) -> WorkbookTooExpensive:
    return WorkbookTooExpensive(
        f"The workbook needs more than {limits.workbook_memory_bytes / MEBIBYTE:g} MiB of memory "
        f"or {limits.workbook_seconds:g} seconds to read, which is the most that is allowed. "
        "Save the sheet as CSV (UTF-8), and upload that.",
    )


def _refusal(code: str, detail: str, facts: dict[str, Any]) -> FileRefused:
    """The refusal that a child has sent."""
    classes = {cls.code: cls for cls in FileRefused.__subclasses__()}
    return classes.get(code, FileRefused)(detail, **facts)


def _has_descriptor(file: BinaryIO) -> bool:
    try:
        file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return False
    file.flush()
    return True


def _copy_of(file: BinaryIO) -> BinaryIO:
    """A temporary file without a name that holds the same."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.seek(0)
    shutil.copyfileobj(file, copy, _COPY_BYTES)
    copy.flush()
    return cast(BinaryIO, copy)
