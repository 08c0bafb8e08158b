"""How many uploads pass, what they are told, and what operators see, reset, raise and block."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from django_ratelimit.core import get_usage
from structlog.testing import capture_logs

from core import ratelimit_cache
from core.ratelimit_cache import ratelimit_cache as cache_of_thread
from imports import quotas
from imports.admin import reset_limits
from imports.errors import QuotaExceeded, UploadBlocked
from imports.models import (
    MetricCounter,
    UploadBlock,
    UploadCounter,
    UploadLimit,
)
from imports.quotas.usage import redis_key
from tests.conftest import ROOT, ModuleProcess, environment, serve
from tests.imports.quotas.helpers import (
    Clock,
    closing_connection,
    consume,
    in_parallel,
    in_redis,
    parallel_passes,
    passes,
    refusal,
    usage,
    windows,
)
from tests.process_helpers import wait_for
from users.models import Organisation, User


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, patient_redis: None) -> Clock:
    return Clock(monkeypatch)


def totals(name: str) -> dict[str, int]:
    """A metric's totals by the values of its labels."""
    found = MetricCounter.objects.filter(name=name)
    return {" ".join(row.labels.values()): row.value for row in found}


# --- what passes, and what it costs -------------------------------------------------------------


def test_ten_imports_pass_in_an_hour_and_the_headers_count_down(admin: User) -> None:
    told = [consume(admin).headers() for _ in range(10)]
    assert [one["X-RateLimit-Remaining"] for one in told] == [str(n) for n in range(9, -1, -1)]
    assert {one["X-RateLimit-Limit"] for one in told} == {"10"}
    assert {one["X-RateLimit-Reset"] for one in told} == {str(windows(admin)["hour"].reset)}
    refused = refusal(admin)
    assert (refused.status, refused.code) == (429, "quota_exceeded")
    assert refused.headers()["X-RateLimit-Remaining"] == "0"
    assert "10 imports" in refused.detail
    assert "in one hour" in refused.detail


def test_retry_after_is_right_to_the_second(admin: User, clock: Clock) -> None:
    passes(admin, 10)
    clock.now = int(clock.now) + 0.75
    wait_seconds = int(refusal(admin).headers()["Retry-After"])
    assert 1 <= wait_seconds <= 3600
    clock.now += wait_seconds - 1
    assert refusal(admin).retry_after_seconds == 1
    clock.now += 1
    assert consume(admin).remaining == 9


def test_where_hour_and_day_are_used_up_retry_after_is_about_the_later(
    admin: User, acme: Organisation, clock: Clock
) -> None:
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=2, per_day=2)
    clock.now = windows(admin)["day"].reset - 80_000  # not in the hour that ends with the day
    passes(admin, 2)
    refused = refusal(admin)
    last = max(windows(admin).values(), key=lambda window: window.reset)
    assert refused.retry_after_seconds == last.reset - int(clock.now)
    assert refused.headers()["X-RateLimit-Reset"] == str(last.reset)


def test_a_refused_upload_is_counted_nowhere(admin: User, acme: Organisation) -> None:
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=4, per_day=3)
    assert passes(admin, 20) == 3
    assert in_redis(admin) == {"hour": 3, "day": 3}
    assert {tally.count for tally in UploadCounter.objects.all()} == {3}


@pytest.mark.django_db(transaction=True)
def test_exactly_ten_of_forty_uploads_at_once_pass(admin: User) -> None:
    assert parallel_passes(admin, 40) == 10
    assert {tally.count for tally in UploadCounter.objects.all()} == {10}


BURST = """
import django, sys
django.setup()
from tests.imports.quotas.helpers import parallel_passes
from users.models import User
user = User.objects.get(id=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(parallel_passes(user, 10), file=sys.stderr)
"""


@pytest.mark.django_db(transaction=True)
def test_exactly_ten_of_forty_uploads_in_four_processes_pass(admin: User) -> None:
    command = [sys.executable, "-c", BURST, str(admin.id)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(4)
        ]
        for process in started:  # each waits for the last to be ready
            assert process.stdout.readline() == "ready\n"
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        passed = [int(process.communicate()[1]) for process in started]
    assert sum(passed) == 10


