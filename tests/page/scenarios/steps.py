"""The steps of an administrator on the page: drop a file, look at rows, mend cells, import."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from imports.models import ReviewRow
from tests.imports.api.helpers import csv_bytes
from tests.page.helpers import wait_until_loaded

HEADERS = ("E-mail", "First name", "Last name", "Role", "Department")
API = re.compile(r"/api/v1/organizations/")
DROP = """({ name, text }) => {
  const data = new DataTransfer()
  data.items.add(new File([text], name, { type: "text/csv" }))
  const event = { bubbles: true, cancelable: true, dataTransfer: data }
  document.querySelector(".drop-zone").dispatchEvent(new DragEvent("drop", event))
}"""


def small_file(*roles: str) -> bytes:
    """A CSV file with a person for each of these roles. The first is in row 2."""
    rows = [(f"person{n}@new.example", "Ida", f"Holm{n}", r, "") for n, r in enumerate(roles, 2)]
    return csv_bytes(rows, HEADERS)


def drop(page: Page, content: bytes, name: str = "people.csv") -> None:
    """Drops a file onto the first screen."""
    expect(page.locator(".drop-zone")).to_be_visible()
    page.evaluate(DROP, {"name": name, "text": content.decode()})


def review(page: Page, content: bytes) -> str:
    """Drops a file and goes on to its rows. Gives the id of the upload."""
    drop(page, content)
    expect(page).to_have_url(re.compile("/uploads/"))
    show_rows(page)
    return upload_id(page)


def upload_id(page: Page) -> str:
    """The id of the upload that the page shows."""
    found = re.search(r"/uploads/([^/?]+)", page.url)
    assert found, page.url
    return found[1]


def show_rows(page: Page) -> None:
    """Waits until the rows are there. Leaves the columns, if the page asks to look at them."""
    grid = page.get_by_role("grid")
    go_on = page.get_by_role("button", name=re.compile(r"^Review [\d,]+ rows?$"))
    expect(grid.or_(go_on).first).to_be_visible()
    if go_on.is_visible():
        go_on.click()
    expect(grid).to_be_visible()
    wait_until_loaded(page)


def cell(page: Page, row: int, title: str) -> Locator:
    """The cell of a row of the file, under a header. The row has to be on the screen."""
    header = page.get_by_role("columnheader", name=title, exact=True)
    column = header.get_attribute("aria-colindex")
    box = f'input[aria-label="Choose row {row}"]'
    return page.locator(f'[role=row]:has({box}) [role=gridcell][aria-colindex="{column}"]')


def type_into(page: Page, row: int, title: str, text: str) -> None:
    """Mends a cell as in a spreadsheet: the cursor on it, a text, Enter. `text` "" empties it."""
    cell(page, row, title).click()
    if text:
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    else:
        page.keyboard.press("Delete")


def saved(page: Page) -> None:
    """Waits until the server has each change."""
    expect(page.locator(".saved-line")).to_have_text(re.compile("^Saved"))


def count(page: Page, state: str) -> int:
    """The number of a filter."""
    return int(page.locator(f".count-{state} strong").inner_text().replace(",", ""))


def expect_counts(page: Page, **counts: int) -> None:
    """Waits until the filters tell these numbers."""
    for state, number in counts.items():
        expect(page.locator(f".count-{state} strong")).to_have_text(f"{number:,}")


def import_button(page: Page) -> Locator:
    """The one button that imports."""
    return page.locator(".import-bar-end .primary-button")


def start_import(page: Page) -> str:
    """Presses the button, and waits for the page of the import. Gives the id of the import."""
    expect(import_button(page)).to_have_attribute("aria-disabled", "false")
    import_button(page).click()
    expect(page).to_have_url(re.compile("/imports/"))
    return page.url.rpartition("/")[2]


def numbers(page: Page) -> dict[str, int]:
    """The numbers on the page of an import."""
    pairs = page.locator(".numbers > div")
    told: Sequence[str] = pairs.all_inner_texts()
    return {words: int(text.replace(",", "")) for words, text in (t.split("\n") for t in told)}


def stored(upload: str, row: int) -> dict[str, str]:
    """The cells of a row as the server has them, by header."""
    record = ReviewRow.unscoped.get(upload_id=upload, row_number=row)
    return dict(zip(HEADERS, record.cells, strict=True))


def answer_with(page: Page, url: Any, other_server: str) -> None:
    """Lets another web server answer the requests to some URLs."""

    def forward(route: Route) -> None:
        path = re.sub(r"^https?://[^/]+", "", route.request.url)
        sent = route.request.headers | {"origin": other_server, "referer": other_server}
        route.fulfill(response=route.fetch(url=other_server + path, headers=sent))

    page.route(url, forward)
