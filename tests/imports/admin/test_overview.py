"""The overview: its figures, and that each leads to the list that it counts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core import probes
from imports import models
from imports.admin.overview import charts, figures
from imports.admin.overview.periods import PERIODS
from imports.errors import QuotaExceeded
from imports.models import AuditEvent, EventType, Heartbeat, ImportBatch, ImportHalt
from imports.quotas import consume
from tests.conftest import MakeUser
from tests.imports.admin.helpers import admin_client, visible_text
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

INDEX = "/admin/"
HOUR = timedelta(hours=1)


@pytest.fixture
def client(root: User) -> Client:
    """Platform staff."""
    return admin_client(root)


def make_batch(
    organisation: Organisation, status: str, *, age: timedelta = HOUR, **fields: Any
) -> ImportBatch:
    """A batch that was uploaded so long ago. `failed`: the number of failed rows, of 10."""
    failed = fields.pop("failed", 0)
    ended = status in models.FINISHED
    counts = {"processed_rows": 10, "successful_rows": 10 - failed, "failed_rows": failed}
    batch = ImportBatch.objects.create(
        filename=f"{status}.csv",
        organisation=organisation,
        status=status,
        total_rows=10,
        **(counts if ended else {}),
        **fields,
    )
    at = timezone.now() - age
    took = {"started_at": at, "completed_at": at + timedelta(seconds=2)} if ended else {}
    ImportBatch.objects.everywhere().filter(id=batch.id).update(created_at=at, **took)
    return batch


def make_error(batch: ImportBatch, row: int, field: str, code: str) -> None:
    models.ImportError.objects.create(
        import_batch=batch,
        row_number=row,
        field_name=field,
        error_code=code,
        error_message="Wrong.",
    )


def tiles(page: Any) -> dict[str, tuple[str, str, bool]]:
    """Label -> (value, URL, whether it needs attention)."""
    overview = page.context["overview"]
    found = [*overview["now_tiles"], *overview["period_tiles"]]
    return {tile.label: (tile.value, tile.url, tile.needs_attention) for tile in found}


def listed(client: Client, url: str) -> int:
    """The number of rows of a list. Its URL may hold no parameter that is refused."""
    page = client.get(url)
    assert page.status_code == 200, url
    return int(page.context["cl"].result_count)


def test_the_first_page_of_platform_staff_is_the_overview_and_that_of_others_is_not(
    client: Client, admin: User, acme: Organisation
) -> None:
    make_batch(acme, "completed")
    page = client.get(INDEX)
    assert "Imports per day" in visible_text(page)
    other = admin_client(admin).get(INDEX)
    assert "Imports per day" not in visible_text(other)
    assert "overview" not in other.context


def test_every_figure_leads_to_a_list_of_as_many_rows(
    client: Client, acme: Organisation, globex: Organisation
) -> None:
    for organisation, status, fields in (
        (acme, "completed", {}),
        (acme, "completed", {"failed": 3}),
        (globex, "completed", {"failed": 1}),
        (globex, "failed", {"failed": 10}),
        (acme, "cancelled", {}),
        (acme, "pending", {}),
        (globex, "processing", {"heartbeat_at": timezone.now()}),
        (acme, "processing", {"heartbeat_at": timezone.now() - HOUR}),
    ):
        make_batch(organisation, status, **fields)
    make_batch(acme, "failed", age=timedelta(days=40))  # is in no period
    page = client.get(INDEX)
    found = tiles(page)
    assert {label: value for label, (value, *_) in found.items()} == {
        "Pending": "1",
        "Processing": "2",
        "Stuck": "2",  # also the pending one, as no worker has taken it for an hour
        "Halted": "No",
        "Messages in the queue": "0",
        "Workers alive": "0",
        "Imports": "8",
        "Success rate": "75 %",
        "Failed imports": "1",
        "Users imported": "36",
        "Rows per second": "5",
        "Upload limits reached": "0",
    }
    for label in ("Pending", "Processing", "Stuck", "Imports", "Failed imports"):
        value, url, _ = found[label]
        assert listed(client, url) == int(value), label
    for outcome in page.context["overview"]["outcomes"]:
        assert listed(client, outcome.url) == outcome.number, outcome.label
    for column in page.context["overview"]["imports_chart"].columns:
        for part in column.parts:
            assert listed(client, part.url) == part.number, (column.title, part.label)


def test_what_needs_attention_says_so(client: Client, acme: Organisation) -> None:
    found = tiles(client.get(INDEX))
    assert [label for label, tile in found.items() if tile[2]] == ["Workers alive"]
    make_batch(acme, "pending", age=timedelta(days=1))
    make_batch(acme, "failed")
    ImportHalt.objects.create(reason="A wrong file.")
    Heartbeat.objects.beat("worker", "one")
    Heartbeat.objects.beat("worker", "two")
    Heartbeat.objects.beat("beat", "one")
    found = tiles(client.get(INDEX))
    assert [label for label, tile in found.items() if tile[2]] == [
        "Stuck",
        "Halted",
        "Success rate",
    ]
    assert found["Workers alive"][0] == "2"
    assert listed(client, found["Workers alive"][1]) == 2
    assert listed(client, found["Halted"][1]) == 1


def test_the_most_frequent_errors_lead_to_their_rows(client: Client, acme: Organisation) -> None:
    batch = make_batch(acme, "completed", failed=3)
    for row in (2, 3, 4):
        make_error(batch, row, "email", "invalid_email")
    make_error(batch, 2, "last_name", "required")
    make_error(batch, 3, "first_name", "required")
    make_error(batch, 5, "", "ragged_row")
    bars = client.get(INDEX).context["overview"]["errors_chart"].bars
    assert [(bar.label, bar.number) for bar in bars] == [
        ("Invalid e-mail address", 3),
        ("Wrong number of cells", 1),
        ("Value missing: first name", 1),
        ("Value missing: last name", 1),
    ]
    for bar in bars:
        assert listed(client, bar.url) == bar.number, bar.label


def test_of_many_row_errors_the_newest_are_counted_and_the_page_says_since_when(
    client: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "NEWEST_ERRORS", 2)
    batch = make_batch(acme, "completed", failed=3)
    for row, code in ((2, "too_long"), (3, "invalid_email"), (4, "invalid_email")):
        make_error(batch, row, "email", code)
    oldest = batch.errors.filter(error_code="too_long")
    oldest.update(created_at=timezone.now() - HOUR)
    page = client.get(INDEX)
    bars = page.context["overview"]["errors_chart"].bars
    assert [(bar.label, bar.number) for bar in bars] == [("Invalid e-mail address", 2)]
    assert listed(client, bars[0].url) == 2
    assert "Counted in the newest row errors, since" in visible_text(page)


@pytest.mark.parametrize(("days", "columns", "first"), [("1", 24, 1), ("7", 7, 6), ("30", 30, 29)])
def test_a_period_has_a_column_for_each_hour_or_day(
    client: Client, acme: Organisation, days: str, columns: int, first: int
) -> None:
    step = PERIODS[days].step
    for age in (timedelta(0), step * (columns - 1), step * (columns + 1)):
        make_batch(acme, "completed", age=age)
    page = client.get(f"{INDEX}?days={days}")
    chart = page.context["overview"]["imports_chart"]
    assert [column.total for column in chart.columns] == [1, *[0] * (columns - 2), 1]
    assert tiles(page)["Imports"][0] == "2"
    assert page.content.decode().count('aria-current="true"') == 1


def test_an_unknown_period_is_the_usual_one(client: Client) -> None:
    page = client.get(f"{INDEX}?days=-1")
    assert page.context["overview"]["period"] is PERIODS["7"]


def test_a_chart_has_a_title_a_description_and_its_numbers_as_a_table(
    client: Client, acme: Organisation
) -> None:
    make_batch(acme, "completed")
    make_batch(acme, "completed")
    html = client.get(INDEX).content.decode()
    svg = html.partition('<svg class="chart"')[2].partition("</svg>")[0]
    assert '<title id="imports-title">Imports per day</title>' in svg
    assert "2 in all" in svg
    table = html.partition("Imports per day as a table")[2].partition("</table>")[0]
    assert table.count('<th scope="row">') == 7
    assert re.search(r"<td><a href=[^>]*>2</a></td>", table)
    for inline in ("<script>", " onclick=", " style=", "<style"):
        assert inline not in html.partition('id="content-main"')[2].partition('id="footer"')[0]


def test_the_overview_asks_few_questions(
    client: Client, acme: Organisation, django_assert_max_num_queries: Any
) -> None:
    make_batch(acme, "completed")
    client.get(INDEX)
    with django_assert_max_num_queries(11):
        client.get(f"{INDEX}?days=30")


def test_a_redis_that_does_not_answer_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_QUEUE", probes.Probe(lambda: None))
    value, _, needs_attention = tiles(client.get(INDEX))["Messages in the queue"]
    assert (value, needs_attention) == ("unknown", True)


def test_who_runs_into_a_limit_is_recorded_once_in_a_window(
    client: Client, admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | {"csv_import": "1/h,5/d"}
    asked = {"user": admin, "organisation_id": acme.id, "limit_type": "csv_import", "ip": None}
    consume(**asked)
    for _ in range(3):
        with pytest.raises(QuotaExceeded):
            consume(**asked)
    event = AuditEvent.objects.everywhere().get(event_type=EventType.LIMIT_REACHED)
    assert (event.user_id, event.organisation_id, event.fields) == (admin.id, acme.id, "csv_import")
    value, url, _ = tiles(client.get(INDEX))["Upload limits reached"]
    assert (value, listed(client, url)) == ("1", 1)


# --- the function that computes charts ------------------------------------------------------------


@pytest.mark.parametrize(
    ("largest", "step"), [(0, 1), (4, 1), (5, 2), (11, 3), (21, 10), (4160, 1500), (99_999, 25_000)]
)
def test_the_lines_of_a_chart_have_round_numbers(largest: int, step: int) -> None:
    assert charts.step_of(largest) == step


def test_the_parts_of_a_column_stand_on_each_other_and_none_is_invisible() -> None:
    parts = [
        charts.Part(kind=kind, label=kind, number=n, url="")
        for kind, n in (("a", 9999), ("b", 1), ("c", 0))
    ]
    chart = charts.stacked("Chart", [charts.Column(name="x", title="x", parts=parts)])
    low, high, none = chart.columns[0].parts
    assert low.y + low.height == pytest.approx(chart.baseline, abs=0.2)
    assert high.y + high.height == pytest.approx(low.y, abs=0.2)
    assert high.height >= 1
    assert none.height == 0


def test_the_last_step_of_a_period_is_named_and_holds_the_present() -> None:
    now = datetime(2026, 3, 1, 13, 59, tzinfo=UTC)
    days, hours = PERIODS["7"].starts(now), PERIODS["1"].starts(now)
    assert (days[0], days[-1]) == (
        datetime(2026, 2, 23, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert (hours[0], hours[-1]) == (
        datetime(2026, 2, 28, 14, tzinfo=UTC),
        datetime(2026, 3, 1, 13, tzinfo=UTC),
    )


def test_an_empty_service_has_an_overview(client: Client, make_user: MakeUser) -> None:
    text = visible_text(client.get(INDEX))
    assert "There are no row errors." in text
