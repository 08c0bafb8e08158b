"""COPY in the background: its private parts of psycopg are checked at start."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import generators

from imports.engine.writing import copy_stream


def test_this_version_of_psycopg_has_all_that_is_needed() -> None:
    copy_stream.check()


def test_a_missing_function_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(generators, "copy_end")
    with pytest.raises(RuntimeError, match=r"has no psycopg\.generators\.copy_end\. Look at"):
        copy_stream.check()


def test_a_missing_attribute_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg, "Cursor", object)
    with pytest.raises(RuntimeError, match=r"has no psycopg\.Cursor\._results\. Look at"):
        copy_stream.check()
