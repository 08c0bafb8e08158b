"""The pictures of the documentation. Only `script/screenshots` makes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from rest_framework.test import APIClient

from tests.page.helpers import IN_BROWSER
from tests.page.picture_world import picture_world
from tests.page.states import STATES
from users.models import Organisation, User

FOLDER = os.environ.get("SCREENSHOTS", "")
pytestmark = [*IN_BROWSER, pytest.mark.skipif(not FOLDER, reason="makes pictures only")]
LARGEST_BYTES = 150_000
DESKTOP = {"width": 1280, "height": 800}
SHORT = {"width": 1280, "height": 700}
TALL = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
# The state, the window, the colours, the name of the file.
PICTURES = [
    ("start", DESKTOP, "light", "page-start"),
    ("columns", DESKTOP, "light", "page-columns"),
    ("wrong-cell", TALL, "light", "page-review"),
    ("wrong-cell", TALL, "dark", "page-review-dark"),
    ("wrong-cell", PHONE, "light", "page-review-phone"),
    ("running", DESKTOP, "light", "page-progress"),
    ("outcome", DESKTOP, "light", "page-outcome"),
    ("outcome", PHONE, "dark", "page-outcome-phone-dark"),
    ("people", SHORT, "light", "page-people"),
    ("people", PHONE, "light", "page-people-phone"),
    ("history", DESKTOP, "light", "page-history"),
]


@pytest.mark.timeout(600)
def test_the_pictures_of_the_documentation(
    open_page: Callable[..., Page], url: str, api: APIClient, admin: User, acme: Organisation
) -> None:
    world = picture_world(url, api, acme)
    reader = {"locale": "en-GB", "timezone_id": "Europe/Berlin"}
    desktop = open_page(admin, **reader)
    phone = open_page(admin, **reader, is_mobile=True, has_touch=True)
    for state, window, colours, name in PICTURES:
        page = phone if window is PHONE else desktop
        page.set_viewport_size(window)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
        STATES[state](page, world)
        page.evaluate("window.scrollTo(0, 0)")
        path = Path(FOLDER) / f"{name}.png"
        page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size < LARGEST_BYTES, name
