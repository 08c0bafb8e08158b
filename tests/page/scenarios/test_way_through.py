"""The whole way of a file of 5,000 rows: dropped, mended, imported by a worker, and undone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from imports import invitations
from imports.models import ImportBatch
from tests.imports.api.helpers import csv_bytes
from tests.page.helpers import IN_BROWSER
from tests.page.scenarios import steps
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [*IN_BROWSER, pytest.mark.slow, pytest.mark.timeout(600)]
Open = Callable[..., Page]
HEADERS = ("E-mail", "First name", "Last name", "Role", "Department", "Send invitation")
ROWS, HERE, INVITED = 5_000, 25, 40
SALES_TEAM, BOSS, NO_NAME, NO_ADDRESS, AGAIN = 24, 16, 8, 7, 5
WRONG = SALES_TEAM + BOSS + NO_NAME + NO_ADDRESS + AGAIN  # 60 cells, each in a row of its own
FIRST_ROW = 2  # the header is row 1


def file() -> bytes:
    """The rows of `WRONG` kinds of mistakes come after 4,940 valid ones, of which the first
    `HERE` have users, and the first `INVITED` after these are to be invited."""
    rows = [person(number) for number in range(ROWS)]
    kinds = [("Role", "Sales Team")] * SALES_TEAM + [("Role", "Boss")] * BOSS
    kinds += [("Last name", "")] * NO_NAME
    kinds += [("E-mail", f"nobody{number}") for number in range(NO_ADDRESS)]
    kinds += [("E-mail", f"PERSON{100 + number}@new.example") for number in range(AGAIN)]
    assert len(kinds) == WRONG == 60
    for at, (header, text) in enumerate(kinds, ROWS - WRONG):
        rows[at][HEADERS.index(header)] = text
    return csv_bytes(rows, HEADERS)


def person(number: int) -> list[str]:
    is_invited = HERE <= number < HERE + INVITED
    names = (f"First{number}", f"Last{number}")
    return [f"person{number}@new.example", *names, "viewer", "Sales", "yes" if is_invited else "no"]


def row_of(number: int) -> int:
    """The number in the file of the n-th wrong row."""
    return FIRST_ROW + ROWS - WRONG + number


def told_by_button(page: Page) -> dict[str, int]:
    """What the button says: {"Import": 4992, "invite": 40, "skip": 25}."""
    text = steps.import_button(page).inner_text()
    found = re.findall(r"(Import|invite|skip) ([\d,]+)", text)
    return {word: int(number.replace(",", "")) for word, number in found}


def use_for_all(page: Page, value: str, instead: str, cells: int) -> None:
    """Mends all cells that hold a value."""
    form = page.locator("form.value-fix").filter(has_text=f"{cells} cells have {value}")
    form.get_by_role("combobox").select_option(instead)
    form.get_by_role("button").click()
    expect(form).to_have_count(0)
    steps.saved(page)


@pytest.fixture
def here(acme: Organisation) -> None:
    """Some of the people of the file are there already."""
    for number in range(HERE):
        User.objects.create_user(f"person{number}@new.example", organisation=acme)


@pytest.mark.usefixtures("working", "here")
def test_a_file_of_5000_rows_is_mended_imported_and_undone(
    open_page: Open, admin: User, acme: Organisation
) -> None:
    page = open_page(admin)
    upload = steps.review(page, file())
    steps.expect_counts(page, all=ROWS, invalid=WRONG, existing=HERE, dropped=0)
    mend_groups(page)
    mend_cells(page, upload)
    leave_rows_out(page)
    told = told_by_button(page)
    left_out, wrong = NO_NAME - 1, NO_ADDRESS - 3
    assert told == {
        "Import": ROWS - HERE - left_out - wrong - AGAIN,
        "invite": INVITED,
        "skip": HERE,
    }
    batch = ImportBatch.objects.everywhere().get(id=steps.start_import(page))
    see_outcome(page, told, batch, acme)
    undo(page, told, batch, acme)


def mend_groups(page: Page) -> None:
    """Sales Team becomes viewer. Boss becomes admin, which is taken back, and then analyst."""
    use_for_all(page, "Sales Team", "viewer", SALES_TEAM)
    steps.expect_counts(page, invalid=WRONG - SALES_TEAM, edited=SALES_TEAM)
    use_for_all(page, "Boss", "admin", BOSS)
    steps.expect_counts(page, invalid=WRONG - SALES_TEAM - BOSS, edited=SALES_TEAM + BOSS)
    page.get_by_role("button", name="Undo").click()
    steps.expect_counts(page, invalid=WRONG - SALES_TEAM, edited=SALES_TEAM)
    steps.saved(page)
    use_for_all(page, "Boss", "analyst", BOSS)
    steps.expect_counts(page, invalid=WRONG - SALES_TEAM - BOSS, edited=SALES_TEAM + BOSS)


def mend_cells(page: Page, upload: str) -> None:
    """Types a name and three addresses into the grid, among the rows with mistakes only."""
    page.get_by_role("link", name="To mend").click()
    first_name, first_address = SALES_TEAM + BOSS, SALES_TEAM + BOSS + NO_NAME
    expect(steps.cell(page, row_of(first_name), "Last name")).to_be_visible()
    steps.type_into(page, row_of(first_name), "Last name", "Nørgård")
    for number in range(first_address, first_address + 3):
        steps.type_into(page, row_of(number), "E-mail address", f"mended{number}@new.example")
    steps.saved(page)
    steps.expect_counts(page, invalid=NO_NAME + NO_ADDRESS + AGAIN - 4)
    mended = steps.cell(page, row_of(first_name), "Last name")
    expect(mended).to_have_text("Nørgård Edited here.")
    expect(mended).not_to_have_attribute("aria-invalid", "true")


def leave_rows_out(page: Page) -> None:
    """Leaves out the other rows without a name: chosen one by one."""
    for number in range(SALES_TEAM + BOSS + 1, SALES_TEAM + BOSS + NO_NAME):
        page.get_by_label(f"Choose row {row_of(number)}", exact=True).check()
    page.get_by_role("button", name=f"Leave out {NO_NAME - 1} rows").click()
    steps.expect_counts(page, dropped=NO_NAME - 1, invalid=NO_ADDRESS - 3 + AGAIN)
    steps.saved(page)


def see_outcome(page: Page, told: dict[str, int], batch: ImportBatch, acme: Organisation) -> None:
    """What the page says afterwards is what the button said, and what the database has."""
    failed = NO_ADDRESS - 3 + AGAIN
    expect(page.locator("#batch-outcome")).to_have_text(
        f"{told['Import']:,} people were added; {failed} rows have mistakes."
    )
    shown = steps.numbers(page)
    assert shown["Added"] == told["Import"]
    assert (shown["Already here"], shown["With mistakes"]) == (told["skip"], failed)
    batch.refresh_from_db()
    created = User.objects.of(acme.id).filter(import_batch_id=batch.id)
    assert created.count() == batch.successful_rows == told["Import"]
    assert created.filter(role=Role.ANALYST).count() == BOSS
    assert (batch.skipped_rows, batch.failed_rows) == (told["skip"], failed)
    assert (batch.edited_rows, batch.dropped_rows) == (SALES_TEAM + BOSS + 4, NO_NAME - 1)
    assert shown.get("Invitations waiting", 0) + shown.get("Invitations sent", 0) == told["invite"]
    invited = invitations.of(batch)
    assert invited
    assert invited.pending + invited.sent == told["invite"]


def undo(page: Page, told: dict[str, int], batch: ImportBatch, acme: Organisation) -> None:
    """Undoes the import, except for two people who have logged in meanwhile."""
    created = User.objects.of(acme.id).filter(import_batch_id=batch.id)
    kept = list(created.order_by("email").values_list("email", flat=True)[:2])
    User.objects.of(acme.id).filter(email__in=kept).update(last_login=now())
    page.get_by_role("button", name="Undo this import…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=f"Remove {told['Import']:,} people").click()
    expect(dialog.get_by_role("status")).to_have_text(
        f"{told['Import'] - 2:,} people were removed, 2 were kept."
    )
    for email in kept:
        expect(dialog.get_by_text(email)).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#batch-outcome")).to_have_text(
        f"The import was undone: {told['Import'] - 2:,} people were removed."
    )
    assert created.count() == 2
    assert User.objects.of(acme.id).filter(email__endswith="@new.example").count() == HERE + 2
