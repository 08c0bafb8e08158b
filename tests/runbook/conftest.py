"""The stacks that the runbook is tried on."""

from __future__ import annotations

import pytest

from tests.imports.engine.conftest import own_postgres as own_postgres
from tests.imports.engine.conftest import own_valkey as own_valkey
from tests.imports.engine.conftest import processes as processes
from tests.imports.engine.conftest import stack as stack
from tests.imports.engine.conftest import stack_with_own_postgres as stack_with_own_postgres
from tests.imports.engine.conftest import stack_with_own_valkey as stack_with_own_valkey
from tests.imports.engine.support.databases import databases as databases
from tests.imports.engine.support.stack import Stack
from tests.runbook.service import Service


@pytest.fixture
def service(stack: Stack) -> Service:
    """The whole service, which is well."""
    return Service(stack)
