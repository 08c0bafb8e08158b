"""What the tests of the page share: sample files, axe-core, and what to wait for."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import CHROMIUM
from tests.imports.api.helpers import csv_bytes
from tests.paths import ROOT

IN_BROWSER = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt install chromium"),
]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEADERS = ("E-mail", "First name", "Last name", "Role", "Department", "Shoe size")
NAMES = (
    "Ida Holm",
    "Max Lund",
    "Zoë Černý",
    "Ólafur Þór",
    "Mia Østergård",
    "Νίκος Παππάς",
    "Noor Haddad",
)
FIND_PROBLEMS = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules })
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target}: ${failureSummary}`))
}"""


def axe_source() -> str:
    """The source of axe-core. Installs the packages of the page where it is missing."""
    if not AXE.exists():
        subprocess.run([ROOT / "script" / "frontend", "install"], check=True)
    return AXE.read_text()


def barriers(page: Page, axe: str) -> list[str]:
    """What axe-core finds wrong with the page as it is: a sentence for each element."""
    page.evaluate(axe)  # the policy allows no inline script; the debugger's are not under it
    found: list[str] = page.evaluate(FIND_PROBLEMS, RULES)
    return found


def wait_until_loaded(page: Page) -> None:
    """Waits until the page has its heading, and nothing of it is being loaded."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".page-loading, .table-loading, [aria-busy=true]")).to_have_count(0)


def overflow(page: Page) -> list[str]:
    """The elements that stick out of the window, where the page can be scrolled sideways."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
        [...document.querySelectorAll("body *")]
        .filter(element => element.getBoundingClientRect().right > window.innerWidth + 1)
        .map(element => element.outerHTML.slice(0, 120))"""
    )
    return found


def people_file(valid: int, *, wrong: int = 0, incomplete: int = 0, domain: str = "new") -> bytes:
    """A CSV file: so many valid rows, so many with the same unknown role, and so many without an
    address that can be one. Its last column is one that no import uses."""
    rows: list[tuple[Any, ...]] = []
    for number in range(valid + wrong + incomplete):
        first, _, last = NAMES[number % len(NAMES)].partition(" ")
        role = "Sales Team" if valid <= number < valid + wrong else "viewer"
        email = f"person{number}@{domain}.example"
        email = f"person{number}" if number >= valid + wrong else email
        rows.append((email, first, last, role, "Sales", 40 + number % 5))
    return csv_bytes(rows, HEADERS)
