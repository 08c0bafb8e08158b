"""What the page can look like: each state has a name, and a function that brings a browser there.

Tests go through all of them: for barriers, for texts that are cut, for what sticks out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

from django.db import connection
from playwright.sync_api import Page, expect
from rest_framework.test import APIClient

from tests.imports.api.helpers import csv_upload, import_file, imports_url, post_import
from tests.page.helpers import people_file, wait_until_loaded
from users.models import Organisation

ENCODED = "E-mail;Vorname;Nachname\nida@new.example;Zoë;Müller\nmax@new.example;José;Núñez\n"
RUNNING = """UPDATE import_batches SET status = 'processing', started_at = now() - interval '7 s',
  heartbeat_at = now(), processed_rows = 180, successful_rows = 170, failed_rows = 10
  WHERE id = %s"""


@dataclass(frozen=True)
class World:
    """An organisation in which something has happened."""

    url: str
    review: str
    """The path of an upload with wrong cells."""
    clean: str
    """The path of an upload without any."""
    guessed: str
    """The path of an upload whose encoding is a guess."""
    ended: str
    """The path of an import with errors."""
    running: str
    """The path of an import that no worker goes on with."""
    query: str = ""
    """What is added to the query of each path."""


def make_world(url: str, api: APIClient, acme: Organisation) -> World:
    """Imports and stages files of each kind."""

    def staged(content: bytes) -> str:
        preview = {"file": csv_upload(content, "people.csv")}
        answer = api.post(f"{imports_url(acme)}/preview", preview, format="multipart")
        assert answer.status_code == 200, answer.content
        return f"/uploads/{answer.json()['upload_id']}"

    ended = import_file(api, acme, people_file(40, wrong=4, incomplete=2, domain="earlier"))
    running = post_import(api, acme, people_file(300, wrong=20, domain="now")).json()["id"]
    with connection.cursor() as cursor:
        cursor.execute(RUNNING, [running])
    return World(
        url=url,
        review=staged(people_file(120, wrong=12, incomplete=3)),
        clean=staged(people_file(20, domain="clean")),
        guessed=staged(ENCODED.encode("cp1252")),
        ended=f"/imports/{ended.id}",
        running=f"/imports/{running}",
    )


State = Callable[[Page, World], None]
STATES: dict[str, State] = {}


def state(function: State) -> State:
    """Lists the state under the name of its function."""
    STATES[function.__name__.replace("_", "-")] = function
    return function


def go(page: Page, world: World, path: str) -> None:
    """Opens a path, with the query of the world."""
    between = "&" if "?" in path else "?"
    page.goto(world.url + path + (between + world.query if world.query else ""))
    wait_until_loaded(page)


def _at(name: str, path: Callable[[World], str]) -> None:
    STATES[name] = lambda page, world: go(page, world, path(world))


_at("start", lambda _: "/")
_at("columns", lambda world: f"{world.review}?step=columns")
_at("columns-guessed", lambda world: f"{world.guessed}?step=columns")
_at("review", lambda world: world.review)
_at("review-clean", lambda world: world.clean)
_at("review-none-left-out", lambda world: f"{world.clean}?state=dropped")
_at("running", lambda world: world.running)
_at("outcome", lambda world: world.ended)
_at("history", lambda _: "/imports")
_at("history-none", lambda _: "/imports?status=cancelled")
_at("people", lambda _: "/people")
_at("people-none", lambda _: "/people?search=zzz")
_at("upload-gone", lambda _: f"/uploads/{uuid4()}")
_at("import-gone", lambda _: f"/imports/{uuid4()}")


@state
def refusal(page: Page, world: World) -> None:
    """A file without a recognised address."""
    go(page, world, "/")
    file = {
        "name": "people.csv",
        "mimeType": "text/csv",
        "buffer": b"who,first_name,last_name\na,b,c\n",
    }
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    expect(page.locator("#upload-trouble form")).to_be_visible()


@state
def wrong_cell(page: Page, world: World) -> None:
    """The review with the cursor on the first mistake."""
    go(page, world, world.review)
    expect(page.get_by_role("row")).not_to_have_count(1)
    page.locator(".review-toolbar button").first.click()
    expect(page.locator("[role=gridcell][aria-invalid=true]:focus")).to_be_visible()


@state
def cell_editor(page: Page, world: World) -> None:
    """A wrong cell that is being mended."""
    wrong_cell(page, world)
    page.keyboard.press("Enter")
    expect(page.locator(".grid-editor")).to_be_focused()


@state
def undo_dialog(page: Page, world: World) -> None:
    """The question before an import is undone."""
    go(page, world, world.ended)
    page.locator("button.danger-button").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@state
def person_dialog(page: Page, world: World) -> None:
    """One person."""
    go(page, world, "/people")
    page.locator(".person-name").first.click()
    expect(page.locator("dialog form")).to_be_visible()


@state
def add_dialog(page: Page, world: World) -> None:
    """A new person."""
    go(page, world, "/people")
    page.locator(".page-head .primary-button").click()
    expect(page.locator("dialog form")).to_be_visible()


@state
def session_ended(page: Page, world: World) -> None:
    """The session has ended, and the page has found out."""
    go(page, world, world.review)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    page.locator(".count-ready").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]


def each_state(page: Page, world: World) -> Iterator[str]:
    """Goes from state to state; gives the name of each."""
    for name, reach in STATES.items():
        reach(page, world)
        yield name