@pytest.mark.django_db(transaction=True)
def test_uploads_that_come_and_are_given_back_at_once_leave_nothing_behind(admin: User) -> None:
    def invalid_upload() -> int:
        try:
            charged = consume(admin)
        except QuotaExceeded:
            return 0
        quotas.refund(charged.windows)
        return 1

    assert sum(in_parallel(invalid_upload, 40)) >= 10
    assert usage(admin).remaining == 10
    assert passes(admin, 11) == 10


@pytest.mark.django_db(transaction=True)
def test_a_refund_is_not_overwritten_in_redis_by_an_upload_at_the_same_time(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged = consume(admin)
    cache_of_thread()._cache.get_client().delete(*in_redis_raw(admin))
    write = ratelimit_cache.RatelimitCache.set

    def refund() -> None:
        with closing_connection():
            quotas.refund(charged.windows)

    thread = threading.Thread(target=refund)

    def overlap(*args: Any) -> Any:
        if thread.ident is None:
            thread.start()
        if threading.current_thread() is not thread:
            wait_for(lambda: not thread.is_alive() or somebody_waits_for_a_row())
        return write(*args)

    monkeypatch.setattr(ratelimit_cache.RatelimitCache, "set", overlap)
    consume(admin)
    thread.join()
    assert in_redis(admin) == {"hour": 1, "day": 1}


def somebody_waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_an_invalid_upload_costs_nothing(admin: User) -> None:
    passes(admin, 9)
    for _ in range(5):
        charged = consume(admin)
        assert charged.remaining == 0
        assert quotas.refund(charged.windows).headers()["X-RateLimit-Remaining"] == "1"
    assert passes(admin, 5) == 1


def test_what_was_charged_before_the_hour_ended_is_given_back_to_that_hour(
    admin: User, clock: Clock
) -> None:
    charged = consume(admin)
    clock.now = windows(admin)["hour"].reset
    passes(admin, 3)
    quotas.refund(charged.windows)
    assert in_redis(admin) == {"hour": 3, "day": 3}


def test_giving_back_without_a_charge_changes_nothing(admin: User) -> None:
    quotas.refund(tuple(windows(admin).values()))
    assert in_redis(admin) == {"hour": None, "day": None}
    consume(admin)
    for _ in range(3):
        quotas.refund(tuple(windows(admin).values()))
    assert in_redis(admin) == {"hour": 0, "day": 0}
    assert {tally.count for tally in UploadCounter.objects.all()} == {0}
    assert passes(admin, 11) == 10


def test_a_look_counts_nothing_and_leaves_no_key(admin: User) -> None:
    assert [usage(admin).remaining for _ in range(3)] == [10, 10, 10]
    assert in_redis(admin) == {"hour": None, "day": None}
    assert not UploadCounter.objects.exists()


def test_two_users_behind_one_address_are_independent(
    admin: User, make_user: Any, acme: Organisation
) -> None:
    colleague = make_user("colleague@acme.example", "admin", acme)
    passes(admin, 10)
    assert consume(colleague).remaining == 9


def test_one_user_has_one_quota_whatever_organisation_the_file_is_for(
    root: User, acme: Organisation, globex: Organisation
) -> None:
    for number in range(10):
        consume(root, organisation_id=(acme, globex)[number % 2].id)
    refusal(root)


def test_imports_and_previews_are_counted_apart(admin: User) -> None:
    assert passes(admin, 31, "file_upload") == 30
    assert consume(admin).limit == 10


def test_the_fifty_first_import_of_a_day_is_refused(admin: User, clock: Clock) -> None:
    start = windows(admin)["day"].reset - 86_400
    for hour in range(5):
        clock.now = start + hour * 3600 + 60
        assert passes(admin, 10) == 10
    clock.now = start + 6 * 3600
    refused = refusal(admin)
    assert "50 imports" in refused.detail
    assert "in one day" in refused.detail
    assert refused.retry_after_seconds == 18 * 3600


def test_without_rate_limits_everything_passes_and_nothing_is_said(
    admin: User, settings: Any
) -> None:
    settings.RATE_LIMIT_ENABLED = False
    assert passes(admin, 40) == 40
    charged = consume(admin)
    assert charged.headers() == usage(admin).headers() == {}
    assert quotas.refund(charged.windows).headers() == {}
    assert in_redis_raw(admin) == []


def in_redis_raw(user: User) -> list[bytes]:
    return list(cache_of_thread()._cache.get_client().scan_iter(f"upload_rate:*{user.id}*"))


# --- what stands in Redis -----------------------------------------------------------------------


def test_operators_find_plain_integers_that_expire_under_readable_names(admin: User) -> None:
    passes(admin, 3)
    client = cache_of_thread()._cache.get_client()
    hour, day = windows(admin)["hour"], windows(admin)["day"]
    names = {
        f"upload_rate:csv_import:{admin.id}:hour:{hour.end}",
        f"upload_rate:csv_import:{admin.id}:day:{day.end}",
    }
    assert {name.decode() for name in in_redis_raw(admin)} == names
    assert {client.get(name) for name in names} == {b"3"}
    assert 0 < client.ttl(redis_key(hour)) <= hour.seconds_left
    assert 0 < client.ttl(redis_key(day)) <= day.seconds_left


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_our_windows_are_those_of_django_ratelimit(admin: User, clock: Clock, second: int) -> None:
    for period in ("hour", "day"):
        clock.now = windows(admin)[period].end + second
        consume(admin)
        names = {redis_key(window).encode() for window in windows(admin).values()}
        assert names <= set(in_redis_raw(admin))


def test_other_users_of_django_ratelimit_are_hashed_and_counted_as_ever() -> None:
    value = uuid4().hex
    counts = [
        get_usage(None, group="login", key=lambda g, r: value, rate="2/m", increment=True)
        for _ in range(4)
    ]
    assert [(one["count"], one["should_limit"]) for one in counts] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
    ]


