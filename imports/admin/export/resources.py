"""Which columns the export of a list has, and in which order its rows come.

The order is that of a unique index, and of no column that changes while a file is written. So each
row that is there from the beginning to the end is in the file exactly once.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from import_export.resources import ModelResource

from imports.models import ImportBatch, ImportError
from users.admin.users import ACCESS, DETAILS
from users.models import User

EXPORTED = ("email", "first_name", "last_name", "role", *DETAILS, *ACCESS)


class ListResource(ModelResource):  # type: ignore[misc]
    """The export of a list. `title` names the file and the sheet."""

    title: ClassVar[str]
    key: ClassVar[tuple[str, ...]]  # the columns of the order
    is_descending: ClassVar[bool] = False


class UserResource(ListResource):
    """The columns of an export of users: those that an import reads, and some more."""

    title = "users"
    key = ("email",)

    class Meta:
        model = User
        fields = (*EXPORTED, "organisation__name", "is_active", "last_login", "created_at")
        export_order = fields


class BatchResource(ListResource):
    """The columns of an export of imports, the newest first. It names no people."""

    title = "imports"
    key = ("created_at", "id")
    is_descending = True

    class Meta:
        model = ImportBatch
        fields = (
            *("id", "filename", "status", "organisation__name", "source"),
            *("created_at", "started_at", "completed_at"),
            *("total_rows", "processed_rows", "successful_rows", "skipped_rows", "failed_rows"),
            *("error_message", "undone_at", "undone_rows"),
        )
        export_order = fields


class ErrorResource(ListResource):
    """The columns of an export of row errors: all errors of one import, then those of the next.

    The rows of the files are not in it: the report of an import has them."""

    title = "row-errors"
    key = ("import_batch_id", "row_number", "field_name", "error_code")

    class Meta:
        model = ImportError
        fields = (
            *("import_batch__id", "import_batch__filename", "import_batch__organisation__name"),
            *("row_number", "field_name", "error_code", "error_message", "created_at"),
        )
        export_order = fields


RESOURCES: dict[type[models.Model], type[ListResource]] = {
    resource.Meta.model: resource for resource in (UserResource, BatchResource, ErrorResource)
}


def columns_of(resource: type[ListResource], chosen: list[str] | None = None) -> dict[str, str]:
    """Header -> path from the model to the value, of the chosen columns or of all."""
    fields: list[Any] = resource().get_export_fields(chosen)
    return {str(field.column_name): str(field.attribute) for field in fields}
