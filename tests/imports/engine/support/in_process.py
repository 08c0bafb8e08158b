"""Runs of a batch in the process of the test, step by step."""

from __future__ import annotations

from django.test import override_settings

from imports.engine import failpoints


def never() -> bool:
    """A `stop` that lets the run go on to the end."""
    return False


def always() -> bool:
    """A `stop` that ends the run after one chunk."""
    return True


def injected_faults(faults: str) -> override_settings:
    """Sets the faults of this process (imports/engine/failpoints.py), counted from here."""
    failpoints.reset()
    return override_settings(FAILPOINTS=lambda: faults, IMPORT_TAKEOVER_SECONDS=0)
