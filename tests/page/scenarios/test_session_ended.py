"""The session ends between review and import. Whoever logs in again goes on where they were."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Dialog, Page, expect

from imports.models import ImportBatch
from tests.conftest import PASSWORD, MakeUser
from tests.page.helpers import IN_BROWSER
from tests.page.scenarios import steps
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = IN_BROWSER
Open = Callable[..., Page]


@pytest.fixture
def person(settings: Any, make_user: MakeUser, acme: Organisation) -> User:
    """An administrator whose password the web server knows."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    return make_user("ida@acme.example", Role.ADMIN, acme)


def log_in(page: Page, person: User) -> None:
    """Fills in the page of the login."""
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def log_in_again(page: Page, person: User, upload: str) -> None:
    """Follows the dialog to the login, and waits for the rows. The browser may not warn that
    something would be lost."""
    warnings: list[str] = []

    def accept(dialog: Dialog) -> None:
        warnings.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_contain_text("Nothing that you have entered is lost.")
    dialog.get_by_role("link", name="Log in again").click()
    log_in(page, person)
    expect(page).to_have_url(re.compile(rf"^https?://[^/]+/uploads/{upload}"))
    steps.show_rows(page)
    assert warnings == []


def test_what_is_typed_after_the_end_of_the_session_is_there_after_the_login(
    open_page: Open, person: User
) -> None:
    page = open_page(person)
    upload = steps.review(page, steps.small_file("viewer", "viewer", "Boss"))
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    Session.objects.all().delete()
    steps.type_into(page, 3, "Last name", "Haddad")
    log_in_again(page, person, upload)
    steps.saved(page)
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    expect(steps.cell(page, 3, "Last name")).to_contain_text("Haddad")
    assert steps.stored(upload, 3)["Last name"] == "Haddad"
    batch = ImportBatch.objects.everywhere().get(id=steps.start_import(page))
    assert (batch.total_rows, batch.edited_rows) == (3, 2)


def test_an_import_after_the_end_of_the_session_is_started_after_the_login(
    open_page: Open, person: User
) -> None:
    page = open_page(person)
    upload = steps.review(page, steps.small_file("viewer", "viewer", "Boss"))
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    Session.objects.all().delete()
    steps.import_button(page).click()
    log_in_again(page, person, upload)
    assert not ImportBatch.objects.everywhere().exists()
    expect(steps.import_button(page)).to_contain_text("Import 2 people")
    batch = ImportBatch.objects.everywhere().get(id=steps.start_import(page))
    assert (batch.total_rows, batch.edited_rows) == (3, 1)


def test_a_login_in_another_tab_is_enough(open_page: Open, url: str, person: User) -> None:
    """The dialog closes, and what waits is sent, without a reload."""
    page = open_page(person)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    Session.objects.all().delete()
    steps.type_into(page, 2, "Last name", "Nørgård")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    tab = page.context.new_page()
    tab.goto(f"{url}/login")
    log_in(tab, person)
    expect(tab.get_by_role("heading", level=1)).to_have_text("Import people")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    steps.saved(page)
    expect(dialog).to_have_count(0)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"
