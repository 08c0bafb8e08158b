"""Reads docs/runbook.md, and runs its blocks on a stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.imports.engine.support.stack import Stack
from tests.paths import ROOT

TEXT = (ROOT / "docs" / "runbook.md").read_text()


@dataclass(frozen=True, slots=True)
class Block:
    """A code block, and the heading that it stands under."""

    section: str
    language: str
    text: str


def blocks() -> list[Block]:
    """Gives all code blocks, in the order of the document."""
    found = []
    for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        section = part.partition("\n")[0]
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", part, re.MULTILINE | re.DOTALL):
            found.append(Block(section, language, text))
    return found


def run(stack: Stack, one: Block, **placeholders: Any) -> Any:
    """Runs a block with its placeholders filled in. Gives the rows of SQL, else what it printed.
    Raises AssertionError if a command fails, and psycopg.Error if a statement does."""
    text = one.text
    for name, value in placeholders.items():
        text = text.replace(name, str(value))
    if one.language == "sql":
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            cursor = db.execute(text)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []
    command = {
        "bash": ["sh", "-eu", "-c", text],
        "python": [sys.executable, "manage.py", "shell", "-c", text],
    }[one.language]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    finished = subprocess.run(
        command,
        cwd=ROOT,
        env=stack.environment(PATH=path),
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout
