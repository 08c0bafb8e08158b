"""Two windows change the same upload. What is typed in either of them ends up on the server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from imports.models import ImportBatch
from tests.conftest import MakeUser
from tests.page.helpers import IN_BROWSER
from tests.page.scenarios import steps
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = IN_BROWSER
Open = Callable[..., Page]


@pytest.fixture
def zoe(make_user: MakeUser, acme: Organisation) -> User:
    """Acme's other administrator."""
    return make_user("zoe@acme.example", Role.ADMIN, acme)


def open_both(open_page: Open, first: User, second: User) -> tuple[Page, Page, str]:
    """Opens an upload in a window of each of them. Gives the windows and the id of the upload."""
    page = open_page(first)
    upload = steps.review(page, steps.small_file("viewer", "viewer", "Boss", "Boss"))
    other = open_page(second, f"/uploads/{upload}")
    steps.show_rows(other)
    return page, other, upload


def test_the_changes_of_both_windows_end_up_on_the_server(
    open_page: Open, admin: User, zoe: User
) -> None:
    page, other, upload = open_both(open_page, admin, zoe)
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    steps.type_into(other, 3, "Last name", "Haddad")
    expect(other.locator(".notice")).to_contain_text(
        "admin@acme.example changed this upload meanwhile. You see its present state, and your "
        "last changes were put on top."
    )
    steps.saved(other)
    expect(steps.cell(other, 2, "Last name")).to_contain_text("Nørgård")
    expect(steps.cell(other, 3, "Last name")).to_contain_text("Haddad")
    page.locator("form.value-fix").get_by_role("button").click()
    expect(page.locator(".notice")).to_contain_text("zoe@acme.example changed this upload")
    steps.saved(page)
    expect(steps.cell(page, 3, "Last name")).to_contain_text("Haddad")
    steps.expect_counts(page, invalid=0, edited=4)
    names = [steps.stored(upload, row)["Last name"] for row in (2, 3)]
    assert names == ["Nørgård", "Haddad"]


def test_of_one_cell_the_last_text_counts(open_page: Open, admin: User, zoe: User) -> None:
    page, other, upload = open_both(open_page, admin, zoe)
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    steps.type_into(other, 2, "Last name", "Haddad")
    steps.saved(other)
    expect(steps.cell(other, 2, "Last name")).to_contain_text("Haddad")
    assert steps.stored(upload, 2)["Last name"] == "Haddad"
    other.get_by_role("button", name="Undo").click()
    expect(steps.cell(other, 2, "Last name")).to_contain_text("Nørgård")


def test_another_window_of_the_same_person_is_called_another_window(
    open_page: Open, admin: User
) -> None:
    page, other, upload = open_both(open_page, admin, admin)
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    steps.type_into(other, 3, "Last name", "Haddad")
    expect(other.locator(".notice")).to_contain_text("This upload was changed in another window.")
    steps.saved(other)
    other.get_by_role("button", name="Understood").click()
    expect(other.locator(".notice")).to_have_count(0)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"
    assert steps.stored(upload, 3)["Last name"] == "Haddad"


def test_an_undo_does_not_take_back_what_somebody_else_has_changed(
    open_page: Open, admin: User, zoe: User
) -> None:
    page, other, upload = open_both(open_page, admin, zoe)
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    steps.type_into(other, 3, "Last name", "Haddad")
    steps.saved(other)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".notice")).to_contain_text("zoe@acme.example changed this upload")
    steps.saved(page)
    expect(steps.cell(page, 3, "Last name")).to_contain_text("Haddad")
    assert steps.stored(upload, 3)["Last name"] == "Haddad"


def test_an_import_of_rows_that_changed_meanwhile_is_looked_at_again(
    open_page: Open, admin: User, zoe: User
) -> None:
    page, other, _ = open_both(open_page, admin, zoe)
    other.locator("form.value-fix").get_by_role("button").click()
    steps.saved(other)
    expect(steps.import_button(page)).to_contain_text("Import 2 people")
    steps.import_button(page).click()
    expect(page.locator(".notice")).to_contain_text("zoe@acme.example changed this upload")
    expect(steps.import_button(page)).to_contain_text("Import 4 people")
    assert not ImportBatch.objects.everywhere().exists()
    steps.start_import(page)
    assert ImportBatch.objects.everywhere().get().total_rows == 4


def test_a_change_after_the_import_leads_to_the_import(
    open_page: Open, admin: User, zoe: User
) -> None:
    page, other, _ = open_both(open_page, admin, zoe)
    batch = steps.start_import(page)
    steps.type_into(other, 3, "Last name", "Haddad")
    expect(other.locator("main")).to_contain_text("It has been imported.")
    other.get_by_role("link", name="See the import").click()
    expect(other).to_have_url(re.compile(f"/imports/{batch}$"))
    other.go_back()
    expect(other.get_by_role("link", name="See the import")).to_be_visible()
