"""The admin pages of upload limits and of the block list, and the action that resets limits.

They are for platform staff.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.text import count_of
from imports.models import UploadBlock, UploadLimit
from imports.quotas import reset_limits
from users.admin.base import ModelAdmin, current_user
from users.models import User


@admin.register(UploadLimit)
class UploadLimitAdmin(ModelAdmin):
    """Limits of single organisations. The other organisations have those of the settings."""

    list_display = ("organisation", "limit_type", "per_hour", "per_day")
    list_filter = ("limit_type",)
    list_select_related = ("organisation",)


@admin.register(UploadBlock)
class UploadBlockAdmin(ModelAdmin):
    """The block list: users and networks that may not upload."""

    list_display = ("target", "reason", "until", "blocked_by", "created_at")
    list_select_related = ("user", "blocked_by")
    raw_id_fields = ("user",)
    search_fields = ("user__email", "reason")

    @admin.display(description="user or network")
    def target(self, block: UploadBlock) -> str:
        """What is blocked."""
        return str(block.user or block.network)

    def save_model(self, request: HttpRequest, obj: UploadBlock, form: Any, change: bool) -> None:
        """Stores who created the block."""
        if not change:
            obj.blocked_by = current_user(request)
        super().save_model(request, obj, form, change)


@admin.action(description="Reset upload limits of selected users", permissions=["platform"])
def reset_upload_limits(
    modeladmin: admin.ModelAdmin[User], request: HttpRequest, queryset: QuerySet[User]
) -> None:
    """An action of the list of users: gives the chosen users their whole quota again."""
    users = list(queryset)
    for user in users:
        reset_limits(user.pk)
    modeladmin.message_user(request, f"Upload limits reset for {count_of(len(users), 'user')}.")
