"""Quotas, the block list and the switches, at the admin site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from imports.models import ImportBatch, Upload, UploadBlock
from tests.imports.admin.helpers import (
    IMPORT,
    at_the_admin,
    confirm,
    nothing_was_staged,
    text_of,
    upload,
)
from tests.imports.api.helpers import csv_bytes, valid_rows
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_the_eleventh_import_of_an_hour_is_refused_with_the_time_to_wait(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = {"csv_import": "2/h,50/d", "file_upload": "30/h,100/d"}
    client = at_the_admin(admin)
    for number in range(2):
        rows = valid_rows(1, start=number)
        assert confirm(client, upload(client, acme, csv_bytes(rows))).status_code == 302
    answer = confirm(client, upload(client, acme))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer["X-RateLimit-Remaining"] == "0"
    assert "used up the 2 imports" in text_of(answer)
    assert "3 will be imported" in text_of(answer)  # the preview is still there
    assert ImportBatch.objects.count() == 2


def test_previews_have_a_quota_too_and_refused_files_cost_nothing_of_it(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = {"csv_import": "10/h,50/d", "file_upload": "1/h,100/d"}
    client = at_the_admin(admin)
    assert upload(client, acme, b"").status_code == 400
    page = upload(client, acme)
    assert (page.status_code, page["X-RateLimit-Remaining"]) == (200, "0")
    answer = upload(client, acme)
    assert answer.status_code == 429
    assert "used up the 1 previews" in text_of(answer)
    assert Upload.objects.count() == 1


def test_who_is_blocked_may_not_even_preview(admin: User, acme: Organisation) -> None:
    UploadBlock.objects.create(user=admin, reason="a test")
    answer = upload(at_the_admin(admin), acme)
    assert answer.status_code == 403
    assert "blocked" in text_of(answer)
    assert nothing_was_staged()


def test_with_user_management_switched_off_the_button_is_gone_and_its_address_says_so(
    admin: User, acme: Organisation, settings: Any
) -> None:
    client = at_the_admin(admin)
    page = upload(client, acme)
    settings.FEATURE_USER_MANAGEMENT = False
    assert IMPORT not in client.get("/admin/users/user/").content.decode()
    for answer in (client.get(IMPORT), upload(client, acme), confirm(client, page)):
        assert answer.status_code == 503
        assert "switched off" in text_of(answer)
    assert not ImportBatch.objects.exists()


def test_who_is_logged_out_between_the_steps_is_asked_to_log_in(
    admin: User, acme: Organisation
) -> None:
    page = upload(at_the_admin(admin), acme)
    answer = confirm(Client(), page)
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")
    assert not ImportBatch.objects.exists()


def test_platform_staff_block_a_user_and_it_is_noted_who_did_it(
    root: User, admin: User, acme: Organisation
) -> None:
    client = at_the_admin(root)
    sent = {"user": admin.id, "network": "", "reason": "sends spam", "until_0": "", "until_1": ""}
    assert client.post("/admin/imports/uploadblock/add/", sent).status_code == 302
    assert UploadBlock.objects.get().blocked_by == root
    assert upload(at_the_admin(admin), acme).status_code == 403


def test_an_organisation_gets_limits_of_its_own(
    root: User, admin: User, acme: Organisation
) -> None:
    client = at_the_admin(root)
    sent = {"organisation": acme.id, "limit_type": "file_upload", "per_hour": 1, "per_day": 1}
    assert client.post("/admin/imports/uploadlimit/add/", sent).status_code == 302
    assert upload(at_the_admin(admin), acme)["X-RateLimit-Limit"] == "1"
    assert upload(at_the_admin(admin), acme).status_code == 429


def test_platform_staff_give_somebody_the_whole_quota_again(
    root: User, admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = {"csv_import": "10/h,50/d", "file_upload": "1/h,1/d"}
    client = at_the_admin(admin)
    assert [upload(client, acme).status_code for _ in range(2)] == [200, 429]
    sent = {"action": "reset_upload_limits", "_selected_action": [admin.id]}
    page = at_the_admin(root).post("/admin/users/user/", sent, follow=True)
    assert "are reset" in text_of(page)
    assert "reset_upload_limits" not in client.get("/admin/users/user/").content.decode()
