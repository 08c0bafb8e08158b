"""Fixtures of the drill: those of the engine's tests that start a stack."""

from __future__ import annotations

from tests.imports.engine.conftest import own_valkey as own_valkey
from tests.imports.engine.conftest import processes as processes
from tests.imports.engine.conftest import stack_with_own_valkey as stack_with_own_valkey
from tests.imports.engine.support.databases import databases as databases
