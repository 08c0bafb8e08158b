"""What hostile files cost a real web server. `-s` prints the table of docs/performance.md.

The limit is on processor seconds, of all processes of the server: what else the machine does at the
same time must not decide. The table has the seconds until the answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.conftest import ModuleProcess, serve
from tests.imports.api.helpers import imports_url
from tests.imports.files.xlsx.hostile import FILES
from tests.imports.files.xlsx.test_workbook_processes import children_of
from users.credentials import tokens
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(600)]

MOST_SECONDS = 10  # of the processor
MOST_MEGABYTES = 64


class WebProcesses:
    """The processes of a web server that answer requests, without those that read workbooks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pids = self._find()
        self.idle = {pid: self._megabytes(pid, "VmRSS") for pid in self.pids}

    def _find(self) -> list[int]:
        port = self.url.rpartition(":")[2]
        masters = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if f"127.0.0.1:{port}" in path.read_text().split("\0")
        ]
        return sorted(pid for pid in masters if set(masters) & {self._parent(pid)})

    @staticmethod
    def _parent(pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    @staticmethod
    def _megabytes(pid: int, name: str) -> float:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024

    def processor_seconds(self) -> float:
        """What the server and all its descendants have used so far, with those that have ended."""
        stats = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            stats[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
        tree = {self._parent(self.pids[0])}
        while more := {pid for pid, (parent, _) in stats.items() if parent in tree} - tree:
            tree |= more
        return sum(stats[pid][1] for pid in tree if pid in stats) / os.sysconf("SC_CLK_TCK")

    def forget_peaks(self) -> None:
        """Lets the peaks of memory begin anew."""
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_above_idle(self) -> float:
        """How many megabytes a process has held at most, above what it held when idle."""
        return max(self._megabytes(pid, "VmHWM") - self.idle[pid] for pid in self.pids)


Post = Callable[[bytes], requests.Response]


@pytest.fixture
def post(admin: User, acme: Organisation, server_without_limits: str) -> Post:
    """A function that posts a file to the preview."""
    headers = {"Authorization": f"Bearer {tokens.pair(admin)['access']}"}

    def preview(content: bytes) -> requests.Response:
        return requests.post(
            f"{server_without_limits}{imports_url(acme)}/preview",
            headers=headers,
            files={"file": ("users", content)},
            timeout=60,
        )

    return preview


@pytest.fixture
def server_without_limits(start: Callable[..., ModuleProcess]) -> str:
    return serve(start, RATE_LIMIT_ENABLED="false")


def test_no_file_costs_a_web_process_much_memory_or_time(
    post: Post, server_without_limits: str
) -> None:
    ordinary = b"email,first_name,last_name\n" + b"ann@example.com,Ann,Lee\n" * 2
    for _ in range(8):  # both processes have served a request
        assert post(ordinary).status_code == 200
    web = WebProcesses(server_without_limits)
    assert len(web.pids) == 2
    faults = []
    print("\n| file | size | answer | seconds | memory of the web process above idle |")
    for name, (build, allowed) in FILES.items():
        content = build()
        web.forget_peaks()
        started, used = time.monotonic(), web.processor_seconds()
        answer = post(content)
        seconds, used = time.monotonic() - started, web.processor_seconds() - used
        code = "read" if answer.status_code == 200 else answer.json()["code"]
        megabytes = web.peak_above_idle()
        size = f"{len(content) / 1000:,.0f} kB"
        print(f"| {name} | {size} | `{code}` | {seconds:.1f} | {megabytes:.0f} MB |")
        if code not in allowed or used > MOST_SECONDS or megabytes > MOST_MEGABYTES:
            faults.append(f"{name}: {code}, {used:.1f} s, {megabytes:.0f} MB")
    assert not faults
    assert web._find() == web.pids
    assert all(len(children_of(pid)) <= 1 for pid in web.pids)