def test_nothing_in_redis_is_ever_unpickled(admin: User) -> None:
    client = cache_of_thread()._cache.get_client()
    consume(admin)
    for window in windows(admin).values():
        client.set(redis_key(window), b"\x80\x05K\x05.")  # a pickled 5
    assert usage(admin).remaining == 9
    assert passes(admin, 20) == 9


# --- what the database knows --------------------------------------------------------------------


def test_a_key_that_is_gone_does_not_give_the_quota_back(admin: User, clock: Clock) -> None:
    passes(admin, 6)
    cache_of_thread()._cache.get_client().delete(*in_redis_raw(admin))
    assert usage(admin).remaining == 4
    assert consume(admin).remaining == 3
    assert in_redis(admin) == {"hour": 7, "day": 7}
    hour = windows(admin)["hour"]
    left = hour.reset - int(clock.now)
    assert 0 < cache_of_thread()._cache.get_client().ttl(redis_key(hour)) <= left


# --- limits -------------------------------------------------------------------------------------


def test_an_organisation_may_have_limits_of_its_own(
    admin: User, other_admin: User, acme: Organisation
) -> None:
    passes(admin, 10)
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=12, per_day=60)
    assert passes(admin, 20) == 2  # what was counted still counts
    assert passes(other_admin, 20) == 10
    assert passes(admin, 40, "file_upload") == 30


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "ten an hour"),
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "10/h"),
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "50/d,10/h"),
        ("UPLOAD_RATE_LIMIT_FILE_UPLOAD", "0/h,5/d"),
        ("UPLOAD_RATE_LIMIT_FILE_UPLOAD", "10/h,50/d\n"),
        ("TRUSTED_PROXY_HOPS", "-1"),
        ("RATE_LIMIT_ENABLED", "perhaps"),
    ],
)
def test_a_wrong_limit_stops_the_start_by_name(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import marketedge.settings"],
        cwd=ROOT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
    )
    assert started.returncode != 0
    assert name in started.stderr
    assert "Traceback" not in started.stderr


