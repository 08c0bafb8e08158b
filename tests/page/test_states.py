"""In each state of the page: no barriers, no text that is cut, none that lies on another.

A language with accents and longer texts (`?lang=en-XA`) shows what breaks when texts grow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page
from rest_framework.test import APIClient

from tests.page.helpers import IN_BROWSER, barriers, overflow
from tests.page.states import STATES, World, each_state, make_world
from users.models import Organisation, User

pytestmark = IN_BROWSER
Open = Callable[..., Page]
# Texts that do not fit their box and can't be scrolled to. Cells of data may be cut: the bar below
# the grid shows the whole one.
CUT = """() => [...document.querySelectorAll("body *")].filter((each) => {
  if (!each.checkVisibility() || each.matches("select, input, option, .rdg-cell[role=gridcell] *"))
    return false
  const ownText = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  if (!ownText || each.closest(".visually-hidden, .skip-link, [role=gridcell]")) return false
  if (each.title && each.title === each.textContent.trim()) return false
  const style = getComputedStyle(each)
  const cutsX = ["hidden", "clip"].includes(style.overflowX)
  const cutsY = ["hidden", "clip"].includes(style.overflowY)
  const sticksOut = each.matches("button, a, th, td, [role=columnheader], .badge, .message")
  return ((cutsX || sticksOut) && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    || (cutsY && each.scrollHeight > each.clientHeight + 2 && each.clientHeight > 0)
}).map((each) => `${each.scrollWidth} > ${each.clientWidth}: ${each.outerHTML.slice(0, 160)}`)"""
# Pairs of texts that lie on each other, outside of what is scrolled or stays in place.
OVERLAPPING = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const dialog = document.querySelector("dialog[open]"), texts = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement
    if (!node.data.trim() || !parent.checkVisibility({ visibilityProperty: true })) continue
    if (dialog && !dialog.contains(parent)) continue
    if (parent.closest(".visually-hidden, .skip-link, option, .said, script")) continue
    if (parent.closest("[role=grid], .import-bar")) continue
    let clipped = parent // headings of tables that are cards on a phone
    while (clipped && getComputedStyle(clipped).clipPath !== "inset(50%)")
      clipped = clipped.parentElement
    if (clipped) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    if (getComputedStyle(parent).overflowX === "hidden") continue // the rest of it is not seen
    for (const box of range.getClientRects())
      if (box.width > 3 && box.height > 3) texts.push([node, box])
  }
  const found = []
  for (const [at, [one, a]] of texts.entries())
    for (const [other, b] of texts.slice(at + 1)) {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (one !== other && x > 3 && y > 5)
        found.push(`${one.data.slice(0, 40)} / ${other.data.slice(0, 40)}`)
    }
  return found
}"""


@pytest.fixture
def world(url: str, api: APIClient, acme: Organisation) -> World:
    """An organisation in which something has happened."""
    return make_world(url, api, acme)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_state_has_barriers(open_page: Open, admin: User, axe: str, world: World) -> None:
    page = open_page(admin)
    found: list[str] = []
    for name in each_state(page, world):
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            found += [f"{name}, {colours}: {line}" for line in barriers(page, axe)]
    assert found == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en-XA", "de"])
def test_no_text_is_cut_when_texts_are_long(
    open_page: Open, admin: User, world: World, language: str, width: int
) -> None:
    page = open_page(admin, width=width, locale="de" if language == "de" else "en")
    if language == "en-XA":
        world = replace(world, query=f"lang={language}")
    found: list[str] = []
    for name in each_state(page, world):
        found += [f"{name}: {line}" for line in page.evaluate(CUT) + overflow(page)]
    assert found == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [1280, 390])
def test_no_text_lies_on_another_from_right_to_left(
    open_page: Open, admin: User, world: World, width: int
) -> None:
    page = open_page(admin, width=width)
    page.add_init_script(
        """new MutationObserver(() => { document.documentElement.dir = "rtl" })
        .observe(document, { childList: true, subtree: true })"""
    )
    found: list[str] = []
    for name in each_state(page, world):
        assert page.evaluate("document.documentElement.dir") == "rtl"
        found += [f"{name}: {line}" for line in page.evaluate(OVERLAPPING) + overflow(page)]
    assert found == []


def test_the_search_for_cut_texts_finds_some(open_page: Open, admin: User, world: World) -> None:
    """So that the other tests can fail."""
    page = open_page(admin)
    STATES["start"](page, world)
    page.evaluate(
        """() => { const { style } = document.querySelector("h2")
        style.width = "3rem"; style.overflow = "hidden"; style.whiteSpace = "nowrap"
        document.querySelector("h1").style.marginBottom = "-2rem" }"""
    )
    assert page.evaluate(CUT) != []
    assert page.evaluate(OVERLAPPING) != []
