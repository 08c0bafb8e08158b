"""The admin site's pages of API keys: made here, shown once, revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from users import api_keys
from users.admin.base import OwnOrganisationAdmin, current_user, is_platform_staff
from users.models import ApiKey


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg] # can't be subscripted when it runs
    """A new key."""

    def clean(self) -> dict[str, Any]:
        """A key that could never import anything is a mistake."""
        values = super().clean() or {}
        user, organisation = values.get("user"), values.get("organisation")
        if user and organisation and not user.may_import_into(organisation.id):
            raise ValidationError(
                f"{user} may not import users into {organisation}, and neither could this key."
                " Choose an administrator of that organisation."
            )
        return values


@admin.action(description="Revoke the chosen keys", permissions=["view"])
def revoke(modeladmin: ModelAdmin[ApiKey], request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
    """Ends them at once and for good."""
    for key in keys:
        api_keys.revoke(key)
        modeladmin.log_change(request, key, "Revoked.")
    modeladmin.message_user(request, "The chosen keys can't be used any more.")


@admin.register(ApiKey)
class ApiKeyAdmin(OwnOrganisationAdmin):
    """Keys of an organisation's scripts. An administrator makes them for themselves; platform staff
    for whoever may import."""

    form = ApiKeyForm
    actions = [revoke]
    list_display = ("name", "prefix", "user", "organisation", "state", "last_used_at")
    list_filter = ("organisation", "created_at")
    list_select_related = ("user", "organisation")
    search_fields = ("name", "prefix", "user__email")
    autocomplete_fields = ("user", "organisation")
    show_full_result_count = False

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Whether it can be used."""
        return key.state()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Of a new key what can be chosen, of an old one what there is to know."""
        new = ("name", "expires_at")
        if obj is None:
            return (*new, "user", "organisation") if is_platform_staff(request) else new
        return (
            *("name", "prefix", "user", "organisation", "created_at"),
            *("expires_at", "revoked_at", "last_used_at", "state"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """An old key is looked at, and revoked from the list."""
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Makes the key; `response_add` shows it."""
        if not is_platform_staff(request):
            obj.user = current_user(request)
            obj.organisation_id = current_user(request).organisation_id
        form.secret = obj.secret = api_keys.make_secret(obj)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that ever shows a key: no redirect, as the key would have to be kept until
        then."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "key": obj,
            "secret": obj.secret,
        }
        response = TemplateResponse(request, "admin/users/apikey/created.html", context)
        add_never_cache_headers(response)
        return response

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may import may let a script do it."""
        user = current_user(request)
        return user.is_authenticated and user.may_import

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Keys of the own organisation, by `get_queryset`."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The same."""
        user = current_user(request)
        is_somewhere = is_platform_staff(request) or user.organisation_id is not None
        return self.has_module_permission(request) and is_somewhere

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A key is not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nor deleted: that it was there is worth knowing."""
        return False
