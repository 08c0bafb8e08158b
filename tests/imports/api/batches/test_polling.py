"""Polling an import: ETag, 304, permissions and the number of queries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from imports.api.batches.detail import POLL_SECONDS
from imports.engine import runner
from imports.models import ImportBatch
from tests.conftest import ROOT, client_of
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    import_file,
    imports_url,
    post_import,
    run_batch,
    valid_rows,
)
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_polling_answers_304_until_the_batch_changes(api: APIClient, acme: Organisation) -> None:
    batch_id = post_import(api, acme).json()["id"]
    path = f"{imports_url(acme)}/{batch_id}"
    first = api.get(path)
    assert first["Retry-After"] == "2"
    known = {"If-None-Match": first["ETag"]}
    again = api.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (again["ETag"], again["Retry-After"]) == (first["ETag"], "2")
    assert first["Cache-Control"] == again["Cache-Control"] == "no-store"
    run_batch(batch_id)
    done = api.get(path, headers=known)
    assert done.status_code == 200
    assert done["ETag"] != first["ETag"]
    assert "Retry-After" not in done


def test_the_etag_changes_with_every_chunk(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch_id = post_import(api, acme, csv_bytes(valid_rows(6))).json()["id"]
    path, seen = f"{imports_url(acme)}/{batch_id}", set[str]()
    for processed in (0, 2, 4, 6):
        answer = api.get(path)
        seen.add(answer["ETag"])
        assert answer.json()["processed_rows"] == processed
        assert answer.json()["progress"]["percent"] == 100 * processed // 6
        runner.run(batch_id, lambda: True)  # one chunk
    assert len(seen) == 4


def test_a_304_takes_two_queries_and_does_not_serialize_the_batch(
    api: APIClient, acme: Organisation, django_assert_num_queries: Any, monkeypatch: Any
) -> None:
    path = f"{imports_url(acme)}/{post_import(api, acme).json()['id']}"
    etag = api.get(path)["ETag"]
    monkeypatch.setattr("imports.api.batches.detail.BatchSerializer", None)
    with django_assert_num_queries(2):  # the user, the batch with its organisation
        assert api.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_a_304_is_given_only_to_users_who_may_see_the_import(
    api: APIClient,
    acme: Organisation,
    globex: Organisation,
    root: User,
    viewer: User,
    other_admin: User,
    settings: Any,
) -> None:
    """`read_batch`, which is made to be fast, checks what `organisation_for` checks."""
    batch_id = post_import(api, acme).json()["id"]
    path = f"{imports_url(acme)}/{batch_id}"
    known = {"If-None-Match": api.get(path)["ETag"]}

    def status(client: APIClient, path: str = path) -> int:
        return int(client.get(path, headers=known).status_code)

    assert (status(api), status(client_of(root))) == (304, 304)
    assert status(client_of(viewer)) == 403
    assert status(client_of(other_admin)) == 404
    for client in (client_of(root), client_of(other_admin)):
        assert status(client, f"{imports_url(globex)}/{batch_id}") == 404
    settings.FEATURE_USER_MANAGEMENT = False
    assert status(api) == 503
    settings.FEATURE_USER_MANAGEMENT = True
    Organisation.objects.filter(id=acme.id).update(is_active=False)
    assert (status(api), status(client_of(root))) == (401, 403)


@pytest.mark.parametrize(
    ("header", "is_match"),
    [
        ("{}", True),
        ("W/{}", True),
        ('"other", {}', True),
        ('"other",W/{} , "more"', True),
        ('"with, comma", {}', True),
        ("*", True),
        ("", False),
        ('"other"', False),
        ('W/"other", "more"', False),
        ('"*"', False),
        ("no quotes", False),
    ],
)
def test_if_none_match_is_compared_as_rfc_9110_says(
    api: APIClient, acme: Organisation, header: str, is_match: bool
) -> None:
    path = f"{imports_url(acme)}/{post_import(api, acme).json()['id']}"
    known = header.format(api.get(path)["ETag"])
    answer = api.get(path, headers={"If-None-Match": known})
    assert answer.status_code == (304 if is_match else 200)


def test_the_server_keeps_connections_open_longer_than_the_polling_interval() -> None:
    """Otherwise it may close a connection while the next request arrives, and the client fails."""
    found = re.search(r"^keepalive = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert found
    assert int(found[1]) > 2 * POLL_SECONDS


def test_the_number_of_queries_does_not_depend_on_the_length_of_a_list(
    api: APIClient, acme: Organisation, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        import_file(api, acme, csv_bytes([INVALID_ROW, INVALID_ROW]))
    with django_assert_num_queries(4):  # user, organisation, count, page
        api.get(imports_url(acme))
    path = f"{imports_url(acme)}/{ImportBatch.objects.everywhere().all()[0].id}/errors"
    with django_assert_num_queries(6):  # and the batch, and the rows of the errors
        api.get(path)
