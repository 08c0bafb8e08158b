"""The admin site's pages of users and organisations.

Platform staff see everything. An organisation's administrator with `is_staff` sees what is of their
own organisation: anything else is not in their lists, and its page is a 404.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from users.models import Organisation, User, UserManager
from users.roles import Role

if TYPE_CHECKING:  # Django's own classes can't be subscripted when the program runs
    ModelAdmin = admin.ModelAdmin[Any]
    BaseUserAdmin = DjangoUserAdmin[User]
    UserForm = forms.ModelForm[User]
    BaseAddForm = AdminUserCreationForm[User]
    BaseChangeForm = DjangoUserChangeForm[User]
else:
    ModelAdmin = admin.ModelAdmin
    BaseUserAdmin = DjangoUserAdmin
    UserForm = forms.ModelForm
    BaseAddForm = AdminUserCreationForm
    BaseChangeForm = DjangoUserChangeForm


def person(request: HttpRequest) -> User:
    """Who is logged in: the admin site lets nobody else in."""
    return cast(User, request.user)


def sees_everything(request: HttpRequest) -> bool:
    """Whether this is platform staff, who belong to no organisation."""
    return person(request).role == Role.SUPER_ADMIN


class OwnOrganisationAdmin(ModelAdmin):
    """A page that shows an organisation's administrator their own organisation's rows alone."""

    organisation_lookup = "organisation"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What this person may see; nothing for an administrator without an organisation."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if sees_everything(request):
            return rows
        own = person(request).organisation_id
        return rows.filter(**{self.organisation_lookup: own}) if own else rows.none()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Without the organisation where all rows have the same."""
        return self._without_organisation(request, super().get_list_display(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filter would list the names of the other organisations."""
        return self._without_organisation(request, super().get_list_filter(request))

    def _without_organisation(self, request: HttpRequest, names: Sequence[Any]) -> list[Any]:
        hidden = () if sees_everything(request) else ("organisation", self.organisation_lookup)
        return [name for name in names if name not in hidden]

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> NoReturn:
        """Django redirects to the start page; a 404 says the same of what is not there and of
        what is somebody else's."""
        raise Http404


class _OneFormOfAddress(UserForm):
    def clean_email(self) -> str:
        """As it is stored, so that the check for a second one finds it."""
        return UserManager.normalize_email(self.cleaned_data["email"])


class UserChangeForm(_OneFormOfAddress, BaseChangeForm):
    """A user as they are; the password has a page of its own."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


class UserAddForm(_OneFormOfAddress, BaseAddForm):
    """A user with or without a password."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role", "organisation")
        field_classes: dict[str, Any] = {}


PERSON = ("email", "first_name", "last_name", "role", "organisation")
DETAILS = ("department", "location", "phone")
ACCESS = ("market_edge_access", "causal_edge_access", "value_edge_access")
RIGHTS = ("is_active", "is_staff", "is_superuser", "wants_import_mail", "password")
HISTORY = ("import_batch_id", "invitation_requested", "last_login", "created_at", "updated_at")


class UserAdmin(OwnOrganisationAdmin, BaseUserAdmin):
    """Users. Only platform staff add and change them by hand; administrators import them."""

    form = UserChangeForm
    add_form = UserAddForm
    fieldsets = (
        (None, {"fields": PERSON}),
        ("Details", {"fields": DETAILS}),
        ("Applications", {"fields": ACCESS}),
        ("Account", {"fields": RIGHTS}),
        ("History", {"fields": HISTORY}),
    )
    add_fieldsets = (
        (None, {"fields": PERSON}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = HISTORY
    filter_horizontal = ()
    list_display = ("email", "full_name", "role", "organisation", "is_active")
    list_filter = ("role", "is_active", "organisation", "created_at")
    list_select_related = ("organisation",)
    search_fields = ("email", "first_name", "last_name", "department")
    search_help_text = "Address, name or department"
    ordering = ("email",)
    list_per_page = 50
    show_full_result_count = False

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """An administrator looks, and need not see how a password is kept."""
        if obj is None or person(request).is_superuser:
            return super().get_fieldsets(request, cast(User | None, obj))
        account = ("is_active", "last_login", "created_at")
        return (*self.fieldsets[:3], ("Account", {"fields": account}))

    @admin.display(description="name", ordering="last_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """By hand, a user can be given any role and organisation: that is for platform staff."""
        return person(request).is_superuser and super().has_add_permission(request)


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    """Organisations, for platform staff."""

    list_display = ("name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    readonly_fields = ("created_at", "updated_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Deleting one takes all its users with it. One that is gone is made inactive."""
        return False


admin.site.register(User, UserAdmin)

# Registers itself; below, as it is made of what is above.
from users import api_key_admin as api_key_admin  # noqa: E402
