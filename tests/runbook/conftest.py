"""The stack that the runbook is tried on."""

from tests.imports.engine.conftest import databases as databases
from tests.imports.engine.conftest import stack as stack
