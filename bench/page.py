"""Measures the page of an organisation in Chromium: from a file to its review, and scrolling it.

`BENCH_PAGE_ROUNDS` is the number of files, by default 5.
"""

from __future__ import annotations

import os
import shutil
from statistics import median
from time import perf_counter

from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from bench import fixtures, scrolling, service
from bench.report import Result

ROWS, ROUNDS = 5_000, int(os.environ.get("BENCH_PAGE_ROUNDS", 5))
WIDTH, HEIGHT = 1280, 800


def of_5000_rows(_: int) -> list[Result]:
    """All measurements, with the same browser and server."""
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
        scrolled = [scrolling.measured(browser, page, pace) for pace in scrolling.PACES]
        browser.close()
    return [_reviewed(seconds[1:]), *scrolled]


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


def _reviewed(seconds: list[float]) -> Result:
    low, high = min(seconds), max(seconds)
    return Result(
        measure=f"a file of {ROWS:,} rows is dropped, until its first rows are seen in the review",
        figure=f"{median(seconds):.2f} s",
        target="≤ 2 s",
        detail=f"{low:.2f} to {high:.2f} s in {len(seconds)} rounds; Chromium and the service on"
        " the same cores",
    )
