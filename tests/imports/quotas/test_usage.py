"""How many uploads pass, what they cost, and what clients are told."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from structlog.testing import capture_logs

from imports import quotas
from imports.errors import FileEmpty, QuotaExceeded
from imports.models import MetricCounter, UploadCounter, UploadLimit
from tests.conftest import ROOT, environment
from tests.imports.quotas.helpers import (
    consume,
    in_parallel,
    parallel_passes,
    passes,
    redis_counts,
    redis_keys,
    refusal,
    usage,
    windows,
)
from users.models import Organisation, User

pytestmark = pytest.mark.usefixtures("patient_redis")


def test_ten_imports_pass_in_an_hour_and_the_headers_count_down(admin: User) -> None:
    headers = [consume(admin).headers() for _ in range(10)]
    assert [one["X-RateLimit-Remaining"] for one in headers] == [str(n) for n in range(9, -1, -1)]
    assert {one["X-RateLimit-Limit"] for one in headers} == {"10"}
    assert {one["X-RateLimit-Reset"] for one in headers} == {str(windows(admin)["hour"].reset)}
    refused = refusal(admin)
    assert (refused.status, refused.code) == (429, "quota_exceeded")
    assert refused.headers()["X-RateLimit-Remaining"] == "0"
    assert "10 imports" in refused.detail
    assert "in one hour" in refused.detail


def test_a_refused_upload_is_not_counted(admin: User, acme: Organisation) -> None:
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=4, per_day=3)
    assert passes(admin, 20) == 3
    assert redis_counts(admin) == {"hour": 3, "day": 3}
    assert {counter.count for counter in UploadCounter.objects.all()} == {3}


def test_an_invalid_upload_costs_nothing(admin: User) -> None:
    passes(admin, 9)
    for _ in range(5):
        consumed = consume(admin)
        assert consumed.remaining == 0
        assert quotas.refund(consumed.windows).headers()["X-RateLimit-Remaining"] == "1"
    assert passes(admin, 5) == 1


def charged(user: User) -> AbstractContextManager[quotas.Charge]:
    """`quotas.charged` for an import into the user's own organisation."""
    return quotas.charged(
        user=user, organisation_id=user.organisation_id, limit_type="csv_import", ip=None
    )


def test_charged_refunds_the_upload_if_the_block_raises(admin: User) -> None:
    with charged(admin) as charge:
        assert charge.usage.remaining == 9
    assert usage(admin).remaining == 9
    with pytest.raises(FileEmpty), charged(admin) as charge:
        raise FileEmpty
    assert charge.usage.remaining == usage(admin).remaining == 9


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_failed_refund_does_not_hide_the_first_error(
    admin: User, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error("the connection is closed")

    monkeypatch.setattr(type(UploadCounter.objects), "refund", fail)
    with pytest.raises(FileEmpty), charged(admin) as charge:
        raise FileEmpty
    assert charge.usage is None


def test_a_refund_of_an_upload_that_was_not_counted_changes_nothing(admin: User) -> None:
    quotas.refund(tuple(windows(admin).values()))
    assert redis_counts(admin) == {"hour": None, "day": None}
    consume(admin)
    for _ in range(3):
        quotas.refund(tuple(windows(admin).values()))
    assert redis_counts(admin) == {"hour": 0, "day": 0}
    assert {counter.count for counter in UploadCounter.objects.all()} == {0}
    assert passes(admin, 11) == 10


def test_reading_the_usage_counts_nothing_and_creates_no_key(admin: User) -> None:
    assert [usage(admin).remaining for _ in range(3)] == [10, 10, 10]
    assert redis_counts(admin) == {"hour": None, "day": None}
    assert not UploadCounter.objects.exists()


def test_two_users_behind_one_ip_address_have_separate_quotas(
    admin: User, make_user: Any, acme: Organisation
) -> None:
    colleague = make_user("colleague@acme.example", "admin", acme)
    passes(admin, 10)
    assert consume(colleague).remaining == 9


def test_a_user_has_one_quota_for_all_organisations(
    root: User, acme: Organisation, globex: Organisation
) -> None:
    for number in range(10):
        consume(root, organisation_id=(acme, globex)[number % 2].id)
    refusal(root)


def test_imports_and_previews_are_counted_separately(admin: User) -> None:
    assert passes(admin, 31, "file_upload") == 30
    assert consume(admin).limit == 10


def test_with_rate_limits_off_all_uploads_pass_and_no_headers_are_sent(
    admin: User, settings: Any
) -> None:
    settings.RATE_LIMIT_ENABLED = False
    assert passes(admin, 40) == 40
    consumed = consume(admin)
    assert consumed.headers() == usage(admin).headers() == {}
    assert quotas.refund(consumed.windows).headers() == {}
    assert redis_keys(admin) == []


def metric_totals(name: str) -> dict[str, int]:
    """The totals of a metric by the values of its labels."""
    found = MetricCounter.objects.filter(name=name)
    return {" ".join(row.labels.values()): row.value for row in found}


def test_the_log_and_the_metric_of_a_refusal_hold_ids_only(admin: User, acme: Organisation) -> None:
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
    assert metric_totals("csv_rate_limit_violations_total") == {"csv_import": 2}


@pytest.mark.django_db(transaction=True)
def test_ten_of_forty_parallel_uploads_pass(admin: User) -> None:
    assert parallel_passes(admin, 40) == 10
    assert {counter.count for counter in UploadCounter.objects.all()} == {10}


UPLOAD_IN_PARALLEL = """
import django, sys
django.setup()
from tests.imports.quotas.helpers import parallel_passes
from users.models import User
user = User.objects.everywhere().get(id=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(parallel_passes(user, 10), file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_ten_of_forty_uploads_from_four_processes_pass(admin: User) -> None:
    command = [sys.executable, "-c", UPLOAD_IN_PARALLEL, str(admin.id)]
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
        for process in started:  # they begin when all are ready
            assert process.stdout.readline() == "ready\n"
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        passed = [int(process.communicate()[1]) for process in started]
    assert sum(passed) == 10


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_and_refunds_leave_the_whole_quota(admin: User) -> None:
    def invalid_upload() -> int:
        try:
            consumed = consume(admin)
        except QuotaExceeded:
            return 0
        quotas.refund(consumed.windows)
        return 1

    assert sum(in_parallel(invalid_upload, 40)) >= 10
    assert usage(admin).remaining == 10
    assert passes(admin, 11) == 10
