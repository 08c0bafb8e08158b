"""Measures how smoothly the grid of the review scrolls, at a person's paces and at a faster one.

The processor's time of a task of the page says what the page costs. What else the machine does is
in the time from frame to frame, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from time import perf_counter, sleep
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from bench.report import Result

SECONDS = 10
WHEEL_PIXELS, WHEEL_STEPS_PER_SECOND = 120, 10
PAGES_PER_SECOND = 4
PIXELS_PER_SECOND = 8_000  # 235 rows
LONGEST_MS = 50
# The time from one frame to the next, from the first until `stopFrames` is called.
COUNT_FRAMES = """() => { const times = []; let last, runs = true
  const note = (now) => { if (last !== undefined) times.push(now - last); last = now
    if (runs) requestAnimationFrame(note) }
  requestAnimationFrame(note)
  window.stopFrames = () => { runs = false; return times } }"""
# What dragging the bar of the scroll does, without the bar.
DRAG = """grid => new Promise(done => {
  const start = performance.now(), all = grid.scrollHeight - grid.clientHeight
  const step = () => { const part = Math.min(1, (performance.now() - start) / 5000)
    grid.scrollTop = part * all
    if (part < 1) requestAnimationFrame(step); else setTimeout(done, 300) }
  requestAnimationFrame(step) })"""


def _wheel(page: Page, grid: Locator) -> None:
    grid.hover()
    _repeat(WHEEL_STEPS_PER_SECOND, lambda: page.mouse.wheel(0, WHEEL_PIXELS))


def _page_down(page: Page, grid: Locator) -> None:
    grid.get_by_role("gridcell").nth(3).click()
    _repeat(PAGES_PER_SECOND, lambda: page.keyboard.press("PageDown"))


def _drag(_: Page, grid: Locator) -> None:
    grid.evaluate(DRAG)


def _gesture(page: Page, grid: Locator) -> None:
    box = grid.bounding_box()
    assert box is not None
    gesture = {
        "x": box["x"] + box["width"] / 2,
        "y": box["y"] + 100,
        "yDistance": -grid.evaluate("grid => grid.scrollHeight - grid.clientHeight"),
        "speed": PIXELS_PER_SECOND,
        "gestureSourceType": "mouse",
    }
    page.context.new_cdp_session(page).send("Input.synthesizeScrollGesture", gesture)


PACES: dict[str, Callable[[Page, Locator], None]] = {
    f"{WHEEL_STEPS_PER_SECOND} steps of the wheel a second": _wheel,
    f"{PAGES_PER_SECOND} pages by the keyboard a second": _page_down,
    "a drag of the bar from top to bottom in 5 s": _drag,
    f"{PIXELS_PER_SECOND:,} pixels a second": _gesture,
}


def measured(browser: Browser, page: Page, pace: str) -> Result:
    """Scrolls the grid from its first row at a pace of `PACES`."""
    grid = page.get_by_role("grid")
    grid.evaluate("grid => { grid.scrollTop = 0 }")
    page.get_by_role("row").nth(1).and_(page.locator("[aria-rowindex='2']")).wait_for()
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.evaluate(COUNT_FRAMES)
    PACES[pace](page, grid)
    frames: list[float] = page.evaluate("window.stopFrames()")
    tasks = _tasks_ms(json.loads(browser.stop_tracing())["traceEvents"])
    return _result(pace, frames, tasks)


def _repeat(times_per_second: int, act: Callable[[], None]) -> None:
    started = perf_counter()
    for count in range(1, SECONDS * times_per_second + 1):
        act()
        sleep(max(0.0, started + count / times_per_second - perf_counter()))


def _tasks_ms(trace: list[dict[str, Any]]) -> list[float]:
    """The tasks of the page's main thread, in milliseconds of the processor."""
    threads = {
        (event["pid"], event["tid"])
        for event in trace
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] / 1000
        for event in trace
        if "RunTask" in event.get("name", "")
        and "tdur" in event
        and (event["pid"], event["tid"]) in threads
    ]


def _result(pace: str, frames: list[float], tasks: list[float]) -> Result:
    slow = sum(1 for each in frames if each > LONGEST_MS)
    long = sum(1 for each in tasks if each > LONGEST_MS)
    return Result(
        measure=f"scrolling through 5,000 rows, {pace}: longest task of the page",
        figure=f"{max(tasks, default=0.0):.0f} ms",
        target=f"≤ {LONGEST_MS} ms",
        detail=f"of the processor; {long} tasks longer than {LONGEST_MS} ms, {sum(tasks):,.0f} ms"
        f" in all; {len(frames):,} frames, median {median(frames):.0f} ms, longest"
        f" {max(frames):.0f} ms, {slow} longer than {LONGEST_MS} ms",
    )
