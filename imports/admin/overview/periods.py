"""The periods of the overview, each with the steps of its chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A number of hours or days that ends now. Its first step began on the hour, or at midnight."""

    name: str  # the value in the URL
    label: str
    steps: int
    step: timedelta

    def starts(self, now: datetime) -> list[datetime]:
        """The start of each step, in UTC; that of the last one is before `now`."""
        now = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        last = now.replace(hour=0) if self.step == DAY else now
        return [last - self.step * back for back in reversed(range(self.steps))]

    def name_of(self, start: datetime) -> str:
        """A step below its bar: "27 Nov", "14:00"."""
        return f"{start:%H:%M}" if self.step == HOUR else f"{start.day} {start:%b}"


PERIODS = {
    "1": Period(name="1", label="24 hours", steps=24, step=HOUR),
    "7": Period(name="7", label="7 days", steps=7, step=DAY),
    "30": Period(name="30", label="30 days", steps=30, step=DAY),
}
DEFAULT = "7"
