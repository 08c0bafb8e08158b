"""The whole way of an import by keyboard alone: the focus is seen, and is where the eye goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import PASSWORD, ModuleProcess
from tests.page.helpers import IN_BROWSER, people_file, wait_until_loaded
from users.models import Organisation, User

pytestmark = IN_BROWSER
Open = Callable[..., Page]
# Whether the focus is drawn, in the window, and not below something else: sentences otherwise.
LOOK = """() => {
  const element = document.activeElement
  if (!element || element === document.body) return []
  const found = [], box = element.getBoundingClientRect(), style = getComputedStyle(element)
  const name = element.outerHTML.slice(0, 100)
  if (element.matches("h1, main")) return []
  const inner = element.closest(".rdg-cell, .segments label")
  const drawn = [style, inner && getComputedStyle(inner)].some((each) => each &&
    (each.outlineStyle !== "none" && parseFloat(each.outlineWidth) > 0))
  if (!drawn && !element.matches(".grid-editor")) found.push(`no outline: ${name}`)
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth)
    return [`out of the window: ${name}`]
  const within = (value, most) => Math.min(Math.max(value, 1), most - 1)
  const x = within(box.left + Math.min(box.width, 40) / 2, innerWidth)
  const spots = [0.25, 0.5, 0.75].map((part) =>
    document.elementFromPoint(x, within(box.top + box.height * part, innerHeight)))
  if (!spots.some((spot) => spot && (element.contains(spot) || spot.contains(element))))
    found.push(`below something else: ${name}`)
  return found
}"""


@pytest.fixture(autouse=True)
def _hashes_of_the_web_server(settings: object) -> None:
    """The web server does not take the fast hash of the tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # type: ignore[attr-defined]


def look(page: Page) -> None:
    """Finds fault with the focus as it is drawn now."""
    found = page.evaluate(LOOK)
    assert not found, f"{page.url}: {found}"


def tab_to(page: Page, target: Locator, *, back: bool = False) -> None:
    """Presses Tab until the target has the focus. At each stop the focus is seen."""
    passed = []
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        look(page)
        if target.evaluate("element => element === document.activeElement"):
            return
        passed.append(page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
    raise AssertionError(f"Tab does not lead to {target}, but to {passed}")


def log_in(page: Page, user: User) -> None:
    """Logs in by keys. The first field has the focus from the start."""
    page.keyboard.type(user.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Import people")
    wait_until_loaded(page)


def choose(page: Page, file: Path) -> None:
    """Opens the system's dialog by keys, and chooses a file there."""
    # From here on, so that the browser hands the dialog over for certain when the key is pressed.
    page.once("filechooser", lambda chooser: chooser.set_files(file))
    tab_to(page, page.get_by_role("button", name="Choose a file"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/uploads/"))


def focused_heading(page: Page, text: str) -> None:
    """The heading of a screen has the focus when the screen appears."""
    heading = page.get_by_role("heading", level=1, name=text)
    expect(heading).to_be_focused()


def active_cell(page: Page) -> Locator:
    """The cell of the grid that has the focus."""
    return page.locator("[role=gridcell]:focus, [role=gridcell]:focus-within")


def saved(page: Page) -> None:
    """Waits until the server has every edit."""
    expect(page.locator(".saved-line [role=status]")).to_have_text("Saved")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_whole_way_goes_by_keyboard_alone(
    open_page: Open,
    working: ModuleProcess,
    sample: Callable[..., Path],
    admin: User,
    acme: Organisation,
) -> None:
    page = open_page(None, "/")
    log_in(page, admin)
    choose(page, sample("people.csv", people_file(20, wrong=2, incomplete=1)))

    focused_heading(page, "Match the columns")
    column = page.get_by_role("row", name="Shoe size").get_by_role("combobox")
    tab_to(page, column)
    page.keyboard.press("p")  # the first letters choose: "Phone number"
    page.keyboard.press("h")
    expect(column).to_have_value("phone")
    saved(page)
    page.keyboard.press("Home")
    expect(column).to_have_value("")
    saved(page)
    tab_to(page, page.get_by_role("button", name="Review 23 rows"))
    page.keyboard.press("Enter")

    focused_heading(page, "Review")
    mend_and_leave_out(page)

    button = page.get_by_role("button", name=re.compile("^Import 22 people, invite 22$"))
    tab_to(page, button)
    page.keyboard.press("Enter")
    focused_heading(page, "people.csv")
    expect(page.locator("#batch-outcome")).to_contain_text("22")
    assert User.objects.of(acme.id).filter(email__endswith="@new.example").count() == 22

    undo = page.get_by_role("button", name="Undo this import…")
    tab_to(page, undo)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(undo).to_be_focused()


def mend_and_leave_out(page: Page) -> None:
    """In the grid: mends the mistakes, leaves a row out, takes that back, leaves it out again."""
    grid = page.get_by_role("grid")
    wait_until_loaded(page)
    tab_to(page, grid.get_by_role("columnheader", name="Row"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(active_cell(page)).to_have_text("person0@new.example")
    look(page)

    page.keyboard.press("Alt+ArrowDown")
    expect(active_cell(page)).to_have_text(re.compile("^Sales Team"))
    expect(active_cell(page)).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#cell-bar")).to_contain_text('"Sales Team" is not a role')
    look(page)
    page.keyboard.press("Enter")
    expect(grid.get_by_role("combobox", name="Role")).to_be_focused()
    page.keyboard.type("vi")
    page.keyboard.press("Enter")
    saved(page)
    expect(page.locator(".count-invalid strong")).to_have_text("2")

    page.keyboard.press("Alt+ArrowDown")
    expect(active_cell(page)).to_have_text(re.compile("^Sales Team"))
    page.keyboard.press("Alt+ArrowDown")
    expect(active_cell(page)).to_have_text(re.compile("^person22"))
    page.keyboard.type("p")  # typing replaces the text, without Enter
    editor = grid.get_by_role("textbox", name="E-mail address")
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    expect(active_cell(page)).to_have_text(re.compile("^person22"))
    page.keyboard.press("F2")
    expect(editor).to_be_focused()
    page.keyboard.type("person22@new.example")
    page.keyboard.press("Enter")
    saved(page)
    expect(page.locator(".count-invalid strong")).to_have_text("1")

    page.keyboard.press("Alt+ArrowUp")
    expect(active_cell(page)).to_have_text(re.compile("^Sales Team"))
    page.keyboard.press("Home")
    page.keyboard.press("Delete")
    expect(page.locator(".count-dropped strong")).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(page.locator(".count-dropped strong")).to_have_text("0")
    page.keyboard.press("Delete")
    expect(page.locator(".count-dropped strong")).to_have_text("1")
    expect(page.locator(".count-ready strong")).to_have_text("22")
    expect(page.locator(".count-invalid strong")).to_have_text("0")
    saved(page)
    look(page)
    assert page.evaluate("document.activeElement.closest('[role=grid]') !== null")


def test_the_skip_link_leads_past_the_navigation(open_page: Open, admin: User) -> None:
    page = open_page(admin, "/people")
    wait_until_loaded(page)
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    expect(link).to_be_focused()
    look(page)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
