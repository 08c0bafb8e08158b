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


PLACEHOLDERS = [
    name
    for names in re.findall(r"^\| (`[A-Z_`, ]+`) \|", TEXT, re.MULTILINE)
    for name in re.findall(r"\w+", names)
]


def run(stack: Stack, one: Block, **placeholders: Any) -> Any:
    """Runs a block with its placeholders filled in. Gives the rows of SQL, else what it printed.
    Raises AssertionError if a command fails, and psycopg.Error if a statement does."""
    text = filled(one, placeholders)
    if one.language == "sql":
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            cursor = db.execute(text)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []
    finished = execute(stack, one, text)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def execute(stack: Stack, one: Block, text: str) -> subprocess.CompletedProcess[str]:
    """Runs commands or Python code as an operator of the stack does."""
    command = {
        "bash": ["sh", "-eu", "-c", text],
        "python": [sys.executable, "manage.py", "shell", "-c", text],
    }[one.language]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=ROOT,
        env=stack.environment(PATH=path),
        capture_output=True,
        text=True,
        check=False,
    )


def filled(one: Block, placeholders: dict[str, Any]) -> str:
    """The text of a block with its placeholders filled in. Fails if one is not known."""
    text = one.text
    for name, value in placeholders.items():
        text = text.replace(name, str(value))
    missing = [name for name in PLACEHOLDERS if name in text]
    assert not missing, f"nothing has told {missing} of {one}"
    return text


class OnCall:
    """Somebody who knows of the service only what is in the runbook, and what its blocks printed.

    `known` are the values of placeholders that they have read so far."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.known = stack, dict[str, Any]()

    def does(self, section: str, words: str) -> Any:
        """Runs the only block of a section that has these words; gives what it gives."""
        return run(self.stack, _block(section, words), **self.known)

    def checks(self) -> dict[str, str]:
        """Runs the daily check; gives the lines that are not OK, by the first word of the check."""
        one = _block("Daily", "check_imports")
        finished = execute(self.stack, one, filled(one, self.known))
        lines = [line.split(None, 1) for line in finished.stdout.splitlines()]
        bad = [rest for level, rest in lines if level != "OK"]
        expected = max([{"WARNING": 1, "CRITICAL": 2}.get(level, 0) for level, _ in lines])
        assert finished.returncode == expected, finished.stdout + finished.stderr
        return {line.split()[0]: line for line in bad}


def _block(section: str, words: str) -> Block:
    found = [one for one in blocks() if one.section == section and words in one.text]
    assert len(found) == 1, f"{len(found)} blocks of {section} have {words}"
    return found[0]
