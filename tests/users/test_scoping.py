"""Queries say of which organisation. Others raise, and every table of organisations takes part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from imports.engine import undo
from imports.models import (
    AuditEvent,
    ImportBatch,
    ImportHalt,
    Upload,
    UploadBlock,
    UploadCounter,
)
from tests.conftest import MakeUser, client_of
from tests.imports.admin.helpers import admin_client, visible_text
from tests.imports.api.helpers import import_file, imports_url
from users.models import Invitation, Organisation, RefreshTokenFamily, User
from users.rights.scoping import ScopedManager, UnscopedQuery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

# Tables that are only read by the id of a user or by platform staff, or that concern everybody.
EXEMPT = {ImportHalt, RefreshTokenFamily, UploadBlock, UploadCounter}


def tables_of_organisations() -> Iterator[type[models.Model]]:
    """All models of ours with a path of foreign keys to an organisation."""
    found: set[Any] = {Organisation}
    ours = [m for m in apps.get_models() if m._meta.app_label in ("users", "imports")]
    for _ in ours:
        found |= {
            model
            for model in ours
            for field in model._meta.fields
            if field.related_model in found or field.name == "organisation_id"
        }
    yield from found - {Organisation}


@pytest.mark.parametrize("model", sorted(tables_of_organisations(), key=lambda m: m.__name__))
def test_every_table_of_organisations_has_a_scoped_manager(model: Any) -> None:
    if model in EXEMPT:
        return
    assert isinstance(model.objects, ScopedManager)
    assert not isinstance(model._default_manager, ScopedManager)  # Django's own code uses it
    assert model.objects.of(None).count() == 0


@pytest.mark.parametrize(
    "query",
    [
        lambda: User.objects.all(),
        lambda: User.objects.filter(email="a@b.example"),
        lambda: User.objects.get(email="a@b.example"),
        lambda: User.objects.count(),
        lambda: ImportBatch.objects.select_for_update(),
        lambda: ImportBatch.objects.in_bulk([]),
        lambda: Upload.objects.update(filename=""),
        lambda: AuditEvent.objects.values("id"),
        lambda: Invitation.objects.raw("SELECT * FROM user_invitations"),
        lambda: User.objects.exists(),
        lambda: User.objects.get_or_create(email="a@b.example"),
    ],
)
def test_a_query_of_no_organisation_raises(query: Callable[[], Any]) -> None:
    with pytest.raises(UnscopedQuery, match=r"objects\.of\(organisation_id\)"):
        query()


def test_of_gives_the_rows_of_one_organisation(
    admin: User, other_admin: User, acme: Organisation
) -> None:
    Invitation.objects.create(user=admin, organisation=acme)
    Invitation.objects.create(user=other_admin, organisation=other_admin.organisation)
    assert list(User.objects.of(acme.id)) == [admin]
    assert User.objects.everywhere().count() == 2
    assert [found.user for found in Invitation.objects.of(acme.id)] == [admin]


# --- the fault that the review found ------------------------------------------------------------


def test_an_undo_does_not_name_a_user_who_has_moved_to_another_organisation(
    admin: User, root: User, acme: Organisation, globex: Organisation
) -> None:
    batch = import_file(client_of(admin), acme)
    moved, edited, _ = User.objects.of(acme.id).filter(import_batch_id=batch.id)
    User.objects.of(acme.id).filter(id=moved.id).update(organisation=globex)
    User.objects.of(acme.id).filter(id=edited.id).update(department="Sales")
    answer = client_of(admin).post(f"{imports_url(acme)}/{batch.id}/undo")
    body = answer.json()
    assert (body["removed_rows"], body["kept_rows"], body["moved_rows"]) == (1, 1, 1)
    assert [user["email"] for user in body["kept"]] == [edited.email]
    assert moved.email not in answer.content.decode()
    assert str(moved.id) not in answer.content.decode()
    url = f"/admin/imports/importbatch/{batch.id}/change/"
    page = visible_text(admin_client(admin).get(url))
    assert edited.email in page
    assert moved.email not in page
    assert "1 user is no longer in this organisation." in page
    assert User.objects.of(globex.id).filter(id=moved.id).exists()


def test_a_user_who_has_left_every_organisation_is_counted_as_moved(
    admin: User, acme: Organisation, make_user: MakeUser
) -> None:
    batch = import_file(client_of(admin), acme)
    some = User.objects.of(acme.id).filter(import_batch_id=batch.id).values("id")[:1]
    User.objects.of(acme.id).filter(id__in=some).update(organisation=None)
    assert undo.result(batch).moved_rows == 1
