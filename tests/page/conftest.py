"""A service and a browser that the tests of the page share. No page may break its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.browsers import chromium
from tests.conftest import ModuleProcess, processes_in, serve
from tests.page.helpers import axe_source
from tests.process_helpers import wait_for
from users.models import User

expect.set_options(timeout=60_000)
WORKER = "--concurrency 1 --loglevel INFO --without-gossip --without-mingle"
# What Chromium writes to the console of an answer with an error status. The tests look at those.
ANSWERED = "Failed to load resource"
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`${event.violatedDirective} refuses ${event.blockedURI} ${event.sample}`)
})"""
Start = Callable[..., ModuleProcess]


@pytest.fixture(scope="package")
def start_process(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """A function that starts a module as a process, until the last test of the page."""
    with processes_in(tmp_path_factory.mktemp("processes")) as start:
        yield start


@pytest.fixture(scope="package")
def mail(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a service that writes e-mails into files."""
    return {
        "EMAIL_FILE_PATH": str(tmp_path_factory.mktemp("mails")),
        "DEFAULT_FROM_EMAIL": "MarketEdge <mail@marketedge.example>",
        "PUBLIC_URL": "https://marketedge.example",
    }


@pytest.fixture(scope="package")
def url(start_process: Start, mail: dict[str, str]) -> str:
    """The URL of a web server."""
    return serve(start_process, **mail)


@pytest.fixture(scope="package")
def working(start_process: Start, mail: dict[str, str]) -> ModuleProcess:
    """A worker, which imports what the page submits, and invites as the page has told."""
    process = start_process("celery", "-A", "celery_app", "worker", *WORKER.split(), **mail)
    wait_for(lambda: process.says("ready"))
    return process


@pytest.fixture(scope="package")
def browser(url: str) -> Iterator[Browser]:
    """One for all tests of the page."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def console() -> list[str]:
    """What the pages wrote to the console as errors. It has to be empty at the end of the test: a
    test that expects an error takes it out."""
    return []


@pytest.fixture
def open_page(url: str, browser: Browser, console: list[str]) -> Iterator[Callable[..., Page]]:
    """A function that opens a page in a browser of its own: open_page(user, path, width=…).

    `user` has logged in already; None has not. Other options are those of a context of Playwright,
    such as `color_scheme` and `locale`. No page may log an error, throw one, or break its
    Content-Security-Policy."""
    made = []

    def open_(user: User | None, path: str = "/", *, width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        made.append(context)
        if user is not None:
            log_in(context, user, url)
        context.add_init_script(TELL_VIOLATIONS)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda line: line.type == "error" and console.append(line.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        page.goto(url + path)
        return page

    yield open_
    for context in made:
        for page in context.pages:  # a handler that still waits for an answer would raise later
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    wait_for(nobody_queries)  # the tables are emptied next, which a late request would stop
    assert [line for line in console if not line.startswith(ANSWERED)] == []


def nobody_queries() -> bool:
    """Whether neither the web server nor the worker is in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND state <> 'idle')"
        )
        return bool(cursor.fetchone()[0])


def log_in(context: Any, user: User, url: str) -> None:
    """Gives a browser the session of a user."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which finds what a screen reader could not use."""
    return axe_source()


@pytest.fixture
def sample(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a file to choose in the browser: sample("people.csv", content)."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
