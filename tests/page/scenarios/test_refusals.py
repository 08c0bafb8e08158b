"""What the server refuses, and how the page helps: quotas, roles, sizes, halts, a feature off."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from imports import actions
from imports.models import ImportBatch, LimitType, UploadLimit
from tests.conftest import ModuleProcess, serve
from tests.imports.quotas.helpers import run_command
from tests.page.helpers import IN_BROWSER
from tests.page.scenarios import steps
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = IN_BROWSER
Open = Callable[..., Page]
MIB = 1024 * 1024


@pytest.fixture
def one_file_an_hour(acme: Organisation) -> None:
    """Acme's people may have one file checked in an hour."""
    UploadLimit.unscoped.create(
        organisation=acme, limit_type=LimitType.FILE_UPLOAD, per_hour=1, per_day=9
    )


@pytest.fixture(scope="module")
def switched_off(start_process: Callable[..., ModuleProcess]) -> str:
    """The URL of a web server without user management."""
    return serve(start_process, FEATURE_USER_MANAGEMENT="false")


# --- 429 --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_file_an_hour")
def test_a_file_beyond_the_quota_waits_while_the_time_is_counted(
    open_page: Open, url: str, admin: User
) -> None:
    page = open_page(admin)
    page.clock.install()
    page.goto(url)
    steps.review(page, steps.small_file("viewer"))
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.locator(".quota")).to_have_text("You can check 0 more files for now, of 1.")
    steps.drop(page, steps.small_file("analyst"), "second.csv")
    trouble = page.locator("#upload-trouble")
    expect(trouble).to_contain_text("second.csv")
    expect(trouble).to_contain_text("Nothing that you have prepared is lost.")
    again = trouble.get_by_role("button", name="Try again")
    expect(again).to_be_disabled()
    left = seconds_left(page)
    assert 0 < left <= 3_600
    page.clock.fast_forward(min(10, left - 2) * 1_000)
    expect(again).to_be_disabled()
    assert seconds_left(page) < left
    page.clock.fast_forward(left * 1_000)
    expect(again).to_be_enabled()
    expect(trouble.locator(".number")).to_have_count(0)
    run_command("reset_upload_limits", admin.email)  # the time is over for the page only
    again.click()
    steps.show_rows(page)
    expect(page.locator(".page-facts")).to_contain_text("second.csv")


def seconds_left(page: Page) -> int:
    """The time that the page shows, such as 59:30."""
    words = page.locator("#upload-trouble .number").inner_text()
    found = re.search(r"again in (?:(\d+):)?(\d+):(\d\d)\.", words)
    assert found, words
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3_600 + minutes * 60 + seconds


def test_a_quota_of_imports_is_told_at_the_button(
    open_page: Open, admin: User, acme: Organisation
) -> None:
    UploadLimit.unscoped.create(
        organisation=acme, limit_type=LimitType.CSV_IMPORT, per_hour=1, per_day=9
    )
    page = open_page(admin)
    steps.review(page, steps.small_file("viewer"))
    steps.start_import(page)
    page.goto(page.url.partition("/imports")[0])
    steps.review(page, steps.small_file("viewer", "viewer"))
    steps.import_button(page).click()
    bar = page.locator(".import-bar")
    expect(bar.get_by_role("alert")).to_contain_text("You can try again in")
    run_command("reset_upload_limits", admin.email)
    steps.start_import(page)
    assert ImportBatch.objects.everywhere().count() == 2


# --- 403 --------------------------------------------------------------------------------------


def test_whoever_lost_the_role_is_told_who_can_help_and_what_was_typed_waits(
    open_page: Open, admin: User
) -> None:
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    User.objects.everywhere().filter(id=admin.id).update(role=Role.VIEWER)
    steps.type_into(page, 2, "Last name", "Nørgård")
    alert = page.get_by_role("alert").filter(has_text="Only administrators may manage users.")
    expect(alert).to_be_visible()
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    assert steps.stored(upload, 2)["Last name"] == "Holm2"
    User.objects.everywhere().filter(id=admin.id).update(role=Role.ADMIN)
    page.get_by_role("button", name="Try now").click()
    steps.saved(page)
    expect(alert).to_have_count(0)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"


