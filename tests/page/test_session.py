"""Who has not logged in, or no longer, and who may not import; the language of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD
from tests.page.conftest import log_in
from tests.page.helpers import IN_BROWSER, wait_until_loaded
from users.models import User

pytestmark = IN_BROWSER
Open = Callable[..., Page]


@pytest.fixture
def hashes_of_the_web_server(settings: Any, admin: User) -> None:
    """A password that the web server, which has the default hashers, knows."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    admin.set_password(PASSWORD)
    admin.save()


@pytest.mark.usefixtures("hashes_of_the_web_server")
def test_a_login_leads_to_where_one_wanted_to_go(open_page: Open, url: str, admin: User) -> None:
    page = open_page(None, "/imports")
    expect(page).to_have_url(f"{url}/login?next=/imports")
    page.get_by_label("E-mail address").fill(admin.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{url}/imports")
    wait_until_loaded(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{url}/login")


def test_a_session_that_has_ended_is_said_and_the_way_leads_back(
    open_page: Open, url: str, admin: User
) -> None:
    page = open_page(admin)
    wait_until_loaded(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="People", exact=True).click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Log in again").click()
    expect(page).to_have_url(f"{url}/login?next=%2Fpeople")
    log_in(page.context, admin, url)
    page.reload()
    expect(page).to_have_url(f"{url}/people")
    wait_until_loaded(page)


def test_who_may_not_import_reads_why(open_page: Open, viewer: User) -> None:
    page = open_page(viewer, "/people")
    expect(page.locator("main")).to_contain_text(re.compile("administrator", re.IGNORECASE))


def test_the_language_that_was_chosen_stays(open_page: Open, url: str, admin: User) -> None:
    page = open_page(admin, locale="en-GB")
    wait_until_loaded(page)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto(f"{url}/people")
    wait_until_loaded(page)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("h1")).not_to_have_text("People")
