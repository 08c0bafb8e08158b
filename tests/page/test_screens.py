"""Each screen fits its window, wide and narrow, light and dark, and has no barriers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from rest_framework.test import APIClient

from tests.imports.api.helpers import csv_upload, import_file, imports_url
from tests.page.helpers import IN_BROWSER, barriers, overflow, people_file, wait_until_loaded
from users.models import Organisation, User

pytestmark = IN_BROWSER
WIDTHS = (1280, 768, 390)  # CSS pixels; 320 is 1280 at 400 %
COLOURS = ("light", "dark")
# axe-core takes a second for each screen: once in each colour, and at both ends of the widths.
EXAMINED = {(1280, "dark"), (390, "light")}


@pytest.fixture
def paths(api: APIClient, acme: Organisation, make_user: Callable[..., User]) -> dict[str, str]:
    """The screens, in an organisation in which something has happened: name -> path.

    Each has the state of a file that a person would look at."""
    for number in range(12):
        make_user(f"colleague{number}@acme.example", "viewer", acme, department="Sales")
    batch = import_file(api, acme, people_file(40, wrong=4, incomplete=2, domain="earlier"))
    preview = {"file": csv_upload(people_file(120, wrong=12, incomplete=3))}
    answer = api.post(f"{imports_url(acme)}/preview", preview, format="multipart")
    assert answer.status_code == 200, answer.content
    upload = answer.json()["upload_id"]
    return {
        "start": "/",
        "columns": f"/uploads/{upload}?step=columns",
        "review": f"/uploads/{upload}",
        "imports": "/imports",
        "import": f"/imports/{batch.id}",
        "people": "/people",
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", ["en", "de"])
def test_each_screen_fits_its_window_and_has_no_barriers(
    open_page: Callable[..., Page], url: str, admin: User, axe: str, paths: Any, language: str
) -> None:
    page = open_page(admin, locale=language)
    found: list[str] = []
    for name, path in paths.items():
        page.goto(url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for colours in COLOURS:
                page.emulate_media(color_scheme=colours)
                wait_until_loaded(page)
                where = f"{name}-{width}-{colours}"
                found += [f"{where}: {line}" for line in overflow(page)]
                if (width, colours) in EXAMINED:
                    found += [f"{where}: {line}" for line in barriers(page, axe)]
    if found:  # an assertion would cut the text short
        pytest.fail("\n".join(found), pytrace=False)


def test_each_screen_works_at_400_percent(
    open_page: Callable[..., Page], url: str, admin: User, paths: Any
) -> None:
    page = open_page(admin, width=320)
    for name, path in paths.items():
        page.goto(url + path)
        wait_until_loaded(page)
        assert overflow(page) == [], name


def test_each_screen_fits_its_window_from_right_to_left(
    open_page: Callable[..., Page], url: str, admin: User, paths: Any
) -> None:
    page = open_page(admin, width=390)
    for name, path in paths.items():
        page.goto(url + path)
        page.evaluate("document.documentElement.dir = 'rtl'")
        wait_until_loaded(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        expect(page.locator("h1")).to_be_in_viewport()
