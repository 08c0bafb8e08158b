"""A server that is away is a sentence and an exit status, not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.conftest import silent_server
from tests.paths import ROOT

AN_ID = "00000000-0000-4000-8000-000000000000"
COMMANDS = {
    "affected_imports": ["--since", "2026-01-01", "--until", "2026-01-02"],
    "block_uploads": ["192.0.2.0/24", "--reason", "test"],
    "cleanup_stuck_imports": [],
    "halt_imports": ["--reason", "test"],
    "purge_imports": [],
    "reprocess_import": [AN_ID],
    "reset_upload_limits": [AN_ID],
    "resume_imports": [],
    "unblock_uploads": ["192.0.2.0/24"],
    "undo_import": [AN_ID],
}


@pytest.fixture(scope="module")
def finished() -> dict[str, tuple[int, str]]:
    """The exit status of each command, and what it said. They wait for the database together."""
    with silent_server() as port, ExitStack() as started:
        url = f"postgres://user:secret@127.0.0.1:{port}/service?connect_timeout=1"
        processes = {
            name: started.enter_context(
                subprocess.Popen(
                    [sys.executable, "manage.py", name, *arguments],
                    cwd=ROOT,
                    env=os.environ | {"DATABASE_URL": url},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for name, arguments in COMMANDS.items()
        }
        said = {name: process.communicate()[1] for name, process in processes.items()}
        return {name: (process.returncode, said[name]) for name, process in processes.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_without_the_database(name: str, finished: dict[str, tuple[int, str]]) -> None:
    status, said = finished[name]
    assert status == 2
    assert "The database did not answer." in said
    assert "Traceback" not in said
    assert "secret" not in said
