"""What `manage.py halt_imports` and `resume_imports` print; a dry run changes nothing.

tests/imports/engine/test_halt.py shows what a halt does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from imports.models import ImportBatch, ImportHalt
from tests.imports.management.helpers import output_of
from users.models import Organisation

pytestmark = pytest.mark.django_db


def answer(command: str, *arguments: str) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(output_of(command, *arguments, "--json"))
    return answered


def test_a_dry_run_says_what_would_be_halted_and_changes_nothing(acme: Organisation) -> None:
    ImportBatch.objects.create(organisation=acme, filename="u.csv")
    text = output_of("halt_imports", "--reason", "a flood", "--dry-run")
    assert text == "Would halt 1 import, and uploads.\n"
    assert output_of("resume_imports", "--dry-run") == "Imports are not halted.\n"
    assert not ImportHalt.objects.exists()


def test_a_script_can_read_what_holds() -> None:
    halted = answer("halt_imports", "--reason", "a flood")
    assert (halted["halted"], halted["changed"], halted["reason"]) == (True, True, "a flood")
    again = answer("halt_imports", "--reason", "another")
    assert (again["halted"], again["changed"], again["reason"]) == (True, False, "a flood")
    planned = answer("resume_imports", "--dry-run")
    assert (planned["halted"], planned["changed"]) == (True, False)
    assert "Would end the halt" in output_of("resume_imports", "--dry-run")
    resumed = answer("resume_imports")
    assert (resumed["halted"], resumed["changed"]) == (False, True)
    assert answer("resume_imports")["changed"] is False
