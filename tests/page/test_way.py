"""From a file to people: dropped, mended, imported and taken back, by an administrator."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ModuleProcess
from tests.page.helpers import IN_BROWSER, people_file, wait_until_loaded
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = IN_BROWSER
Open = Callable[..., Page]
Sample = Callable[..., Path]


def choose(page: Page, file: Path) -> None:
    """Chooses a file on the first screen, and waits for what was read of it."""
    page.locator("input[type=file]").set_input_files(file)
    expect(page).to_have_url(re.compile("/uploads/"))
    wait_until_loaded(page)


def count(page: Page, state: str) -> str:
    """One of the counts of a review."""
    return page.locator(f".count-{state} strong").inner_text()


def saved(page: Page) -> None:
    """Waits until the server has every edit."""
    expect(page.locator(".saved-line [role=status]")).to_have_text("Saved")


@pytest.mark.timeout(300)
def test_a_file_is_mended_imported_and_taken_back(
    open_page: Open, working: ModuleProcess, sample: Sample, admin: User, acme: Organisation
) -> None:
    page = open_page(admin)
    choose(page, sample("people.csv", people_file(20, wrong=4, incomplete=2)))
    # A column that nothing uses is shown first.
    expect(page.locator("main")).to_contain_text("Shoe size")
    page.goto(page.url.partition("?")[0])
    wait_until_loaded(page)
    assert [count(page, state) for state in ("all", "ready", "invalid")] == ["26", "20", "6"]

    mistake = page.locator("form.value-fix", has_text="Sales Team")
    mistake.locator("select").select_option("analyst")
    mistake.get_by_role("button", name="Mend all 4").click()
    expect(page.locator(".count-invalid strong")).to_have_text("2")
    expect(page.locator(".count-edited strong")).to_have_text("4")

    page.locator(".count-invalid").click()
    cell = page.get_by_role("gridcell", name="person24", exact=True)
    cell.click()
    page.keyboard.press("Enter")
    page.keyboard.type("person24@new.example")
    page.keyboard.press("Enter")
    saved(page)
    expect(page.locator(".count-ready strong")).to_have_text("25")
    page.reload()
    wait_until_loaded(page)
    assert [count(page, state) for state in ("ready", "invalid", "edited")] == ["25", "1", "5"]

    page.get_by_role("button", name=re.compile("^Import 25 people, invite 25")).click()
    expect(page).to_have_url(re.compile("/imports/"))
    expect(page.locator("#batch-outcome")).to_contain_text("25")
    people = User.objects.of(acme.id)
    assert people.filter(email__endswith="@new.example").count() == 25
    assert people.filter(role=Role.ANALYST).count() == 4

    page.get_by_role("button", name="Undo this import…").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove 25 people").click()
    expect(page.get_by_role("dialog")).to_contain_text("The import is undone")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    expect(page.locator("#batch-outcome")).to_contain_text("25 people were removed")
    assert people.filter(email__endswith="@new.example").count() == 0


def test_cells_of_a_spreadsheet_are_pasted(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    wait_until_loaded(page)
    page.evaluate(
        """(text) => {
          const data = new DataTransfer()
          data.setData("text/plain", text)
          document.body.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }))
        }""",
        "email\tfirst_name\tlast_name\nida@new.example\tIda\tHolm\n",
    )
    expect(page).to_have_url(re.compile("/uploads/"))
    wait_until_loaded(page)
    assert count(page, "ready") == "1"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("people.pdf", b"%PDF-1.7", "PDF"),
        ("people.csv", b"", "empty"),
        ("people.csv", b"a,b\n1,2\n", "email"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_where_it_was_dropped(
    open_page: Open, sample: Sample, admin: User, name: str, content: bytes, words: str
) -> None:
    page = open_page(admin)
    page.locator("input[type=file]").set_input_files(sample(name, content))
    expect(page.locator("#upload-trouble")).to_contain_text(re.compile(words, re.IGNORECASE))
    expect(page).to_have_url(re.compile("/$"))
