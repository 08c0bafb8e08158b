"""The bases of admin pages: those that only show what the engine wrote, and those of users."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from imports.engine import locks
from users.admin.base import OwnOrganisationAdmin
from users.models import User


class ReadOnlyAdmin(OwnOrganisationAdmin):
    """Pages on which nothing can be added, changed or deleted."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: imports start from the list of users."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: only the engine writes these rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: retention deletes old rows (`manage.py purge_imports`)."""
        return False


class LockedDeletion:
    """Pages of users on which deleting keeps the order of locks (`imports.engine.locks`)."""

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Deletes a user, in a transaction of the view."""
        locks.lock_for_deletion([obj.organisation_id] if obj.organisation_id else [])
        super().delete_model(request, obj)  # type: ignore[misc]

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Deletes the selected users."""
        ids = set(queryset.values_list("organisation_id", flat=True))
        locks.lock_for_deletion([one for one in ids if one])
        super().delete_queryset(request, queryset)  # type: ignore[misc]
