"""Forks a child process for each workbook. Run as `python -m imports.files.xlsx.launcher`.

A process of its own, because a fork of a web process would copy its threads' locks, its database
connections and its memory. This one has imported what a child needs and nothing else: a child
starts within 2 ms. Standard input is a socket. Each message on it carries two descriptors, the
workbook and the connection on which the child answers (`child`). The answer carries a descriptor
of the child process, with which it can be killed. The launcher ends when the socket is closed.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import socket
import zipfile

from imports.files.source import Limits
from imports.files.xlsx import child
from imports.files.xlsx.workbook import WorkbookSource

_STDIN = 0


def main() -> None:
    """Forks children until the other side closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that asks
    _read_a_workbook()
    gc.freeze()
    control = socket.socket(fileno=_STDIN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        _reap()
        _fork_child(control, descriptors)


def _fork_child(control: socket.socket, descriptors: list[int]) -> None:
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_RDWR), _STDIN)  # the child does not hold the socket
        child.run(*descriptors)
    process = os.pidfd_open(pid)
    socket.send_fds(control, [b"\1"], [process])
    for descriptor in (process, *descriptors):
        os.close(descriptor)


def _read_a_workbook() -> None:
    """Reads a small workbook, so that no child has to import what the library imports late."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    link = f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/%s" Target="%s"/>'
    parts = {
        "_rels/.rels": link % ("officeDocument", "xl/workbook.xml") + "</Relationships>",
        "xl/_rels/workbook.xml.rels": link % ("worksheet", "sheet.xml") + "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/sheet.xml": f'<worksheet xmlns="{main}"><sheetData><row r="1">'
        '<c r="A1"><v>1</v></c></row></sheetData></worksheet>',
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    list(WorkbookSource(content.getvalue(), Limits(), None).blocks(1, (), skip_hidden_rows=False))


def _reap() -> None:
    """Removes the children that have ended from the process table."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
