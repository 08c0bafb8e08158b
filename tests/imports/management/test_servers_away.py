"""A server that is away is a sentence and an exit status, not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("name", COMMANDS)
def test_without_the_database(name: str, silent_port: int) -> None:
    url = f"postgres://user:secret@127.0.0.1:{silent_port}/service?connect_timeout=1"
    finished = subprocess.run(
        [sys.executable, "manage.py", name, *COMMANDS[name]],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 2
    assert "The database did not answer." in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "secret" not in finished.stderr
