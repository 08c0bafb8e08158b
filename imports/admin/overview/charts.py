"""Charts as SVG, made by the server: bars of stacked parts, and bars that lie beside their names.

The functions only compute: the templates `admin/imports/chart_*.html` draw what they give. Colours
are classes of the stylesheet. Each chart has its numbers as a table as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT = 56, 20  # room for the numbers of the axis, and for half a name of the last column
TOP, BOTTOM = 12, 28  # room for the names of the columns
GAP = 0.25  # of the width of a column
MOST_NAMES = 8  # below the columns
LINES = 4  # of the grid
SMALLEST = 1.5  # height of a part that is not 0: one of 10,000 has to be seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a column, or a bar: a number with the list that it counts."""

    kind: str  # the class that gives the colour
    label: str
    number: int
    url: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0

    @property
    def text(self) -> str:
        """The number with thousands separators."""
        return f"{self.number:,}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of the chart, and a row of its table."""

    name: str
    title: str  # the name in full, for the table
    parts: list[Part]
    x: float = 0
    is_named: bool = True  # below the column; there is no room for all names

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return sum(part.number for part in self.parts)

    @property
    def text(self) -> str:
        """The sum with thousands separators."""
        return f"{self.total:,}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the grid with its number."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StackedChart:
    """What `chart_stacked.html` draws."""

    title: str
    description: str
    columns: list[Column]
    lines: list[Line]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    baseline: int = HEIGHT - BOTTOM


def stacked(title: str, columns: Sequence[Column]) -> StackedChart:
    """Columns of stacked parts. All columns have the same parts."""
    step = step_of(max((column.total for column in columns), default=0))
    room, pitch = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    every = -(-len(columns) // MOST_NAMES)
    placed = [
        _placed(column, LEFT + pitch * index, pitch, room / (step * LINES))
        for index, column in enumerate(columns)
    ]
    return StackedChart(
        title=title,
        description=_summary(columns),
        columns=[
            replace(column, is_named=(len(columns) - 1 - index) % every == 0)
            for index, column in enumerate(placed)
        ],
        lines=[
            Line(y=round(HEIGHT - BOTTOM - room * n / LINES, 1), text=f"{step * n:,}")
            for n in range(LINES + 1)
        ],
    )


def step_of(largest: int) -> int:
    """The number at the first line of the grid: a round one, so that LINES of them reach the
    largest number."""
    unit = 1
    while True:
        for tenths in (10, 15, 20, 25, 30, 40, 50, 75):
            step, rest = divmod(unit * tenths, 10)
            if not rest and step * LINES >= largest:
                return step
        unit *= 10


def _placed(column: Column, x: float, pitch: float, scale: float) -> Column:
    y, parts = float(HEIGHT - BOTTOM), []
    for part in column.parts:
        height = max(part.number * scale, SMALLEST) if part.number else 0
        y -= height
        place: dict[str, Any] = {
            "x": x + pitch * GAP / 2,
            "y": y,
            "width": pitch * (1 - GAP),
            "height": height,
        }
        parts.append(replace(part, **{name: round(value, 1) for name, value in place.items()}))
    return replace(column, parts=parts, x=round(x + pitch / 2, 1))


def _summary(columns: Sequence[Column]) -> str:
    """The chart in a sentence, for those who do not see it."""
    total = sum(column.total for column in columns)
    if not total:
        return "There are none."
    highest = max(columns, key=lambda column: column.total)
    return f"{total:,} in all, the most, {highest.total:,}, at {highest.title}. The table follows."


@dataclass(frozen=True, kw_only=True, slots=True)
class BarChart:
    """What `chart_bars.html` draws."""

    title: str
    bars: list[Part]


def bars(title: str, parts: Sequence[Part]) -> BarChart:
    """Bars whose widths are per cent of the longest."""
    longest = max((part.number for part in parts), default=0)
    return BarChart(
        title=title,
        bars=[
            replace(part, width=round(max(100 * part.number / longest, 0.5), 1)) for part in parts
        ],
    )
