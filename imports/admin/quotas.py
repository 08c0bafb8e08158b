"""Who may upload how much, and who may not at all: for platform staff."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from imports.models import UploadBlock, UploadLimit
from users.admin.base import ModelAdmin, current_user

__all__ = ["UploadBlockAdmin", "UploadLimitAdmin"]


@admin.register(UploadLimit)
class UploadLimitAdmin(ModelAdmin):
    """Limits of an organisation's own."""

    list_display = ("organisation", "limit_type", "per_hour", "per_day")
    list_filter = ("limit_type",)
    list_select_related = ("organisation",)


@admin.register(UploadBlock)
class UploadBlockAdmin(ModelAdmin):
    """The block list."""

    list_display = ("__str__", "reason", "until", "blocked_by", "created_at")
    list_select_related = ("user", "blocked_by")
    raw_id_fields = ("user",)
    search_fields = ("user__email", "reason")

    def save_model(self, request: HttpRequest, obj: UploadBlock, form: Any, change: bool) -> None:
        """Notes who did it."""
        if not change:
            obj.blocked_by = current_user(request)
        super().save_model(request, obj, form, change)