def test_limits_come_from_the_environment() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from marketedge.settings import *; print(UPLOAD_RATE_LIMITS)"],
        cwd=ROOT,
        env=os.environ | {"UPLOAD_RATE_LIMIT_CSV_IMPORT": "20/h, 90/d"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'csv_import': '20/h, 90/d'" in shown.stdout


def test_limits_of_the_settings_hold(admin: User, settings: Any) -> None:
    settings.UPLOAD_RATE_LIMITS = {"csv_import": "3/h, 4/d"}
    assert passes(admin, 9) == 3


# --- reset --------------------------------------------------------------------------------------


def test_a_reset_gives_the_whole_quota_again_whatever_was_imported(admin: User) -> None:
    passes(admin, 10)
    passes(admin, 10, "file_upload")
    refusal(admin)
    quotas.reset_limits(str(admin.id), "csv_import")
    assert usage(admin, "file_upload").remaining == 20
    assert passes(admin, 20) == 10
    assert quotas.reset_limits(admin.id) == 2
    assert usage(admin).remaining == 10
    assert usage(admin, "file_upload").remaining == 30


def test_a_reset_names_what_it_does_not_know(admin: User) -> None:
    with pytest.raises(ValueError, match="csv_export"):
        quotas.reset_limits(admin.id, "csv_export")
    with pytest.raises(ValueError, match="badly formed"):
        quotas.reset_limits("nobody")
    with pytest.raises(User.DoesNotExist):
        quotas.reset_limits(uuid4())


@pytest.mark.parametrize("name", ["admin@acme.example", " Admin@ACME.example", "id"])
def test_reset_upload_limits_takes_an_address_or_an_id(admin: User, name: str) -> None:
    passes(admin, 10)
    said = run("reset_upload_limits", str(admin.id) if name == "id" else name)
    assert said == f"The csv_import and file_upload quota of user {admin.id} is whole again.\n"
    assert usage(admin).remaining == 10


def test_reset_upload_limits_of_one_kind_leaves_the_other(admin: User) -> None:
    passes(admin, 10)
    run("reset_upload_limits", "admin@acme.example", "--limit-type", "file_upload")
    refusal(admin)


def run(command: str, *arguments: str) -> str:
    """What a command says."""
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


# --- the block list -----------------------------------------------------------------------------


def test_a_blocked_user_is_refused_and_not_counted(admin: User, other_admin: User) -> None:
    UploadBlock.objects.create(user=admin, reason="a leaked password")
    with capture_logs() as logs, pytest.raises(UploadBlocked) as caught:
        consume(admin)
    assert (caught.value.status, caught.value.code) == (403, "upload_blocked")
    assert "leaked" not in caught.value.detail
    assert "your account are blocked." in caught.value.detail
    assert [line["event"] for line in logs] == ["csv_upload_blocked"]
    assert usage(admin).remaining == 10
    assert consume(other_admin)


@pytest.mark.parametrize(
    ("network", "address", "is_blocked"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8::/32", "192.0.2.1", False),
        ("192.0.2.0/24", None, False),
        ("192.0.2.0/24", "no address", False),
    ],
)
def test_uploads_from_a_blocked_network_are_refused(
    admin: User, network: str, address: str | None, is_blocked: bool
) -> None:
    run("block_uploads", network, "--reason", "a flood")
    if is_blocked:
        with pytest.raises(UploadBlocked, match="your network"):
            consume(admin, ip=address)
    else:
        assert consume(admin, ip=address)


def test_a_block_ends_by_itself(admin: User) -> None:
    soon, past = timezone.now() + timedelta(minutes=5), timezone.now() - timedelta(seconds=1)
    block = UploadBlock.objects.create(user=admin, reason="x", until=soon)
    with pytest.raises(UploadBlocked, match=f"until {soon:%Y-%m-%d %H:%M} UTC"):
        consume(admin)
    UploadBlock.objects.filter(id=block.id).update(until=past)
    assert consume(admin)


def test_the_block_list_holds_without_rate_limits(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = False
    UploadBlock.objects.create(user=admin, reason="x")
    with pytest.raises(UploadBlocked):
        consume(admin)


def test_operators_block_and_unblock(admin: User, root: User) -> None:
    said = run(
        "block_uploads",
        "ADMIN@acme.example",
        "--reason",
        "a flood",
        "--hours",
        "2",
        "--by",
        root.email,
    )
    block = UploadBlock.objects.get()
    assert (block.user, block.reason, block.blocked_by) == (admin, "a flood", root)
    assert timedelta(hours=1.9) < block.until - timezone.now() <= timedelta(hours=2)
    assert said == f"Block of user {admin.id} holds until {block.until:%Y-%m-%d %H:%M} UTC.\n"
    said = run("block_uploads", str(admin.id), "--reason", "for good")
    block.refresh_from_db()
    assert (block.until, block.reason) == (None, "for good")
    assert said == f"Block of user {admin.id} holds until it is lifted.\n"
    run("unblock_uploads", "admin@acme.example")
    assert consume(admin)


def test_a_moment_without_a_zone_is_utc(admin: User) -> None:
    run("block_uploads", "192.0.2.9/24", "--reason", "x", "--until", "2099-01-02T03:04")
    block = UploadBlock.objects.get()
    assert block.network == "192.0.2.0/24"
    assert block.until.isoformat() == "2099-01-02T03:04:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody@acme.example"], "There is no user nobody@acme.example"),
        (["300.0.2.0/24"], "300.0.2.0/24 is no network"),
        (["10.0.0.0/7"], "too wide to block: /8 is the widest"),
        (["::/0"], "FEATURE_USER_MANAGEMENT"),
        (["192.0.2.0/24", "--until", "tomorrow"], "tomorrow is no end"),
        (["192.0.2.0/24", "--until", "2020-01-01"], "2020-01-01 00:00 UTC is over"),
        (["192.0.2.0/24", "--hours", "-1"], "is over"),
        (["192.0.2.0/24", "--hours", "1e12"], "is no end"),
        (["192.0.2.0/24", "--by", "nobody@acme.example"], "There is no user"),
    ],
)
def test_a_block_that_can_t_be_is_refused_with_a_cure(
    db: None, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run("block_uploads", *arguments, "--reason", "x")
    assert not UploadBlock.objects.exists()


def test_unblocking_what_is_not_blocked_says_what_is(admin: User) -> None:
    with pytest.raises(CommandError, match="What is: nothing"):
        run("unblock_uploads", "192.0.2.0/24")
    run("block_uploads", "192.0.2.0/24", "--reason", "x")
    with pytest.raises(CommandError, match=re.escape("What is: Block of 192.0.2.0/24.")):
        run("unblock_uploads", "192.0.2.7")


def test_a_block_names_a_user_or_a_network(admin: User) -> None:
    for block in (UploadBlock(reason="x"), UploadBlock(reason="x", user=admin, network="::1")):
        with pytest.raises(ValidationError, match="either a user or a network"):
            block.full_clean()


def test_deleting_a_user_takes_counts_and_block_along(admin: User, root: User) -> None:
    consume(admin)
    UploadBlock.objects.create(user=admin, reason="x")
    UploadBlock.objects.create(network="192.0.2.0/24", reason="x", blocked_by=admin)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [admin.id])
    assert not UploadCounter.objects.exists()
    assert UploadBlock.objects.get().blocked_by is None


