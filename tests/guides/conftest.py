"""The stack that the guides are tried on."""

from tests.imports.engine.conftest import databases as databases
from tests.imports.engine.conftest import stack as stack
