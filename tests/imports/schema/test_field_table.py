"""Whatever names the fields again agrees with the table in imports/schema/fields.py.

A field that is added to the table only makes tests here fail: they show what else has to change.
"""

from __future__ import annotations

import itertools
import typing

import pytest
import yaml
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from rest_framework.test import APIClient

from core import emails
from imports.admin.export.resources import UserResource
from imports.schema.fields import FIELDS, NAME_FIELDS, Field
from imports.validation import rules
from imports.validation.rows import UserRow
from samples import make_sample
from tests.imports.api.helpers import csv_bytes, import_file
from tests.imports.validation.helpers import CHECKER
from tests.paths import ROOT
from users.admin.users import UserAdmin
from users.models import Organisation, User
from users.rights.roles import Role

EXAMPLES = [field.example for field in FIELDS.values()]
COLUMNS = [field.column for field in FIELDS.values()]
every_field = pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))


def type_of(field: Field) -> type[str] | type[bool]:
    return bool if field.kind == "boolean" else str


# --- the table itself -----------------------------------------------------------------------------


def test_labels_and_columns_belong_to_one_field_each() -> None:
    assert len({field.label for field in FIELDS.values()}) == len(FIELDS)
    assert len(set(COLUMNS)) == len(FIELDS)


def test_the_email_comes_first_and_the_invitation_last_of_the_booleans_at_the_end() -> None:
    """RowChecker and copy_writer.lines_of rely on this order."""
    kinds = [field.kind for field in FIELDS.values()]
    assert kinds == sorted(kinds, key=lambda kind: kind == "boolean")
    assert list(FIELDS)[:3] == ["email", *NAME_FIELDS]
    assert list(FIELDS)[-1] == "send_invitation"


def test_the_examples_are_a_valid_row_without_warnings() -> None:
    assert isinstance(CHECKER.check(EXAMPLES), UserRow)
    assert CHECKER.warnings(EXAMPLES) == []


@every_field
def test_a_default_is_a_word_that_the_rule_accepts(field: Field) -> None:
    if field.kind == "boolean":
        assert field.default in rules.BOOLEAN_WORDS
    elif field.kind == "role":
        assert field.default in rules.ROLES
    else:
        assert field.default == ""


def test_the_limit_of_the_email_is_that_of_its_normalisation() -> None:
    assert FIELDS["email"].max_chars == emails.MAX_CHARS


# --- what names the fields again ------------------------------------------------------------------


def test_a_user_row_has_the_fields_in_the_order_and_of_the_types_of_the_table() -> None:
    types = typing.get_type_hints(UserRow)
    assert {name: types[name] for name in UserRow._fields} == {
        name: type_of(field) for name, field in FIELDS.items()
    }
    assert UserRow._fields == tuple(FIELDS)


@every_field
def test_the_table_of_users_has_the_column_with_the_same_limit(field: Field) -> None:
    column = User._meta.get_field(field.column)
    assert column.get_attname_column()[1] == field.column
    if field.kind == "boolean":
        assert isinstance(column, models.BooleanField)
    elif field.max_chars:
        assert column.max_length == field.max_chars


def test_a_file_may_assign_every_role_but_that_of_platform_staff() -> None:
    assert set(rules.ROLES) == set(Role.values) - {Role.SUPER_ADMIN}


@pytest.mark.django_db
@pytest.mark.usefixtures("patient_redis")
def test_each_value_is_stored_in_its_column(api: APIClient, acme: Organisation) -> None:
    texts = ("back\\slash", "x\\N", "admin", "a department", "a location", "4321")
    rows = [
        UserRow(f"user{number}@new.example", *texts, *booleans)
        for number, booleans in enumerate(itertools.product((True, False), repeat=4))
    ]
    assert import_file(api, acme, csv_bytes(rows, list(FIELDS))).successful_rows == len(rows)
    stored = User.objects.everywhere().filter(import_batch_id__isnull=False).values_list(*COLUMNS)
    assert sorted(stored) == sorted(map(tuple, rows))


def test_a_preview_shows_a_row_with_all_fields() -> None:
    document = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text("utf-8"))
    properties = document["components"]["schemas"]["PreviewRow"]["properties"]
    assert {name: schema["type"] for name, schema in properties.items()} == {
        name: {str: "string", bool: "boolean"}[type_of(field)] for name, field in FIELDS.items()
    }


@every_field
def test_the_page_of_a_user_shows_the_column(field: Field) -> None:
    assert field.column in flatten_fieldsets(UserAdmin.fieldsets)


def test_an_export_of_users_has_every_column_but_the_invitation() -> None:
    exported = [name for name in UserResource.Meta.fields if name in COLUMNS]
    assert exported == [column for column in COLUMNS if column != "invitation_requested"]


def test_the_sample_has_every_field() -> None:
    assert list(make_sample.FIELDS) == list(FIELDS)