# --- log, metric, admin -------------------------------------------------------------------------


def test_a_refusal_is_logged_and_counted_by_ids_alone(admin: User, acme: Organisation) -> None:
    passes(admin, 10)
    with capture_logs() as logs:
        refused = refusal(admin)
        refusal(admin)
    assert logs[0] == {
        "event": "csv_rate_limit_hit",
        "log_level": "warning",
        "user_id": str(admin.id),
        "organization_id": str(acme.id),
        "limit_type": "csv_import",
        "retry_after_seconds": refused.retry_after_seconds,
    }
    assert totals("csv_rate_limit_violations_total") == {"csv_import": 2}


def test_staff_block_and_see_who_did(root: User, admin: User, client: Client) -> None:
    client.force_login(root)
    form = {"user": str(admin.id), "network": "", "reason": "x", "until_0": "", "until_1": ""}
    assert client.post("/admin/imports/uploadblock/add/", form).status_code == 302
    assert UploadBlock.objects.get().blocked_by == root
    page = client.get("/admin/imports/uploadblock/")
    assert "root@marketedge.example" in page.content.decode()
    form |= {"user": "", "network": "nonsense"}
    page = client.post("/admin/imports/uploadblock/add/", form)
    assert "nonsense is not a network" in page.content.decode()


def test_staff_set_an_organisation_s_limits(root: User, acme: Organisation, client: Client) -> None:
    client.force_login(root)
    form = {"organisation": acme.id, "limit_type": "csv_import", "per_hour": 0, "per_day": 5}
    page = client.post("/admin/imports/uploadlimit/add/", form)
    assert "greater than or equal to 1" in page.content.decode()
    assert client.post("/admin/imports/uploadlimit/add/", form | {"per_hour": 3}).status_code == 302
    assert "Acme" in client.get("/admin/imports/uploadlimit/").content.decode()
    page = client.post("/admin/imports/uploadlimit/add/", form | {"per_hour": 3})
    assert "has limits of its own" in page.content.decode()


