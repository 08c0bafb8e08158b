"""Measures the page of an organisation in Chromium: from a file to its review, and scrolling it.

`BENCH_PAGE_ROUNDS` is the number of files, by default 5.
"""

from __future__ import annotations

import json
import os
import shutil
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench import fixtures, service
from bench.report import Result

ROWS, ROUNDS = 5_000, int(os.environ.get("BENCH_PAGE_ROUNDS", 5))
WIDTH, HEIGHT = 1280, 800
SCROLL_PIXELS_PER_SECOND = 8_000  # a quick turn of the wheel; 235 rows in a second
LONGEST_FRAME_MS = 50
# The time from one frame to the next, from the first until `stopFrames` is called.
COUNT_FRAMES = """() => { const times = []; let last, runs = true
  const note = (now) => { if (last !== undefined) times.push(now - last); last = now
    if (runs) requestAnimationFrame(note) }
  requestAnimationFrame(note)
  window.stopFrames = () => { runs = false; return times } }"""


def of_5000_rows(_: int) -> list[Result]:
    """Both measurements, with the same browser and server."""
    user = service.administrator()
    files = fixtures.make_files(*[ROWS] * (ROUNDS + 1))
    # Playwright runs an event loop in this thread. Django is done with the database before.
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    connections.close_all()
    with service.web() as url, sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = _open(browser, url, session)
        seconds = [_seconds_to_review(page, url, file) for file in files]
        frames, longest_task = _scroll(browser, page)
        browser.close()
    return [_reviewed(seconds[1:]), _scrolled(frames, longest_task)]


def _open(browser: Browser, url: str, session: str) -> Page:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    return context.new_page()


def _seconds_to_review(page: Page, url: str, file: bytes) -> float:
    """From the moment in which a file is dropped until its first rows are seen."""
    page.goto(url)
    page.get_by_role("button", name="Choose a file").wait_for()
    started = perf_counter()
    page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": file}
    )
    page.get_by_role("gridcell", name="@").first.wait_for(timeout=60_000)
    seconds = perf_counter() - started
    assert page.get_by_role("grid").get_attribute("aria-rowcount") == str(ROWS + 1)
    return seconds


def _scroll(browser: Browser, page: Page) -> tuple[list[float], float]:
    """Scrolls from the first row to the last. Gives the milliseconds from frame to frame, and of
    the longest task of the page's thread, which Chromium traces."""
    grid = page.get_by_role("grid")
    box = grid.bounding_box()
    assert box is not None
    pixels = grid.evaluate("grid => grid.scrollHeight - grid.clientHeight")
    protocol = page.context.new_cdp_session(page)
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.evaluate(COUNT_FRAMES)
    protocol.send(
        "Input.synthesizeScrollGesture",
        {
            "x": box["x"] + box["width"] / 2,
            "y": box["y"] + 100,
            "yDistance": -pixels,
            "speed": SCROLL_PIXELS_PER_SECOND,
            "gestureSourceType": "mouse",
        },
    )
    frames: list[float] = page.evaluate("window.stopFrames()")
    trace = json.loads(browser.stop_tracing())["traceEvents"]
    expect(page.get_by_role("row").last).to_have_attribute("aria-rowindex", str(ROWS + 1))
    return frames, _longest_task_ms(trace)


def _longest_task_ms(trace: list[dict[str, Any]]) -> float:
    """The longest task of the page's main thread, in milliseconds of the processor: what else the
    machine does is not in it."""
    tasks = [event for event in trace if "RunTask" in event.get("name", "") and "tdur" in event]
    threads = {
        (event["pid"], event["tid"])
        for event in trace
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    durations = [each["tdur"] / 1000 for each in tasks if (each["pid"], each["tid"]) in threads]
    return max(durations, default=0.0)


def _reviewed(seconds: list[float]) -> Result:
    low, high = min(seconds), max(seconds)
    return Result(
        measure=f"a file of {ROWS:,} rows is dropped, until its first rows are seen in the review",
        figure=f"{median(seconds):.2f} s",
        target="≤ 2 s",
        detail=f"{low:.2f} to {high:.2f} s in {len(seconds)} rounds; Chromium and the service on"
        " the same cores",
    )


def _scrolled(frames: list[float], longest_task: float) -> Result:
    hundredths = quantiles(frames, n=100)
    slow = sum(1 for each in frames if each > LONGEST_FRAME_MS)
    return Result(
        measure=f"scrolling through {ROWS:,} rows at {SCROLL_PIXELS_PER_SECOND:,} pixels a second,"
        " longest frame",
        figure=f"{max(frames):.0f} ms",
        target=f"≤ {LONGEST_FRAME_MS} ms",
        detail=f"{len(frames):,} frames, {slow} longer than {LONGEST_FRAME_MS} ms; median"
        f" {median(frames):.1f} ms, 95 % {hundredths[94]:.1f} ms, 99 % {hundredths[98]:.1f} ms;"
        f" longest task of the page {longest_task:.0f} ms of the processor;"
        f" {WIDTH} × {HEIGHT} pixels, drawn without a graphics card",
    )
