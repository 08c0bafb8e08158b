"""The connection is lost while somebody mends cells. Nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from imports.models import ImportBatch, Review
from tests.page.helpers import IN_BROWSER
from tests.page.scenarios import steps
from users.models import User

pytestmark = IN_BROWSER
Open = Callable[..., Page]


def not_saved(page: Page, words: str) -> None:
    """Waits until the page says how many changes are not saved, and why."""
    expect(page.locator(".saved-line [role=status]")).to_have_text(
        f"{words} not saved yet: connection lost, trying again"
    )


def test_what_is_typed_without_a_connection_is_saved_when_it_is_back(
    open_page: Open, admin: User
) -> None:
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "viewer", "Boss"))
    page.context.set_offline(True)
    steps.type_into(page, 2, "Last name", "Nørgård")
    not_saved(page, "1 change is")
    steps.type_into(page, 3, "Last name", "Haddad")
    not_saved(page, "2 changes are")
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    expect(steps.import_button(page)).to_have_attribute("aria-disabled", "true")
    assert steps.stored(upload, 2)["Last name"] == "Holm2"
    page.context.set_offline(False)
    steps.saved(page)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"
    assert steps.stored(upload, 3)["Last name"] == "Haddad"
    steps.expect_counts(page, edited=2, invalid=1)
    expect(page.locator(".notice")).to_have_count(0)


def test_what_is_typed_without_a_connection_survives_a_reload(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    address = page.url
    page.context.set_offline(True)
    steps.type_into(page, 2, "Last name", "Nørgård")
    not_saved(page, "1 change is")
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    page.context.set_offline(False)
    page.goto(address)
    steps.show_rows(page)
    steps.saved(page)
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"


def test_a_reload_while_the_service_is_away_shows_what_waits_as_soon_as_it_is_back(
    open_page: Open, admin: User
) -> None:
    """The document comes, and no answer of the API does."""
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    page.route(steps.API, lambda route: route.abort())
    steps.type_into(page, 2, "Last name", "Nørgård")
    not_saved(page, "1 change is")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("There is no connection to the server")
    page.unroute(steps.API)
    page.get_by_role("button", name="Try again").click()
    steps.saved(page)
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"


def test_a_reload_keeps_the_text_of_a_cell_that_is_still_open(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    steps.cell(page, 2, "Last name").click()
    page.keyboard.type("Nørgård")
    expect(page.locator(".grid-editor")).to_have_value("Nørgård")
    page.reload()
    steps.show_rows(page)
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    steps.saved(page)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"


@pytest.mark.parametrize("does", ["edits", "replaces", "undoes"])
def test_a_change_whose_answer_is_lost_happens_once(
    open_page: Open, admin: User, does: str
) -> None:
    """The server has made the change. The page can't know that, and sends it again."""
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss", "Boss"))
    steps.type_into(page, 2, "Last name", "Haddad")
    steps.saved(page)
    steps.type_into(page, 2, "Last name", "Lund")
    steps.saved(page)
    lose_the_next_answer(page, "PATCH")
    if does == "edits":
        steps.type_into(page, 2, "Last name", "Nørgård")
    elif does == "replaces":
        page.locator("form.value-fix").get_by_role("combobox").select_option("analyst")
        page.get_by_role("button", name="Mend all 2").click()
    else:
        page.get_by_role("button", name="Undo").click()
    steps.saved(page)
    name = {"edits": "Nørgård", "replaces": "Lund", "undoes": "Haddad"}[does]
    expect(steps.cell(page, 2, "Last name")).to_contain_text(name)
    assert steps.stored(upload, 2)["Last name"] == name
    assert steps.stored(upload, 3)["Role"] == ("analyst" if does == "replaces" else "Boss")
    assert Review.unscoped.get(upload_id=upload).revision == 4  # two names and this change
    expect(page.locator(".notice")).to_have_count(0)  # nobody else has changed anything


def test_an_import_whose_answer_is_lost_is_started_once(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    steps.review(page, steps.small_file("viewer", "viewer"))
    lose_the_next_answer(page, "POST")
    steps.import_button(page).click()
    alert = page.locator(".import-bar").get_by_role("alert")
    expect(alert).to_contain_text("There is no connection to the server.")
    alert.get_by_role("button", name="Try again").click()
    expect(page).to_have_url(re.compile("/imports/"))
    (batch,) = ImportBatch.objects.everywhere()
    assert page.url.endswith(str(batch.id))


def lose_the_next_answer(page: Page, method: str) -> None:
    """Lets one request reach the server, and no answer come back. Waits for nothing."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != method or lost:
            route.fallback()
            return
        lost.append(route.request.url)
        assert route.fetch().ok
        route.abort("connectionreset")

    page.route(steps.API, lose)


def test_rows_that_did_not_come_are_read_when_the_connection_is_back(
    open_page: Open, admin: User
) -> None:
    page = open_page(admin)
    steps.review(page, steps.small_file(*["viewer"] * 600))
    page.context.set_offline(True)
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(page.get_by_role("alert").filter(has_text="no connection")).to_be_visible()
    page.context.set_offline(False)
    expect(steps.cell(page, 601, "Last name")).to_have_text("Holm601")
    expect(page.get_by_role("alert").filter(has_text="no connection")).to_have_count(0)