def test_an_organisation_s_administrator_sees_neither(admin: User, client: Client) -> None:
    admin.is_staff = True
    admin.save(update_fields=["is_staff"])
    client.force_login(admin)
    for page in ("uploadblock", "uploadlimit"):
        assert client.get(f"/admin/imports/{page}/").status_code == 403


class Page:
    """As much of an admin page as the action needs."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def message_user(self, request: Any, *said: Any) -> None:
        self.said.append(said)


def test_staff_reset_limits_from_the_list_of_users(admin: User, other_admin: User) -> None:
    passes(admin, 10)
    passes(other_admin, 10)
    page: Any = Page()
    reset_limits.reset_upload_limits(page, HttpRequest(), User.objects.all())
    assert page.said == [("The upload limits of 2 user(s) are reset.",)]
    assert usage(admin).remaining == usage(other_admin).remaining == 10


# --- the page for operators ---------------------------------------------------------------------

GUIDE = (ROOT / "docs" / "rate-limiting.md").read_text()


def fenced(language: str) -> list[str]:
    """The guide's blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("redis-cli"), reason="needs Debian's redis-tools")
@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_guide_works(
    admin: User, root: User, start: Callable[..., ModuleProcess]
) -> None:
    """One after the other in one shell that ends at the first failure, as an operator's would."""
    token = {"METRICS_TOKEN": "a token of at least 32 characters"}
    own = token | {"MARKETEDGE": serve(start, **token), "no_proxy": "127.0.0.1"}
    passes(admin, 10)
    refusal(admin)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = "\n".join(fenced("bash"))
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=environment() | own | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"upload_rate:csv_import:{admin.id}:hour:" in done.stdout
    assert "\n10\n" in done.stdout
    assert 'csv_rate_limit_violations_total{limit_type="csv_import"} 1.0' in done.stdout
    assert not UploadBlock.objects.exists()
    assert usage(admin).remaining == 10


def test_the_python_and_sql_of_the_guide_work(admin: User) -> None:
    passes(admin, 10)
    for text in fenced("python"):
        exec(text.replace("<user-id>", str(admin.id)), {})
    with connection.cursor() as cursor:
        for text in fenced("sql"):
            cursor.execute(text)
    assert (usage(admin).remaining, usage(admin).limit) == (40, 40)


def test_the_guide_names_settings_that_hold() -> None:
    given = dict(line.split("=", 1) for block in fenced("dotenv") for line in block.splitlines())
    shown = subprocess.run(
        [sys.executable, "-c", "from marketedge.settings import *; print(UPLOAD_RATE_LIMITS)"],
        cwd=ROOT,
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert given["UPLOAD_RATE_LIMIT_CSV_IMPORT"] in shown
    assert given["UPLOAD_RATE_LIMIT_FILE_UPLOAD"] in shown
