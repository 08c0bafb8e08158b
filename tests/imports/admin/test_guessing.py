"""Administrators of an organisation can't guess what their pages do not show.

Each test asks twice, with a guess that is right and with one that is wrong, and compares the
answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.admin.models import CHANGE, LogEntry

from imports.models import AuditEvent, ImportBatch
from tests.imports.admin.helpers import admin_client, visible_text
from tests.imports.audit.helpers import make_event, submit_import
from users.admin.base import ModelAdmin
from users.credentials import api_keys
from users.models import ApiKey, Organisation, User

pytestmark = pytest.mark.django_db

EVENTS, KEYS = "/admin/imports/auditevent/", "/admin/users/apikey/"
BATCHES, USERS = "/admin/imports/importbatch/", "/admin/users/user/"


@pytest.fixture
def hidden_event(root: User, acme: Organisation) -> AuditEvent:
    """What platform staff did to Acme, from an IP address that Acme does not see."""
    return make_event(user_id=root.id, organisation_id=acme.id, client_ip="198.51.100.66")


@pytest.fixture
def key_of_staff(root: User, acme: Organisation) -> ApiKey:
    """A key in Acme whose user is platform staff."""
    return api_keys.create(user_id=root.id, organisation_id=acme.id, name="sync")[0]


def answer(user: User, url: str, parameters: dict[str, str]) -> tuple[int, list[Any]]:
    """The status of a list, and the ids on it."""
    page = admin_client(user).get(url, parameters)
    rows = page.context["cl"].result_list if page.status_code == 200 else []
    return page.status_code, [row.pk for row in rows]


def test_hidden_columns_can_not_be_guessed_by_parameters_of_a_list(
    admin: User, hidden_event: AuditEvent, key_of_staff: ApiKey
) -> None:
    submit_import(admin)
    ImportBatch.objects.everywhere().update(idempotency_key="secret")
    guesses = [
        (EVENTS, "client_ip__startswith", "198.51", "203.0"),
        (EVENTS, "client_ip", "198.51.100.66", "203.0.113.1"),
        (EVENTS, "visible_ip__isnull", "True", "False"),
        (EVENTS, "id__gt", "0", str(hidden_event.id + 99)),
        (KEYS, "key_hash__startswith", key_of_staff.key_hash[:2], "zz"),
        (KEYS, "key_hash__regex", ".", "zz"),
        (KEYS, "user__email__startswith", "root", "boot"),
        (KEYS, "user__is_superuser__exact", "1", "0"),
        (BATCHES, "idempotency_key__startswith", "sec", "zzz"),
        (BATCHES, "uploaded_by__email__startswith", "admin", "zzz"),
        (USERS, "password__startswith", "md5", "zzz"),
        (USERS, "last_login__isnull", "True", "False"),
        (USERS, "is_staff", "1", "0"),
        (USERS, "api_keys__key_hash__startswith", "a", "zzz"),
    ]
    for url, name, right, wrong in guesses:
        for value in (right, wrong):
            assert answer(admin, url, {name: value}) == (400, []), (url, name, value)


@pytest.mark.parametrize("url", [EVENTS, KEYS, BATCHES, USERS])
def test_the_filters_of_a_list_and_links_to_it_work(
    url: str, admin: User, root: User, hidden_event: AuditEvent
) -> None:
    for user in (admin, root):
        page = admin_client(user).get(url)
        for spec in page.context["cl"].filter_specs:
            for choice in spec.choices(page.context["cl"]):
                query = choice.get("query_string", choice.get("all"))
                assert admin_client(user).get(url + query).status_code == 200
    by_date = {"created_at__year": "2026", "created_at__month": "5"}
    assert answer(admin, EVENTS, by_date)[0] == 200
    batch = submit_import(admin)
    assert answer(admin, USERS, {"import_batch_id": str(batch.id)}) == (200, [])


def test_every_registered_page_restricts_its_list() -> None:
    assert all(isinstance(page, ModelAdmin) for page in django_admin.site._registry.values())


def test_a_search_finds_no_hidden_user_and_no_hidden_ip_address(
    admin: User, root: User, hidden_event: AuditEvent, key_of_staff: ApiKey
) -> None:
    for url, right, wrong in (
        (EVENTS, root.email, "boot@marketedge.example"),
        (EVENTS, "198.51.100.66", "198.51.100.67"),
        (KEYS, root.email, "boot@marketedge.example"),
        (KEYS, "root", "boot"),
    ):
        assert answer(admin, url, {"q": right}) == answer(admin, url, {"q": wrong}), right
    assert answer(root, KEYS, {"q": root.email}) == (200, [key_of_staff.id])


def test_the_order_by_ip_address_does_not_tell_hidden_ones(
    admin: User, hidden_event: AuditEvent
) -> None:
    page = admin_client(admin).get(EVENTS)
    column = page.context["cl"].list_display.index("ip")
    found = []
    for ip in ("198.51.100.1", "198.51.100.99"):  # lower and higher than the hidden one
        own = make_event(user_id=admin.id, organisation_id=admin.organisation_id, client_ip=ip)
        _, ids = answer(admin, EVENTS, {"o": str(column)})
        found.append(ids.index(own.id) < ids.index(hidden_event.id))
    assert found[0] == found[1]


def test_a_key_of_platform_staff_does_not_name_its_user(
    admin: User, root: User, key_of_staff: ApiKey
) -> None:
    for url in (KEYS, f"{KEYS}{key_of_staff.id}/change/"):
        text = visible_text(admin_client(admin).get(url))
        assert key_of_staff.prefix in text
        assert "root@" not in text
        assert "root@" in visible_text(admin_client(root).get(url))


def test_the_history_of_a_row_names_only_users_of_the_own_organisation(
    admin: User, root: User, other_admin: User, viewer: User, make_user: Callable[..., User]
) -> None:
    for user in (root, other_admin, admin):
        LogEntry.objects.log_actions(user.pk, [viewer], CHANGE, "Changed.", single_object=True)
    url = f"{USERS}{viewer.id}/history/"
    text = visible_text(admin_client(admin).get(url))
    assert text.count("Changed.") == 3
    names = set(re.findall(r"\w+@[\w.]+", text)) - {viewer.email}
    assert names == {admin.email}
    assert text.count("MarketEdge&#x27;s staff") == 2
    assert root.email in visible_text(admin_client(root).get(url))
