"""Reads the code blocks of a document, and runs them as an operator of a stack does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.imports.engine.support.stack import Stack
from tests.paths import ROOT


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a document."""

    language: str
    text: str


class Guide:
    """A document below docs/. `known` are the values of its placeholders."""

    def __init__(self, name: str, stack: Stack, **known: Any) -> None:
        self.stack, self.known = stack, known
        self.text = (ROOT / "docs" / name).read_text()

    def blocks(self) -> list[Block]:
        """All code blocks, in the order of the document."""
        found = re.findall(r"^```(\w+)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        return [Block(language, text) for language, text in found]

    def does(self, words: str) -> Any:
        """Runs the only block that has these words; gives what it gives."""
        (one,) = [block for block in self.blocks() if words in block.text]
        return self.run(one)

    def run(self, one: Block) -> Any:
        """Runs a block with its placeholders filled in. Gives the rows of SQL, else what it
        printed."""
        text = one.text
        for name, value in self.known.items():
            text = text.replace(name, str(value))
        if one.language == "sql":
            with psycopg.connect(self.stack.database_url, autocommit=True) as db:
                cursor = db.execute(text)  # type: ignore[call-overload]
                return cursor.fetchall() if cursor.description else []
        command = {
            "bash": ["sh", "-eu", "-c", text],
            "python": [sys.executable, "manage.py", "shell", "-c", text],
        }[one.language]
        path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
        environment = self.stack.environment(PATH=path)
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
