"""The base of the admin pages that only show what the engine wrote."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest

from users.admin.base import OwnOrganisationAdmin


class ReadOnlyAdmin(OwnOrganisationAdmin):
    """Pages on which nothing can be added, changed or deleted."""

    show_full_result_count = False
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
