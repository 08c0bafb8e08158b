"""Every regular expression on what a file holds takes time that is linear in its input."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import core
import imports.files
import imports.schema
import imports.validation
from imports.files import messages
from imports.files.delimited import dialect as delimiter
from imports.files.delimited import quoting
from tests.imports.files.helpers import HEADER, refusal_of, rows_of
from tests.paths import ROOT

PACKAGES = (core, imports.files, imports.schema, imports.validation)
LENGTH = 2_000
WORTH_MEASURING = 0.002  # seconds: what is faster is linear, or too fast to matter
SAMPLES = ["a", "A", "0", " ", "\t", "\n", "é", "\u0301", "\U0001f600", "x1f"]
METHODS = "search|match|fullmatch|findall|finditer|sub|split"


class Use(NamedTuple):
    """A pattern and the methods of it that the code calls."""

    pattern: re.Pattern[Any]
    methods: tuple[str, ...]


# --- the patterns -------------------------------------------------------------------------------


def source_files() -> list[Path]:
    names = ("core", "imports/files", "imports/schema", "imports/validation")
    return [path for name in names for path in (ROOT / name).rglob("*.py")]


SOURCE = "\n".join(path.read_text() for path in source_files())
CALLS = set(re.findall(rf"\b(\w+)\.({METHODS})\b", SOURCE))  # (name, method)


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def patterns_in(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The patterns in a value: itself, or those in a collection or a class."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | dict) and depth < 3:
        for one in value.values() if isinstance(value, dict) else value:
            yield from patterns_in(one, depth + 1)
    elif isinstance(value, type) and depth < 2:
        yield from patterns_in(dict(vars(value)), depth + 1)


def uses_in(name: str, value: Any) -> Iterator[Use]:
    """The patterns that a module global holds. Loops over collections call them `pattern`."""
    bound_to = getattr(value, "__self__", None)
    if isinstance(bound_to, re.Pattern):
        yield Use(bound_to, (value.__name__,))
        return
    named = {name} if isinstance(value, re.Pattern) else {"pattern", "PARTS"}
    methods = tuple(sorted({method for owner, method in CALLS if owner in named}))
    for pattern in patterns_in(value):
        yield Use(pattern, methods or tuple(METHODS.split("|")[:4]))


def compiled_later() -> Iterator[Use]:
    """The patterns that functions build for a delimiter."""
    for char in delimiter.DELIMITERS:
        padding = quoting.Padding(char)
        yield Use(padding.hint, ("search",))
        for pattern in (padding.closed, padding.opened, padding.rest_of_open, padding.plain):
            yield Use(pattern, ("match",))
        for opening, closing in quoting.OTHER_QUOTES:
            requote = quoting.Requote(char, opening, closing)
            yield Use(requote.opening, ("sub",))
            yield Use(requote.closing, ("sub",))
        yield Use(messages.cell_start_pattern(char), ("search",))


USES = {
    f"{module.__name__}.{name}.{use.pattern.pattern[:20]!r}": use
    for module in modules()
    for name, value in vars(module).items()
    for use in uses_in(name, value)
} | {f"later.{use.pattern.pattern!r}": use for use in compiled_later()}


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_patterns_are_compiled_where_this_module_finds_them(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    used = {
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute)
        and isinstance(call.value, ast.Name)
        and call.value.id == "re"
    }
    # core.characters looks for characters in a text of its own
    allowed = {"compile", "escape"} | ({"findall"} if path.name == "characters.py" else set())
    assert used <= allowed


# --- time ---------------------------------------------------------------------------------------


def units_of(pattern: re.Pattern[Any]) -> list[str]:
    """What adversarial inputs are made of: characters and words that a pattern mentions."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    words = re.findall(r"[A-Za-z=/!]{3,}", source)
    signs = [char for char in source if not char.isalnum()]
    return list(dict.fromkeys([*SAMPLES, *words[:6], *signs]))[:30]


def inputs_of(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Repetitions of one unit and of two, alone and after or before another one."""
    units = units_of(pattern)
    for one in units:
        run = one * (length // len(one))
        yield run
        for other in units:
            both = one + other
            yield both * (length // len(both))
            yield f"{other}{run}"
            yield f"{run}{other}"


def seconds_for(use: Use, text: str) -> float:
    """The time that the slowest of the methods takes."""
    subject: Any = text if isinstance(use.pattern.pattern, str) else text.encode()
    slowest = 0.0
    for name in use.methods:
        method = getattr(use.pattern, name)
        started = time.thread_time()
        method("", subject) if name == "sub" else method(subject)
        slowest = max(slowest, time.thread_time() - started)
    return slowest


def is_linear(use: Use, short: str, long: str) -> bool:
    """Whether the long text, twice the short one, takes less than about three times as long."""
    fastest = [min(seconds_for(use, text) for _ in range(5)) for text in (short, long)]
    return fastest[1] < 3 * fastest[0] + WORTH_MEASURING


@pytest.mark.parametrize("name", USES)
def test_twice_the_input_takes_about_twice_the_time(name: str) -> None:
    use = USES[name]
    shorter, longer = (inputs_of(use.pattern, length) for length in (LENGTH, 2 * LENGTH))
    for short, long in zip(shorter, longer, strict=True):
        if seconds_for(use, long) < WORTH_MEASURING:
            continue
        # Three attempts: on a busy machine one of them may be disturbed.
        assert any(is_linear(use, short, long) for _ in range(3)), repr(long[:40])


def test_the_check_finds_a_quadratic_pattern() -> None:
    quadratic = Use(re.compile(r"\[([^\]]*)\]"), ("sub",))
    # Several attempts: the clock of a busy machine changes between two measurements.
    assert not all(is_linear(quadratic, "[" * 8_000, "[" * 16_000) for _ in range(5))


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [12_000, 60_000, 110_000])
@pytest.mark.parametrize(
    "text", ["[", "[a", "[]", "(", "(required", "\u0316\u0301", "'", "@.", '" ']
)
def test_a_header_of_one_repeated_text_is_refused_at_once(text: str, count: int) -> None:
    started = time.thread_time()
    refusal = refusal_of(f"email,first_name,{text * (count // len(text))}\n")
    assert refusal.code in ("header_too_large", "csv_syntax", "missing_column")
    assert time.thread_time() - started < 0.5


def test_a_header_of_the_largest_length_is_read_and_a_longer_one_is_refused() -> None:
    row = "ann@example.com,Ann,Lee,x\n"
    assert rows_of(HEADER.replace("\n", f",{'x' * 1_000}\n") + row)
    refusal = refusal_of(HEADER.replace("\n", f",{'x' * 1_001}\n") + row)
    assert refusal.code == "header_too_large"
    assert "The header D1 has 1,001 characters; at most 1,000 are allowed" in refusal.detail


def test_a_mapping_of_very_long_headers_is_refused_at_once() -> None:
    started = time.thread_time()
    refusal = refusal_of(HEADER + "a@b.example,A,B\n", mapping={"email": "\u0316\u0301" * 200_000})
    assert refusal.code == "unknown_mapping"
    assert time.thread_time() - started < 0.5
