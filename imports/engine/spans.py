"""Spans: named stretches of work in a trace.

Nothing is measured or sent unless an opener is set, which `marketedge.tracing` does where traces
are wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Value = str | int
Describe = Callable[..., None]
Opener = Callable[[str], AbstractContextManager[Describe]]


def _describe_nothing(**_: Value) -> None:
    """Takes the attributes of a span that nobody measures."""


def _open_nothing(_: str) -> AbstractContextManager[Describe]:
    return nullcontext(_describe_nothing)


_opener: Opener = _open_nothing


def use(opener: Opener) -> None:
    """Makes `span` call this function with the name of each span."""
    global _opener
    _opener = opener


def span(name: str) -> AbstractContextManager[Describe]:
    """A context manager for the work that belongs to the span. It gives a function that takes the
    attributes of the span as keyword arguments: ids and numbers, never personal data."""
    return _opener(name)
