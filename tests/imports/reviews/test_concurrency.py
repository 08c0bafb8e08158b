"""Reviews that several people, requests and clean-ups use at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from rest_framework.test import APIClient

from imports.engine.upkeep import retention
from imports.models import AuditEvent, ImportBatch, Review, ReviewRow, Upload
from tests.conftest import client_of
from tests.imports.api.helpers import imports_url
from tests.imports.reviews.helpers import Reviewed, reviewed, row
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("patient_redis")]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answers of calls that are made at the same time, each on a connection of its own."""
    answers: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], Any]) -> None:
        start.wait(60)
        try:
            answers[place] = call()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_two_first_looks_at_once_begin_one_review(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = reviewed(api, acme, [row(f"Ada{n}") for n in range(300)])
    calls = [lambda: client_of(admin).get(review.url)] * 3
    answers = at_once(*calls)
    assert [one.status_code for one in answers] == [200, 200, 200]
    assert ReviewRow.objects.of(acme.id).count() == 300


def test_of_two_changes_of_one_revision_one_is_refused(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = reviewed(api, acme, [row("Ada"), row("Ida")])
    review.get()
    clients = [client_of(admin), client_of(admin)]
    answers = at_once(
        *(lambda c=c, n=n: Reviewed(c, acme, review.upload_id).send(dropped=[n])
          for n, c in enumerate(clients, start=2))
    )  # fmt: skip
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert review.get()["counts"]["dropped"] == 1


def test_of_a_change_and_an_import_of_one_revision_one_is_refused(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = reviewed(api, acme, [row("Ada"), row("Ida")])
    review.get()
    mine, theirs = (Reviewed(client_of(admin), acme, review.upload_id) for _ in range(2))
    changed, submitted = at_once(lambda: mine.send(dropped=[2]), lambda: theirs.submit(revision=1))
    assert {changed.status_code, submitted.status_code} in ({200, 409}, {202, 409})
    batch = ImportBatch.objects.of(acme.id).first()
    assert (batch is None) == (changed.status_code == 200)
    assert batch is None or batch.total_rows == 2


# --- retention --------------------------------------------------------------------------------


def age(days: float) -> None:
    """Makes all uploads and reviews so much older."""
    past = timedelta(days=days)
    Upload.objects.everywhere().update(created_at=F("created_at") - past)
    Review.objects.everywhere().update(changed_at=F("changed_at") - past)


def test_a_reviewed_file_is_kept_for_a_week_after_its_last_change(
    api: APIClient, acme: Organisation
) -> None:
    review, unseen = reviewed(api, acme, [row("Ada")]), reviewed(api, acme, [row("Ida")])
    review.edit(2, "role", "admin")
    age(6.9)
    assert retention.purge(dry_run=True).uploads == retention.purge().uploads == 1
    assert api.get(unseen.url).status_code == 404
    review.edit(2, "role", "viewer")
    age(6.9)
    assert retention.purge().uploads == 0
    age(0.2)
    assert retention.purge().uploads == 1
    assert api.get(review.url).status_code == 404
    assert not ReviewRow.objects.everywhere().exists()


def test_the_time_of_the_deletion_is_told(api: APIClient, acme: Organisation) -> None:
    review = reviewed(api, acme, [row("Ada")])
    expires = Review.objects.everywhere
    told = review.get()["expires_at"]
    assert told[:19] == f"{expires().get().changed_at + timedelta(days=7):%Y-%m-%dT%H:%M:%S}"


def test_a_review_is_deleted_with_its_organisation_by_sql(
    api: APIClient, acme: Organisation
) -> None:
    review = reviewed(api, acme, [row("Ada")])
    review.edit(2, "role", "admin")
    with connection.cursor() as db:
        db.execute("DELETE FROM organisations WHERE id = %s", [acme.id])
        for table in ("import_reviews", "import_review_rows", "import_review_changes"):
            db.execute(f"SELECT count(*) FROM {table}")
            assert db.fetchone() == (0,)


def test_a_review_outlives_who_edited_it(
    api: APIClient, acme: Organisation, admin: User, root: User
) -> None:
    review = reviewed(client_of(root), acme, [row("Ada")])
    Reviewed(api, acme, review.upload_id).edit(2, "role", "admin")
    with connection.cursor() as db:
        db.execute("DELETE FROM users WHERE id = %s", [admin.id])
    found = review.get()
    assert (found["edited_by"], found["counts"]["edited"]) == (None, 1)


# --- what is recorded, and what is hidden -----------------------------------------------------


def test_a_change_is_in_the_audit_trail_with_counts_and_without_values(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    review = reviewed(api, acme, [row("Ada", "Boss"), row("Ida", "Boss"), row("Eve")])
    review.change(
        replace=[{"field": "role", "from": "Boss", "to": "viewer"}],
        dropped=[4],
        default_role="admin",
    )
    review.send(dropped=[99])
    event = AuditEvent.objects.of(acme.id).get(event_type="reviewed")
    assert event.fields == "options,2 rows edited,1 rows left out"
    assert (event.user_id, event.upload_id) == (admin.id, UUID(review.upload_id))


def test_another_organisations_review_is_not_found(
    api: APIClient, acme: Organisation, globex: Organisation, other_admin: User
) -> None:
    theirs = reviewed(client_of(other_admin), globex, [row("Ada")])
    theirs.get()
    for url in (f"{imports_url(acme)}/uploads/{theirs.upload_id}", theirs.url):
        for answer in (
            api.get(url),
            api.get(f"{url}/rows", {"colour": "red"}),
            api.patch(url, "no JSON", content_type="application/json"),
        ):
            assert answer.status_code == 404, (url, answer.content)
    sent = {"upload_id": theirs.upload_id}
    assert api.post(imports_url(acme), sent, format="json").status_code == 404


def test_a_change_is_applied_as_a_whole_or_not_at_all(
    api: APIClient, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails last: here the audit trail."""
    review = reviewed(api, acme, [row("Ada")])
    before = review.get()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no audit trail")

    monkeypatch.setattr("imports.audit.record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        review.edit(2, "role", "admin")
    assert review.get() == before


def test_a_review_of_two_files_does_not_mix_them(api: APIClient, acme: Organisation) -> None:
    first, second = (reviewed(api, acme, [row("Ada"), row("Ada")]) for _ in range(2))
    first.change(dropped=[2])
    assert first.states() == {2: "dropped", 3: "ready"}
    assert second.states() == {2: "ready", 3: "invalid"}
