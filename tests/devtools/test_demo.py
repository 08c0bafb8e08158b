"""script/demo as a user runs it, in a folder that only its owner can enter, with a space in its
name."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from devtools import virtualenv
from devtools.servers import free_port
from tests.process_helpers import Checkout, next_line, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not virtualenv.is_installed("local"), reason="run through script/test, which makes .venv"
    ),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the checkout. Its processes are killed when the test ends."""
    tmp_path.chmod(0o700)
    copy = Checkout(tmp_path / "a folder")
    yield copy
    copy.close()


def test_once_imports_the_sample_as_expected_twice_in_a_row(checkout: Checkout) -> None:
    port = str(free_port())
    for _ in range(2):
        demo = checkout.script("demo", "--once", PORT=port)
        output, errors = demo.communicate()
        assert errors == ""
        assert output.endswith("As expected.\n")
        assert demo.returncode == 0
        assert checkout.processes() == []


def test_once_prints_the_differences_to_the_expected_outcome_and_fails(
    checkout: Checkout,
) -> None:
    file = checkout.folder / "samples" / "users.expected.json"
    expected = json.loads(file.read_text())
    expected["skipped_rows"] += 1
    row = expected["errors"].pop(0)["row_number"]
    file.write_text(json.dumps(expected))
    demo = checkout.script("demo", "--once", PORT=str(free_port()))
    output = demo.communicate()[0]
    skipped = expected["skipped_rows"]
    assert f"skipped_rows is {skipped - 1}, not {skipped}" in output
    assert f"row {row} has an unexpected error" in output
    assert demo.returncode == 1


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_demo_serves_until_a_signal_and_leaves_no_process(
    checkout: Checkout, signum: int, status: int
) -> None:
    port = free_port()
    demo = checkout.script("demo", PORT=str(port))
    while (printed := next_line(demo)) != "Ctrl-C stops everything.":
        assert printed or demo.poll() is None, demo.communicate()[1]
    with urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert answer.status == 200
    again = checkout.script("demo", PORT=str(port))
    assert f"runs already: http://127.0.0.1:{port}" in again.communicate()[1]
    demo.send_signal(signum)
    assert demo.wait() == status
    wait_for(lambda: checkout.processes() == [])


def test_when_a_process_fails_the_demo_prints_its_log_and_ends(
    checkout: Checkout,
) -> None:
    (checkout.folder / "celery_app.py").write_text("raise RuntimeError('broken on purpose')\n")
    demo = checkout.script("demo", PORT=str(free_port()))
    assert "broken on purpose" in demo.communicate()[1]
    assert demo.returncode == 1
    assert checkout.processes() == []
