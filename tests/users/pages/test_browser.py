"""From a file to two colleagues who have logged in: browser, web server, worker and e-mails.

With SCREENSHOTS=folder, the pages are also stored as pictures: wide and narrow, light and dark.
"""

from __future__ import annotations

import email
import os
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsers import CHROMIUM, chromium
from tests.conftest import ModuleProcess, processes_in, serve
from tests.imports.api.helpers import csv_bytes, imports_url
from tests.process_helpers import wait_for
from tests.users.pages.helpers import LINK, NEW
from users.credentials import tokens
from users.models import Invitation, Organisation, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt install chromium"),
]
expect.set_options(timeout=60_000)
HEADERS = ("email", "first_name", "last_name")


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the service writes e-mails."""
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def url(
    django_db_setup: None, mails: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A web server and a worker that write e-mails into files."""
    settings = {
        "EMAIL_FILE_PATH": str(mails),
        "DEFAULT_FROM_EMAIL": "MarketEdge <mail@marketedge.example>",
        "PUBLIC_URL": "https://marketedge.example",
    }
    with processes_in(tmp_path_factory.mktemp("processes")) as start:
        options = "--concurrency 1 --loglevel INFO --without-gossip --without-mingle"
        worker: ModuleProcess = start(
            "celery", "-A", "celery_app", "worker", *options.split(), **settings
        )
        wait_for(lambda: worker.says("ready"))
        yield serve(start, **settings)


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    """One for all tests of this file."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """A function that opens a page in a browser of its own. JavaScript is off, as no page needs it.
    No page may break its own Content-Security-Policy."""
    errors: list[str] = []
    made: list[BrowserContext] = []

    def open_() -> Page:
        made.append(browser.new_context(java_script_enabled=False))
        page = made[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        return page

    yield open_
    for context in made:
        context.close()
    assert [line for line in errors if not line.startswith("Failed to load resource")] == []


@pytest.fixture(autouse=True)
def _slow_passwords(settings: Any) -> None:
    """The hashes that the web server knows."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


def mail_to(mails: Path, address: str, words: str = "") -> EmailMessage:
    """The newest e-mail to an address."""
    found: list[EmailMessage] = []

    def has_come() -> bool:
        for path in sorted(mails.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=default)
            if address in str(message["To"]) and words in str(message["Subject"]):
                found.append(message)
        return bool(found)

    wait_for(has_come)
    return found[-1]


def link_in(message: EmailMessage, url: str) -> str:
    """The link of an e-mail, on the server of the test."""
    body = message.get_body(("plain",))
    assert body
    found = LINK.search(body.get_content())
    assert found
    return re.sub(r"^https://marketedge\.example", url, found[0])


def set_password(page: Page, button: str, password: str = NEW) -> None:
    """Fills in the form of a new password."""
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again").fill(password)
    page.get_by_role("button", name=button).click()


def test_two_people_of_a_file_get_in_and_no_link_works_twice(
    url: str, mails: Path, open_page: Callable[[], Page], admin: User, acme: Organisation
) -> None:
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {tokens.pair(admin)['access']}"
    rows = [("ida@new.example", "Ida", "Holm"), ("max@new.example", "Max", "Lund")]
    file = ("users.csv", csv_bytes(rows, HEADERS))
    assert api.post(url + imports_url(acme), files={"file": file}, timeout=30).status_code == 202

    for address, first_name, _ in rows:
        message = mail_to(mails, address)
        assert "Acme" in str(message["Subject"])
        link = link_in(message, url)
        check_links_as_programs_do(link, url)

        page = open_page()
        page.goto(link)
        expect(page.locator("h1")).to_have_text(f"Welcome, {first_name}")
        assert link.rpartition("/")[2] not in page.url + page.content()
        set_password(page, "Set password and log in", "short")
        expect(page.get_by_role("alert")).to_contain_text("This password is too short.")
        set_password(page, "Set password and log in")
        expect(page).to_have_url(f"{url}/account")
        expect(page.get_by_role("status")).to_have_text("Welcome. Your account is ready.")

        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{url}/login")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(NEW)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{url}/")
        page.goto(f"{url}/account")
        expect(page.locator("main")).to_contain_text(address)

        second = open_page()
        second.goto(link)
        expect(second.locator("main")).to_contain_text("This invitation was used already.")
        assert second.get_by_label("Password", exact=True).count() == 0
    states = Invitation.objects.of(acme.id).values_list("status", "attempts")
    assert set(states) == {("accepted", 1)}


def check_links_as_programs_do(link: str, url: str) -> None:
    """Opens a link twice, and submits the form without a password."""
    program = requests.Session()
    for _ in range(2):
        assert program.get(link, timeout=30).ok
        form = {"csrfmiddlewaretoken": program.cookies["csrftoken"], "password": "", "repeat": ""}
        answer = program.post(f"{url}/invitations/accept", data=form, timeout=30)
        assert answer.status_code == 400
        assert program.post(link, data=form, timeout=30).status_code == 405


def test_a_forgotten_password_is_replaced_by_e_mail(
    url: str, mails: Path, open_page: Callable[[], Page], viewer: User
) -> None:
    page = open_page()
    page.goto(f"{url}/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill(viewer.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("h1")).to_have_text("Look into your inbox")
    page.goto(link_in(mail_to(mails, viewer.email, "new password"), url))
    set_password(page, "Set the new password")
    expect(page.get_by_role("status")).to_have_text("Your new password is set. Log in with it.")
    page.get_by_label("E-mail address").fill(viewer.email)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{url}/")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_fit_the_window_and_name_their_fields(
    url: str, browser: Browser, viewer: User, width: int, colours: Any
) -> None:
    from tests.users.pages.helpers import invited, opened

    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=colours, java_script_enabled=True
    )
    page = context.new_page()
    _, token = invited(viewer)
    paths = {
        "login": "/login",
        "password-reset": "/password/reset",
        "invitation": f"/invitations/{token}",
        "unknown-invitation": "/invitations/mei_unknown",
        "reset-link": "/password/reset/new",
    }
    for name, path in paths.items():
        page.goto(url + path)
        check(page, f"{name}-{width}-{colours}")
    page.goto(f"{url}/invitations/{token}")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Password again").fill("other")
    page.get_by_role("button").click()
    check(page, f"invitation-errors-{width}-{colours}")
    set_password(page, "Set password and log in")
    expect(page.locator("h1")).to_have_text("Your account")
    check(page, f"account-{width}-{colours}")
    page.get_by_role("link", name="Change your password").click()
    check(page, f"password-change-{width}-{colours}")
    assert opened(token).get("/invitations/accept").status_code == 410
    page.goto(f"{url}/invitations/{token}")
    check(page, f"used-invitation-{width}-{colours}")
    context.close()


def check(page: Page, name: str) -> None:
    """Checks that a page needs no horizontal scrolling, and that its fields have labels."""
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    unnamed = page.evaluate(
        """[...document.querySelectorAll("input:not([type=hidden])")]
        .filter(field => !field.labels.length).map(field => field.outerHTML)"""
    )
    assert unnamed == [], name
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
