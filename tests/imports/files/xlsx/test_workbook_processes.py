"""Workbooks are read in child processes: what happens to a child does not happen to its parent."""

from __future__ import annotations

import gc
import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from imports import files
from imports.errors import WorkbookReaderBusy, WorkbookTooExpensive
from imports.files.xlsx import processes
from tests.imports.files.helpers import LARGE_LIMITS, open_file, refusal_of, rows_of
from tests.imports.files.xlsx.workbook_builder import many_rows, row_xml, with_rows, with_strings
from tests.paths import ROOT
from tests.process_helpers import wait_for

MEBIBYTE = 1_048_576
SMALL = with_rows(row_xml(2, "ann@example.com"))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.fixture
def launcher() -> processes.Launcher:
    """The launcher of this process, which runs."""
    return processes._launchers().get()


def only_child(launcher: processes.Launcher) -> int:
    """The process that reads a workbook at the moment."""
    (child,) = children_of(launcher.process.pid)
    return child


# --- the two workbooks of the review, and others like them --------------------------------------


def far_cell(cell: str) -> bytes:
    return with_rows(row_xml(2, "a") + f"<row>{cell}</row>")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="XFD1048576" foo="></c" t="n"><v>1</v></c>',
        '<c r="XFD3000"><v>1</v></c>',
        "<c r='XFD3000' t='inlineStr'><is><t>x</t></is></c>",
    ],
)
def test_a_far_column_costs_this_process_nothing(cell: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal = refusal_of(far_cell(cell))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal.code in ("too_many_columns", "broken_workbook")
    assert after - before < 8 * 1024  # KiB
    assert rows_of(SMALL) == [(2, ["ann@example.com", "2", ""])]


def test_a_far_row_is_named_though_its_child_could_not_load_it() -> None:
    refusal = refusal_of(far_cell('<c r="GR1048576"><v>1</v></c>'))
    assert (refusal.code, refusal.status) == ("uncompressed_too_large", 413)
    assert "row 1,048,576 and column 200" in refusal.detail


def test_a_long_text_that_many_cells_share_counts_for_each_of_them() -> None:
    rows = "".join(row_xml(number, "0", "s") for number in range(2, 4_002))
    data = with_strings(["x" * 300_000], rows)
    assert len(data) < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal = refusal_of(data, limits=LARGE_LIMITS)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (refusal.code, refusal.status) == ("uncompressed_too_large", 413)
    assert "more than 100 MiB of text" in refusal.detail
    assert after - before < 8 * 1024


def test_short_texts_that_many_cells_share_count_as_well() -> None:
    rows = "".join(row_xml(number, "0", "s") for number in range(2, 202))
    limits = files.Limits(max_workbook_bytes=MEBIBYTE)
    refusal = refusal_of(with_strings(["x" * 9_000], rows), limits=limits)
    assert refusal.code == "uncompressed_too_large"


def test_a_row_of_a_workbook_may_be_as_long_as_a_row_of_a_text_file() -> None:
    letters = [
        f"{first}{second}" for first in ("A", "B") for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ]
    cells = "".join(f'<c r="{column}2" t="s"><v>0</v></c>' for column in letters)
    data = with_strings(["x" * 9_000], f'<row r="2">{cells}</row>')
    assert refusal_of(data).code == "record_too_long"


# --- limits ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow_workbook() -> bytes:
    """A workbook with an error, so that an XML parser has to go through all of its cells."""
    rows = (row_xml(number, f"user{number}@example.com") for number in range(3, 150_003))
    return with_rows(row_xml(2, "#N/A", "e") + "".join(rows))


@pytest.fixture(scope="module")
def large_workbook() -> bytes:
    """A workbook that spans 8,000,000 cells. Loading it takes about 190 MB."""
    return with_rows('<row r="40000"><c r="GR40000"><v>1</v></c></row>')


@pytest.mark.parametrize(
    ("workbook", "limit"),
    [
        (
            "large_workbook",
            {"workbook_memory_bytes": 128 * MEBIBYTE, "max_workbook_cells": 10_000_000},
        ),
        ("slow_workbook", {"workbook_cpu_seconds": 1}),
        ("slow_workbook", {"workbook_seconds": 0.05}),
    ],
)
def test_a_workbook_that_exceeds_a_limit_is_refused(
    workbook: str, limit: dict[str, float], request: pytest.FixtureRequest
) -> None:
    limits = files.Limits(max_rows=10**6, **limit)  # type: ignore[arg-type]
    started = time.monotonic()
    refusal = refusal_of(request.getfixturevalue(workbook), limits=limits)
    assert isinstance(refusal, WorkbookTooExpensive)
    assert refusal.status == 400
    assert "CSV (UTF-8)" in refusal.detail
    assert time.monotonic() - started < limits.workbook_seconds + 2


def test_a_child_gets_no_other_descriptor_and_no_environment(launcher: processes.Launcher) -> None:
    with closing(open_file(SMALL)):
        child = Path("/proc") / str(only_child(launcher))
        assert b"SECRET_KEY" not in (child / "environ").read_bytes()
        targets = [os.readlink(path) for path in (child / "fd").iterdir()]
        assert sum("socket:" in target for target in targets) == 1
        assert sum("null" not in target for target in targets) == 2  # and the workbook


# --- deaths ------------------------------------------------------------------------------------


def test_a_child_that_is_killed_while_it_sends_rows_ends_in_a_refusal(
    launcher: processes.Launcher,
) -> None:
    with closing(open_file(many_rows(60_000))) as reading:
        records = reading.records()
        next(records)
        os.kill(only_child(launcher), signal.SIGKILL)
        with pytest.raises(WorkbookTooExpensive):
            list(records)
    assert rows_of(SMALL)


def test_a_launcher_that_was_killed_is_started_again(launcher: processes.Launcher) -> None:
    os.kill(launcher.process.pid, signal.SIGKILL)
    launcher.process.wait()
    assert rows_of(SMALL)
    assert processes._launchers().get().process.pid != launcher.process.pid


def test_a_workbook_is_read_to_its_end_without_the_launcher(launcher: processes.Launcher) -> None:
    with closing(open_file(many_rows(5_000))) as reading:
        os.kill(launcher.process.pid, signal.SIGKILL)
        launcher.process.wait()
        assert len(list(reading.records())) == 5_000


def test_a_launcher_that_can_not_be_started_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    processes._launchers().get().close()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(WorkbookReaderBusy) as refused:
        rows_of(SMALL)
    assert refused.value.status == 503
    assert int(refused.value.headers()["Retry-After"]) > 0
    monkeypatch.undo()
    assert rows_of(SMALL)


READ_AND_WAIT = """
import sys
from imports import files
limits = files.Limits(max_rows=10**6, workbook_cpu_seconds=60, workbook_seconds=60)
reading = files.read(open(sys.argv[1], "rb"), filename="", limits=limits)
next(reading.records())
print("reading", flush=True)
sys.stdin.read()
"""


def test_no_process_survives_the_one_that_reads(tmp_path: Path) -> None:
    workbook = tmp_path / "users.xlsx"
    workbook.write_bytes(many_rows(60_000))
    command = [sys.executable, "-c", READ_AND_WAIT, str(workbook)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes, text=True) as reader:  # type: ignore[call-overload]
        assert reader.stdout.readline() == "reading\n"
        (launcher,) = children_of(reader.pid)
        (child,) = children_of(launcher)
        reader.kill()
    wait_for(lambda: not Path(f"/proc/{launcher}").exists() and not Path(f"/proc/{child}").exists())


def test_a_fork_of_this_process_reads_with_a_launcher_of_its_own() -> None:
    assert rows_of(SMALL)
    pid = os.fork()
    if not pid:
        try:
            status = 0 if rows_of(SMALL) else 1
        except BaseException:
            status = 2
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert rows_of(SMALL)


# --- several at the same time ------------------------------------------------------------------


@pytest.fixture
def short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()  # ends the children of workbooks that other tests have not closed
    monkeypatch.setattr(processes, "_QUEUE_SECONDS", 0.05)


def test_further_workbooks_wait_and_are_then_refused_for_a_while(short_queue: None) -> None:
    held = [open_file(SMALL) for _ in range(processes.MAX_CHILDREN)]
    with pytest.raises(WorkbookReaderBusy):
        open_file(SMALL)
    held.pop().close()
    assert rows_of(SMALL)
    for reading in held:
        reading.close()


@pytest.mark.parametrize(
    "leave",
    [
        lambda: list(open_file(SMALL).records()),
        lambda: next(open_file(many_rows(5_000)).records()),
        lambda: refusal_of(with_rows("")),
        lambda: refusal_of(SMALL, mapping={"email": "no such column"}),
        lambda: refusal_of(SMALL, sheet="no such sheet"),
        lambda: refusal_of(many_rows(50), limits=files.Limits(max_rows=10)),
    ],
    ids=["read", "left unread", "no rows", "no column", "no sheet", "too many rows"],
)
def test_every_way_to_leave_a_workbook_makes_room_for_the_next(
    leave: Callable[[], object], short_queue: None, launcher: processes.Launcher
) -> None:
    for _ in range(2 * processes.MAX_CHILDREN):
        leave()
    wait_for(lambda: not children_of(launcher.process.pid))


def test_twenty_workbooks_at_once_are_read_by_two_children(launcher: processes.Launcher) -> None:
    data, counts, most = many_rows(2_000), [], 0

    def read() -> None:
        counts.append(len(rows_of(data)))

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(children_of(launcher.process.pid)))
        threads[-1].join(timeout=0.01)  # leaves the processor to the threads that read
    assert counts == [2_000] * 20
    assert 0 < most <= processes.MAX_CHILDREN


# --- rows -----------------------------------------------------------------------------------------


def test_rows_are_given_from_the_start_at_each_call() -> None:
    with closing(open_file(many_rows(30_000))) as reading:
        interrupted = reading.records()
        assert next(interrupted)[0] == 2
        assert [number for number, _ in reading.records()] == list(range(2, 30_002))
        assert len(list(reading.records())) == 30_000


@pytest.fixture
def spooled() -> Iterator[io.BufferedIOBase]:
    with closing(io.BytesIO(SMALL)) as file:
        yield file


def test_the_position_of_the_file_does_not_matter(spooled: io.BytesIO) -> None:
    spooled.seek(0, 2)
    with closing(files.read(spooled, filename="", limits=LARGE_LIMITS)) as reading:
        assert len(list(reading.records())) == 1
