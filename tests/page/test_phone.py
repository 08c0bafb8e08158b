"""The whole way of an import on a phone, by touch; and at 320 CSS pixels, as at 400 % zoom."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ModuleProcess
from tests.page.helpers import IN_BROWSER, overflow, people_file, wait_until_loaded
from users.models import Organisation, User

pytestmark = IN_BROWSER
# What a finger has to hit: WCAG 2.2 asks for 24 CSS pixels, or room around the target.
SMALL_TARGETS = """() => [...document.querySelectorAll("button, select, input:not([type=hidden])")]
  .filter((each) => each.checkVisibility() && !each.closest(".visually-hidden, label, .rdg-cell"))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([each, box]) => `${Math.round(box.width)} × ${Math.round(box.height)}: ` +
    each.outerHTML.slice(0, 100))"""


def look(page: Page) -> None:
    """Nothing sticks out of the window, and each target is large enough for a finger."""
    wait_until_loaded(page)
    assert overflow(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.evaluate(SMALL_TARGETS) == [], page.url


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("width", [390, 320])
def test_the_whole_way_goes_by_touch(
    open_page: Callable[..., Page],
    working: ModuleProcess,
    sample: Callable[..., Path],
    admin: User,
    acme: Organisation,
    width: int,
) -> None:
    page = open_page(admin, width=width, is_mobile=True, has_touch=True, device_scale_factor=2)
    look(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").tap()
    chooser.value.set_files(sample("people.csv", people_file(20, wrong=2, incomplete=1)))
    expect(page).to_have_url(re.compile("/uploads/"))
    look(page)
    page.get_by_role("button", name="Review 23 rows").tap()
    expect(page.get_by_role("heading", level=1, name="Review")).to_be_focused()
    look(page)

    page.locator(".problem-groups summary").tap()
    if not page.locator("form.value-fix").first.is_visible():
        page.locator(".problem-groups summary").tap()
    look(page)
    mistake = page.locator("form.value-fix", has_text="Sales Team")
    mistake.locator("select").select_option("analyst")
    mistake.get_by_role("button").tap()
    expect(page.locator(".count-invalid strong")).to_have_text("1")

    page.get_by_role("button", name="Next mistake").tap()
    cell = page.locator("[role=gridcell][aria-invalid=true]:focus")
    expect(cell).to_be_in_viewport()
    cell.tap()  # the cell has the cursor already: another tap mends it
    editor = page.get_by_role("textbox", name="E-mail address")
    expect(editor).to_be_focused()
    look(page)
    editor.fill("person22@new.example")
    page.keyboard.press("Enter")
    expect(page.locator(".count-invalid strong")).to_have_text("0")

    page.get_by_role("checkbox", name="Choose row 20").tap()
    page.get_by_role("button", name="Leave out 1 row").tap()
    expect(page.locator(".count-dropped strong")).to_have_text("1")
    look(page)
    page.get_by_role("button", name=re.compile("^Import 22 people")).tap()
    expect(page.locator("#batch-outcome")).to_contain_text("22")
    look(page)
    assert User.objects.of(acme.id).filter(email__endswith="@new.example").count() == 22

    page.get_by_role("button", name="Undo this import…").tap()
    expect(page.get_by_role("dialog")).to_be_in_viewport()
    look(page)
    page.get_by_role("button", name="Keep everybody").tap()
    for name in ("History", "People"):
        page.get_by_role("navigation").get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()
        look(page)
    page.locator(".person-name").first.tap()
    expect(page.locator("dialog form")).to_be_visible()
    look(page)
