"""The admin in a real browser (Chromium), with a real web server and a real worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from playwright.sync_api import Browser, Page, expect

from imports.models import ImportBatch
from tests.browsers import CHROMIUM, chromium
from tests.imports.admin.helpers import (
    IMPORT_URL,
    INVALID_ROW,
    admin_client,
    batch_url,
    csv_bytes,
    start_import,
    valid_rows,
)
from users.models import Organisation, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt install chromium"),
]
expect.set_options(timeout=60_000)

Open = Callable[..., Page]
FILE = {"name": "people.csv", "mimeType": "text/csv"}


@pytest.fixture(scope="module")
def browser(shared_server: str) -> Iterator[Browser]:
    """One for all tests of this file."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_page(shared_server: str, browser: Browser) -> Iterator[Open]:
    """A function that opens a page as a user who is logged in: open_page(user, path, width=…).

    At the end of the test, no page may have logged an error to the console."""
    errors: list[str] = []

    def open_(user: User, path: str, *, width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        cookie = admin_client(user).cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": shared_server}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(shared_server + path)
        return page

    yield open_
    for context in browser.contexts:
        context.close()
    # Chromium also logs each answer with an error status. The tests check those themselves.
    assert [line for line in errors if not line.startswith("Failed to load resource")] == []


@pytest.fixture
def batch(admin: User, acme: Organisation) -> ImportBatch:
    """A pending batch of 30 valid rows and an invalid one."""
    return start_import(admin_client(admin), acme, csv_bytes([*valid_rows(30), INVALID_ROW]))


def fits_window(page: Page) -> bool:
    """Whether the page needs no horizontal scrolling."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def fields_without_label(page: Page) -> list[str]:
    """The HTML of form fields without a label, which a screen reader could not name."""
    return list(
        page.evaluate(
            """[...document.querySelectorAll("#content input, #content select, #content textarea")]
            .filter(f => !["hidden", "submit"].includes(f.type))
            .filter(f => !f.labels?.length && !f.getAttribute("aria-label") && !f.title)
            .map(f => f.outerHTML)"""
        )
    )


def test_a_file_is_imported_and_the_page_follows_without_a_reload(
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
    expect(page.locator("#errors")).to_contain_text("Row errors")  # inserted at the end
    assert page.evaluate("window.neverReloaded") is True
    page.click("text=View the created users")
    expect(page.locator("#result_list tbody tr")).to_have_count(30)
    assert User.objects.everywhere().filter(organisation=acme).count() == 31


@pytest.mark.parametrize("width", [1280, 360])
def test_the_second_encoding_of_a_preview_is_chosen_by_its_link(
    open_page: Open, admin: User, width: int
) -> None:
    content = "email;first_name;last_name\nz@new.example;Łukasz;Żółć\n".encode("windows-1250")
    page = open_page(admin, IMPORT_URL, width=width)
    page.set_input_files("#id_import_file", {**FILE, "buffer": content})
    page.click("input[value=Preview]")
    readings = page.get_by_role("region", name="The encoding is a guess").locator("tr")
    expect(readings).to_have_count(2)
    expect(readings.first).to_contain_text("windows-1250")
    expect(readings.first).to_contain_text("Łukasz")
    assert fits_window(page)
    second = readings.nth(1).locator("th").inner_text()
    readings.nth(1).locator("a").click()
    expect(page.locator("#id_encoding")).to_be_visible()
    expect(page.locator("#id_encoding")).to_have_value(second)


def test_the_page_of_a_cancelled_import_sends_no_more_requests(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    page = open_page(admin, batch_url(batch))
    page.click("text=Cancel the import …")
    expect(page.locator(".batch-confirm")).to_contain_text("31 rows are not processed yet")
    page.click(".batch-confirm input[value='Cancel the import']")
    expect(page.locator(".batch-badge")).to_have_text("Cancelled")
    expect(page.locator(".messagelist")).to_contain_text("The import is cancelled.")
    assert ImportBatch.objects.everywhere().get().status == "cancelled"
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.wait_for_timeout(2500)  # the script waits for two seconds between requests
    assert sent == []


def test_a_page_says_that_its_user_is_logged_out(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    page = open_page(admin, batch_url(batch))
    page.context.clear_cookies()
    expect(page.locator(".batch-speed")).to_contain_text("You are logged out.")


def test_a_refused_file_is_explained_at_its_field_and_a_form_is_sent_once(
    open_page: Open, admin: User, acme: Organisation
) -> None:
    page = open_page(admin, IMPORT_URL)
    page.set_input_files("#id_import_file", {**FILE, "buffer": b"a,b\n1,2\n"})
    with page.expect_response("**/import/") as answer:
        page.click("input[value=Preview]")
    assert answer.value.status == 400
    expect(page.locator(".errors .errorlist")).to_contain_text("The file has no columns for email")

    page.set_input_files("#id_import_file", {**FILE, "buffer": csv_bytes(valid_rows(3))})
    page.click("input[value=Preview]")
    page.wait_for_selector("[name=confirm]")
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.evaluate(
        "const b = document.querySelector('[name=confirm]'); b.click(); b.click(); b.click();"
    )
    expect(page.locator(".batch-badge")).to_be_visible()
    assert len(sent) == 1
    assert ImportBatch.objects.everywhere().count() == 1


def test_every_page_fits_its_window_and_labels_its_fields(
    open_page: Open, admin: User, batch: ImportBatch
) -> None:
    paths = ["/admin/", IMPORT_URL, batch_url(batch)]
    paths += [f"/admin/{name}/" for name in ("users/user", "imports/importbatch")]
    for width, color_scheme in ((400, "light"), (1280, "dark")):
        page = open_page(admin, "/admin/", width=width, color_scheme=color_scheme)
        for path in paths:
            page.goto(page.url.partition("/admin")[0] + path)
            for details in page.locator("details:not([open]) > summary").all():
                if details.is_visible():
                    details.click()
            assert fits_window(page), (width, path)
            assert fields_without_label(page) == [], path


def test_no_page_breaks_its_content_security_policy(
    open_page: Open, admin: User, root: User, batch: ImportBatch
) -> None:
    """Chromium writes to the console what the policy refuses, which `open_page` then finds."""
    admin_client(root)
    names = [model._meta.label_lower.replace(".", "/") for model in site._registry]
    paths = ["/admin/", IMPORT_URL, "/admin/users/user/export/", batch_url(batch)]
    paths += [f"/admin/users/user/{admin.pk}/{page}/" for page in ("change", "history", "delete")]
    paths += [f"/admin/{name}/" for name in names] + ["/admin/password_change/"]
    with_errors = [f"/admin/{name}/add/" for name in names]  # 403 where nothing can be added
    with_errors += ["/nothing", "/api/v1/nothing"]
    page = open_page(root, "/admin/")
    server = page.url.removesuffix("/admin/")
    for path in with_errors:
        page.goto(server + path)
    for path in [*paths, "/api/v1/docs"]:
        answer = page.goto(server + path)
        assert answer is not None
        assert answer.status == 200, path
    page.wait_for_selector("#swagger-ui .opblock")  # the page of the API works


def test_the_pages_of_the_admin_work_under_the_policy(
    open_page: Open, root: User, acme: Organisation
) -> None:
    page = open_page(root, "/admin/users/user/export/")
    page.uncheck("text=Phone")
    with page.expect_download() as download:
        page.click("input[type=submit]")
    header = download.value.path().read_text().partition("\n")[0]
    assert "email" in header
    assert "phone" not in header
    page.goto(page.url.replace("user/export/", "apikey/add/"))
    page.click(".field-organisation .select2-selection")
    expect(page.locator(".select2-results__option").first).to_have_text(str(acme))
    page.keyboard.press("Escape")
    page.click(".datetimeshortcuts a >> nth=0")
    expect(page.locator("#id_expires_at_0")).not_to_have_value("")
    page.goto(page.url.replace("apikey/add/", "user/"))
    page.click("#changelist-filter >> text=Platform staff")
    expect(page.locator("#changelist-filter .selected >> text=Platform staff")).to_be_visible()
    page.check("#action-toggle")
    expect(page.locator(".action-counter")).to_contain_text("1 of 1 selected")
