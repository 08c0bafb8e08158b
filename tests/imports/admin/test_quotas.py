"""Quotas, the block list and the feature switch in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from imports.models import ImportBatch, Upload, UploadBlock
from tests.imports.admin.helpers import (
    IMPORT_URL,
    admin_client,
    confirm,
    csv_bytes,
    nothing_is_staged,
    upload,
    valid_rows,
    visible_text,
)
from tests.imports.quotas.helpers import passes, usage
from users.models import Organisation, User

pytestmark = pytest.mark.django_db


def test_an_import_over_the_quota_is_refused_and_says_when_to_try_again(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | {"csv_import": "2/h,50/d"}
    client = admin_client(admin)
    for number in range(2):
        rows = valid_rows(1, start=number)
        assert confirm(client, upload(client, acme, csv_bytes(rows))).status_code == 302
    answer = confirm(client, upload(client, acme))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer["X-RateLimit-Remaining"] == "0"
    assert "used up the 2 imports" in visible_text(answer)
    assert "3 will be imported" in visible_text(answer)  # the preview is still there
    assert ImportBatch.objects.everywhere().count() == 2


def test_previews_have_a_quota_that_refused_files_do_not_use(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | {"file_upload": "1/h,100/d"}
    client = admin_client(admin)
    assert upload(client, acme, b"").status_code == 400
    page = upload(client, acme)
    assert (page.status_code, page["X-RateLimit-Remaining"]) == (200, "0")
    answer = upload(client, acme)
    assert answer.status_code == 429
    assert "used up the 1 previews" in visible_text(answer)
    assert Upload.objects.everywhere().count() == 1


def test_a_blocked_user_may_not_preview(admin: User, acme: Organisation) -> None:
    UploadBlock.objects.create(user=admin, reason="a test")
    answer = upload(admin_client(admin), acme)
    assert answer.status_code == 403
    assert "blocked" in visible_text(answer)
    assert nothing_is_staged()


def test_with_user_management_switched_off_there_is_no_button_and_the_page_says_so(
    admin: User, acme: Organisation, settings: Any
) -> None:
    client = admin_client(admin)
    page = upload(client, acme)
    settings.FEATURE_USER_MANAGEMENT = False
    assert IMPORT_URL not in client.get("/admin/users/user/").content.decode()
    for answer in (client.get(IMPORT_URL), upload(client, acme), confirm(client, page)):
        assert answer.status_code == 503
        assert "switched off" in visible_text(answer)
    assert not ImportBatch.objects.everywhere().exists()


def test_a_user_logged_out_between_the_steps_is_redirected_to_the_login(
    admin: User, acme: Organisation
) -> None:
    page = upload(admin_client(admin), acme)
    answer = confirm(Client(), page)
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")
    assert not ImportBatch.objects.everywhere().exists()


def test_platform_staff_block_a_user_and_the_block_names_its_author(
    root: User, admin: User, acme: Organisation
) -> None:
    client = admin_client(root)
    sent = {"user": admin.id, "network": "", "reason": "sends spam", "until_0": "", "until_1": ""}
    assert client.post("/admin/imports/uploadblock/add/", sent).status_code == 302
    assert UploadBlock.objects.get().blocked_by == root
    assert upload(admin_client(admin), acme).status_code == 403


def test_platform_staff_set_the_limits_of_an_organisation(
    root: User, admin: User, acme: Organisation
) -> None:
    client = admin_client(root)
    sent = {"organisation": acme.id, "limit_type": "file_upload", "per_hour": 1, "per_day": 1}
    assert client.post("/admin/imports/uploadlimit/add/", sent).status_code == 302
    assert upload(admin_client(admin), acme)["X-RateLimit-Limit"] == "1"
    assert upload(admin_client(admin), acme).status_code == 429


def test_platform_staff_reset_the_limits_of_a_user(
    root: User, admin: User, acme: Organisation, settings: Any
) -> None:
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | {"file_upload": "1/h,1/d"}
    client = admin_client(admin)
    assert [upload(client, acme).status_code for _ in range(2)] == [200, 429]
    sent = {"action": "reset_upload_limits", "_selected_action": [admin.id]}
    page = admin_client(root).post("/admin/users/user/", sent, follow=True)
    assert "Upload limits reset for 1 user." in visible_text(page)
    assert "reset_upload_limits" not in client.get("/admin/users/user/").content.decode()


def test_the_action_resets_the_limits_of_all_chosen_users(
    root: User, admin: User, other_admin: User, patient_redis: None
) -> None:
    passes(admin, 10)
    passes(other_admin, 10)
    sent = {"action": "reset_upload_limits", "_selected_action": [admin.id, other_admin.id]}
    page = admin_client(root).post("/admin/users/user/", sent, follow=True)
    assert "Upload limits reset for 2 users." in visible_text(page)
    assert usage(admin).remaining == usage(other_admin).remaining == 10


def test_the_list_of_blocks_shows_who_created_them(root: User, admin: User) -> None:
    UploadBlock.objects.create(user=admin, reason="x", blocked_by=root)
    page = admin_client(root).get("/admin/imports/uploadblock/")
    assert "root@marketedge.example" in page.content.decode()


def test_a_block_of_an_invalid_network_is_refused(root: User) -> None:
    sent = {"user": "", "network": "nonsense", "reason": "x", "until_0": "", "until_1": ""}
    page = admin_client(root).post("/admin/imports/uploadblock/add/", sent)
    assert "nonsense is not a network" in page.content.decode()
    assert not UploadBlock.objects.exists()


def test_limits_of_an_organisation_are_positive_and_set_only_once(
    root: User, acme: Organisation
) -> None:
    client, url = admin_client(root), "/admin/imports/uploadlimit/"
    sent = {"organisation": acme.id, "limit_type": "csv_import", "per_hour": 0, "per_day": 5}
    page = client.post(f"{url}add/", sent)
    assert "greater than or equal to 1" in page.content.decode()
    assert client.post(f"{url}add/", sent | {"per_hour": 3}).status_code == 302
    assert "Acme" in client.get(url).content.decode()
    page = client.post(f"{url}add/", sent | {"per_hour": 3})
    assert "has limits of its own" in page.content.decode()


@pytest.mark.parametrize("page", ["uploadblock", "uploadlimit"])
def test_an_administrator_of_an_organisation_may_not_see_blocks_and_limits(
    admin: User, page: str
) -> None:
    assert admin_client(admin).get(f"/admin/imports/{page}/").status_code == 403
