"""The admin in a real browser (Debian's Chromium), with a real web server and a real worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect, sync_playwright

from imports.models import ImportBatch
from tests.imports.admin.helpers import at_the_admin, batch_page, confirm, upload
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, valid_rows
from users.models import Organisation, User

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt install chromium"),
]
expect.set_options(timeout=60_000)

Open = Callable[..., Page]
FILE = {"name": "people.csv", "mimeType": "text/csv"}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Chromium without a window."""
    # Playwright's loop runs in this thread: Django would take every query for an async one, and
    # opens a connection for the loop that nobody else closes.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()
        connections.close_all()


@pytest.fixture
def open_page(server: str, browser: Browser) -> Iterator[Open]:
    """open_page(user, path, width=…, color_scheme=…): a page for which nobody has to log in. In the
    end, no page may have complained to its console. (The server comes first, so that it is stopped
    last: it waits for the connections of the browser.)"""
    complaints: list[str] = []

    def open_(user: User, path: str, *, width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        cookie = at_the_admin(user).cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": server}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server + path)
        return page

    yield open_
    # Chromium notes each answer that is no success there, too: those are the tests' business.
    assert [one for one in complaints if not one.startswith("Failed to load resource")] == []


@pytest.fixture
def batch(admin: User, acme: Organisation) -> ImportBatch:
    """One that waits for a worker: 30 good rows and a bad one."""
    client = at_the_admin(admin)
    answer = confirm(client, upload(client, acme, csv_bytes([*valid_rows(30), INVALID_ROW])))
    return ImportBatch.objects.get(id=answer.url.split("/")[-3])


def fits(page: Page) -> bool:
    """Whether nobody has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def unnamed(page: Page) -> list[str]:
    """Fields that a screen reader could not name."""
    return list(
        page.evaluate(
            """[...document.querySelectorAll("#content input, #content select, #content textarea")]
            .filter(f => !["hidden", "submit"].includes(f.type))
            .filter(f => !f.labels?.length && !f.getAttribute("aria-label") && !f.title)
            .map(f => f.outerHTML)"""
        )
    )


def test_a_file_goes_the_whole_way_and_the_bar_moves_without_a_reload(
    open_page: Open, request: pytest.FixtureRequest, admin: User, acme: Organisation
) -> None:
    page = open_page(admin, "/admin/users/user/")
    page.click("a.import_link")
    page.set_input_files(
        "#id_import_file", {**FILE, "buffer": csv_bytes([*valid_rows(30), INVALID_ROW])}
    )
    page.click("input[value=Preview]")
    expect(page.locator("h1")).to_have_text("Preview of the import")
    expect(page.locator(".batch-tiles li").first).to_have_text("30 will be imported")
    page.click("input[value='Import 30 users']")

    expect(page.locator(".batch-badge")).to_have_text("Pending")
    bar = page.locator("[role=progressbar]")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    page.evaluate("window.neverReloaded = true")
    request.getfixturevalue("worker")

    expect(page.locator(".batch-badge")).to_have_text("Completed")
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(page.locator("[role=status]")).to_have_text("Partial import: 30 succeeded, 1 failed.")
    expect(page.locator("[data-field=successful_rows]")).to_have_text("30")
    expect(page.locator("#errors")).to_contain_text("Row errors")  # came with the end
    assert page.evaluate("window.neverReloaded") is True
    page.click("text=See the users created")
    expect(page.locator("#result_list tbody tr")).to_have_count(30)
    assert User.objects.filter(organisation=acme).count() == 31


def test_cancelling_ends_it_and_the_page_then_asks_no_more(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    page = open_page(admin, batch_page(batch))
    page.click("text=Cancel the import")
    expect(page.locator(".batch-badge")).to_have_text("Cancelled")
    expect(page.locator(".messagelist")).to_contain_text("The import is cancelled.")
    assert ImportBatch.objects.get().status == "cancelled"
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_a_page_whose_reader_is_logged_out_says_so(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    page = open_page(admin, batch_page(batch))
    page.context.clear_cookies()
    expect(page.locator(".batch-speed")).to_contain_text("You are logged out.")


def test_a_refused_file_is_explained_at_its_field_and_a_good_one_is_sent_once(
    open_page: Open, admin: User, acme: Organisation
) -> None:
    page = open_page(admin, "/admin/users/user/import/")
    page.set_input_files("#id_import_file", {**FILE, "buffer": b"a,b\n1,2\n"})
    with page.expect_response("**/import/") as answer:
        page.click("input[value=Preview]")
    assert answer.value.status == 400
    expect(page.locator(".errors .errorlist")).to_contain_text("The file has no columns for email")

    page.set_input_files("#id_import_file", {**FILE, "buffer": csv_bytes(valid_rows(3))})
    page.click("input[value=Preview]")
    page.wait_for_selector("[name=confirm]")
    sent: list[str] = []
    page.on("request", lambda one: one.method == "POST" and sent.append(one.url))
    page.evaluate(
        "const b = document.querySelector('[name=confirm]'); b.click(); b.click(); b.click();"
    )
    expect(page.locator(".batch-badge")).to_be_visible()
    assert len(sent) == 1
    assert ImportBatch.objects.count() == 1


def test_every_page_fits_its_window_and_names_its_fields(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    paths = ["/admin/", "/admin/users/user/import/", batch_page(batch)]
    paths += [f"/admin/{name}/" for name in ("users/user", "imports/importbatch")]
    for width, color_scheme in ((400, "light"), (1280, "dark")):
        page = open_page(admin, "/admin/", width=width, color_scheme=color_scheme)
        for path in paths:
            page.goto(page.url.partition("/admin")[0] + path)
            for details in page.locator("details:not([open]) > summary").all():
                if details.is_visible():
                    details.click()
            assert fits(page), (width, path)
            assert unnamed(page) == [], path
