"""Every kind of page works under the Content-Security-Policy: `open_page` finds what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.helpers import IN_BROWSER, people_file, wait_until_loaded
from tests.users.pages.helpers import invited
from users.models import Organisation, User

pytestmark = IN_BROWSER
Open = Callable[..., Page]


BREAK_POLICY = """(part) => {
  const markup = { handler: "<img src=x onerror='1'>", attribute: "<p style='top: 0'>x</p>" }
  const element = document.createElement(part === "style" ? "style" : "script")
  element.textContent = part === "style" ? "body { color: red }" : "1"
  if (part in markup) document.body.insertAdjacentHTML("beforeend", markup[part])
  else document.body.append(element)
}"""


@pytest.mark.parametrize(
    ("part", "directive"),
    [
        ("script", "script-src-elem"),
        ("style", "style-src-elem"),
        ("handler", "script-src-attr"),
        ("attribute", "style-src-attr"),
    ],
)
def test_the_browser_of_these_tests_tells_what_the_policy_refuses(
    open_page: Open, viewer: User, console: list[str], part: str, directive: str
) -> None:
    """So that the other tests can fail."""
    page = open_page(viewer, "/account")
    with page.expect_console_message(lambda line: f"{directive} refuses" in line.text):
        page.evaluate(BREAK_POLICY, part)
    assert len(console) > 0
    console.clear()


def test_the_page_keeps_the_policy_at_each_of_its_addresses(
    open_page: Open, url: str, admin: User
) -> None:
    page = open_page(admin)
    for path in ("/", "/imports", "/people"):
        page.goto(url + path)
        wait_until_loaded(page)


def test_a_review_keeps_the_policy(open_page: Open, url: str, admin: User) -> None:
    page = open_page(admin)
    upload(page, people_file(5, wrong=2))
    expect(page).to_have_url(re.compile("/uploads/"))
    wait_until_loaded(page)


def test_the_pages_without_javascript_keep_the_policy(
    open_page: Open, url: str, viewer: User
) -> None:
    page = open_page(viewer)
    _, token = invited(viewer)
    for path in ("/account", "/password/change", f"/invitations/{token}"):
        page.goto(url + path)
        expect(page.locator("h1")).to_be_visible()
    stranger = open_page(None, "/login")
    for path in ("/password/reset", "/password/reset/new", "/invitations/unknown"):
        stranger.goto(url + path)
        expect(stranger.locator("h1")).to_be_visible()


def test_the_qr_code_of_the_second_factor_is_seen(open_page: Open, root: User) -> None:
    page = open_page(root, "/account/two-factor")
    picture = page.locator(".picture img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_admin_site_and_the_page_of_the_api_keep_the_policy(
    open_page: Open, url: str, root: User, acme: Organisation
) -> None:
    page = open_page(root, "/admin/")
    for path in ("users/user/", f"users/organisation/{acme.id}/change/", "users/user/import/"):
        answer = page.goto(f"{url}/admin/{path}")
        assert answer is not None
        assert answer.ok, path
    page.goto(f"{url}/api/v1/docs")
    expect(page.locator("#swagger-ui .opblock").first).to_be_visible()


def upload(page: Page, content: bytes) -> None:
    """Chooses a file on the first screen."""
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