def test_an_import_without_the_role_is_refused_at_the_button(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    steps.review(page, steps.small_file("viewer"))
    User.objects.everywhere().filter(id=admin.id).update(role=Role.VIEWER)
    steps.import_button(page).click()
    alert = page.locator(".import-bar").get_by_role("alert")
    expect(alert).to_contain_text("Only administrators may manage users.")
    expect(alert).to_contain_text("An administrator of your organisation can give you another role")
    assert not ImportBatch.objects.everywhere().exists()


def test_a_viewer_is_told_at_once_that_only_administrators_import(
    open_page: Open, viewer: User
) -> None:
    page = open_page(viewer)
    expect(page.locator("h1")).to_have_text("This page is for administrators")
    expect(page.locator(".drop-zone")).to_have_count(0)


# --- 413 --------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_not_sent(open_page: Open, admin: User) -> None:
    page = open_page(admin)
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    steps.drop(page, b"x" * (10 * MIB + 1), "large.csv")
    expect(page.locator("#upload-trouble")).to_contain_text("at most 10 MiB are allowed. Split it")
    assert sent == []


def test_a_file_that_the_server_finds_too_large_is_explained(
    open_page: Open, url: str, admin: User
) -> None:
    """As where a service was set to less after the page was opened."""

    def allow_more(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace(
            f'"max_file_bytes": {10 * MIB}', f'"max_file_bytes": {99 * MIB}'
        )
        assert str(99 * MIB) in text
        route.fulfill(response=answer, body=text)

    page = open_page(admin, "/account")
    page.route(f"{url}/", allow_more)
    page.goto(url)
    rows = b"E-mail,First name,Last name\n" + b"a@new.example,Ida,Holm\n" * 600_000
    steps.drop(page, rows, "large.csv")
    trouble = page.locator("#upload-trouble")
    expect(trouble).to_contain_text("10")
    expect(trouble).to_contain_text("Split the file, or remove sheets and columns")
    expect(page.locator(".drop-zone")).to_be_visible()


# --- 503 --------------------------------------------------------------------------------------


def test_while_imports_are_halted_the_review_goes_on_and_the_import_waits(
    open_page: Open, admin: User
) -> None:
    page = open_page(admin)
    steps.review(page, steps.small_file("viewer", "Boss"))
    actions.halt("A test of the halt.", user=None)
    steps.type_into(page, 2, "Last name", "Nørgård")
    steps.saved(page)
    steps.import_button(page).click()
    alert = page.locator(".import-bar").get_by_role("alert")
    expect(alert).to_contain_text("Everything that you have prepared is kept.")
    expect(alert).to_contain_text(re.compile(r"You can try again in [45]:\d\d\."))
    assert not ImportBatch.objects.everywhere().exists()
    actions.resume(user=None)
    batch = ImportBatch.objects.everywhere().get(id=steps.start_import(page))
    assert (batch.total_rows, batch.edited_rows) == (2, 1)


def test_a_feature_that_is_switched_off_keeps_what_is_typed(
    open_page: Open, admin: User, switched_off: str
) -> None:
    page = open_page(admin)
    upload = steps.review(page, steps.small_file("viewer", "Boss"))
    steps.answer_with(page, steps.API, switched_off)
    steps.type_into(page, 2, "Last name", "Nørgård")
    words = "Importing users is switched off at the moment."
    alert = page.get_by_role("alert").filter(has_text=words)
    expect(alert).to_be_visible()
    expect(steps.cell(page, 2, "Last name")).to_contain_text("Nørgård")
    page.unroute(steps.API)
    page.get_by_role("button", name="Try now").click()
    steps.saved(page)
    expect(alert).to_have_count(0)
    assert steps.stored(upload, 2)["Last name"] == "Nørgård"


def test_a_feature_that_is_switched_off_is_told_where_a_file_is_dropped(
    open_page: Open, admin: User, switched_off: str
) -> None:
    page = open_page(admin)
    steps.answer_with(page, steps.API, switched_off)
    steps.drop(page, steps.small_file("viewer"))
    trouble = page.locator("#upload-trouble")
    expect(trouble).to_contain_text("Importing users is switched off at the moment.")
    expect(trouble).to_contain_text("Your operator has switched this off.")
