"""Users and networks that may not upload."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from structlog.testing import capture_logs

from imports.errors import UploadBlocked
from imports.models import UploadBlock, UploadCounter
from tests.imports.quotas.helpers import consume, run_command, usage
from users.models import User

pytestmark = pytest.mark.usefixtures("patient_redis")


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
    ("network", "ip", "is_blocked"),
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
    admin: User, network: str, ip: str | None, is_blocked: bool
) -> None:
    run_command("block_uploads", network, "--reason", "a flood")
    if is_blocked:
        with pytest.raises(UploadBlocked, match="your network"):
            consume(admin, ip=ip)
    else:
        assert consume(admin, ip=ip)


def test_a_block_ends_at_its_time(admin: User) -> None:
    soon, past = timezone.now() + timedelta(minutes=5), timezone.now() - timedelta(seconds=1)
    block = UploadBlock.objects.create(user=admin, reason="x", until=soon)
    with pytest.raises(UploadBlocked, match=f"until {soon:%Y-%m-%d %H:%M} UTC"):
        consume(admin)
    UploadBlock.objects.filter(id=block.id).update(until=past)
    assert consume(admin)


def test_the_block_list_applies_with_rate_limits_off(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = False
    UploadBlock.objects.create(user=admin, reason="x")
    with pytest.raises(UploadBlocked):
        consume(admin)


def test_commands_block_and_unblock_a_user(admin: User, root: User) -> None:
    output = run_command(
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
    assert output == f"Block of user {admin.id} holds until {block.until:%Y-%m-%d %H:%M} UTC.\n"
    output = run_command("block_uploads", str(admin.id), "--reason", "for good")
    block.refresh_from_db()
    assert (block.until, block.reason) == (None, "for good")
    assert output == f"Block of user {admin.id} holds until it is lifted.\n"
    run_command("unblock_uploads", "admin@acme.example")
    assert consume(admin)


def test_an_end_without_a_time_zone_is_utc(admin: User) -> None:
    run_command("block_uploads", "192.0.2.9/24", "--reason", "x", "--until", "2099-01-02T03:04")
    block = UploadBlock.objects.get()
    assert block.network == "192.0.2.0/24"
    assert block.until.isoformat() == "2099-01-02T03:04:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody@acme.example"], "There is no user nobody@acme.example"),
        (["300.0.2.0/24"], "300.0.2.0/24 is not a network"),
        (["10.0.0.0/7"], "too wide to block: /8 is the widest"),
        (["::/0"], "FEATURE_USER_MANAGEMENT"),
        (["192.0.2.0/24", "--until", "tomorrow"], "tomorrow can't be read"),
        (["192.0.2.0/24", "--until", "2020-01-01"], "2020-01-01 00:00 UTC is in the past"),
        (["192.0.2.0/24", "--hours", "-1"], "is in the past"),
        (["192.0.2.0/24", "--hours", "1e12"], "can't be read"),
        (["192.0.2.0/24", "--by", "nobody@acme.example"], "There is no user"),
    ],
)
def test_an_impossible_block_is_refused_with_an_explanation(
    db: None, arguments: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run_command("block_uploads", *arguments, "--reason", "x")
    assert not UploadBlock.objects.exists()


def test_lifting_an_unknown_block_lists_the_blocks(admin: User) -> None:
    with pytest.raises(CommandError, match="Current blocks: none"):
        run_command("unblock_uploads", "192.0.2.0/24")
    run_command("block_uploads", "192.0.2.0/24", "--reason", "x")
    with pytest.raises(CommandError, match=re.escape("Current blocks: Block of 192.0.2.0/24.")):
        run_command("unblock_uploads", "192.0.2.7")


def test_a_block_needs_either_a_user_or_a_network(admin: User) -> None:
    for block in (UploadBlock(reason="x"), UploadBlock(reason="x", user=admin, network="::1")):
        with pytest.raises(ValidationError, match="either a user or a network"):
            block.full_clean()


def test_deleting_a_user_deletes_their_counters_and_block(admin: User, root: User) -> None:
    consume(admin)
    UploadBlock.objects.create(user=admin, reason="x")
    UploadBlock.objects.create(network="192.0.2.0/24", reason="x", blocked_by=admin)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [admin.id])
    assert not UploadCounter.objects.exists()
    assert UploadBlock.objects.get().blocked_by is None
