"""The admin site's page of users.

Platform staff see all users. Administrators with `is_staff` see the users of their own
organisation. Other users are not in their list, and the pages of those answer 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.db.models import Model
from django.http import HttpRequest

from users.admin.base import OwnOrganisationAdmin, is_platform_staff
from users.models import User, stored_email
from users.rights.roles import Role

if TYPE_CHECKING:  # Django's classes can't be subscripted at run time
    BaseUserAdmin = DjangoUserAdmin[User]
    UserForm = forms.ModelForm[User]
    BaseAddForm = AdminUserCreationForm[User]
    BaseChangeForm = DjangoUserChangeForm[User]
else:
    BaseUserAdmin = DjangoUserAdmin
    UserForm = forms.ModelForm
    BaseAddForm = AdminUserCreationForm
    BaseChangeForm = DjangoUserChangeForm


class _NormalisedEmailForm(UserForm):
    def clean_email(self) -> str:
        """The e-mail address in its stored form, so that the check for duplicates finds it.

        An address that is not changed stays as it is, whatever was allowed when it was stored."""
        email: str = self.cleaned_data["email"]
        return email if email == self.instance.email else stored_email(email)


class UserChangeForm(_NormalisedEmailForm, BaseChangeForm):
    """Changes a user. The password is changed on a page of its own."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


class UserAddForm(_NormalisedEmailForm, BaseAddForm):
    """Adds a user, with or without a password."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role", "organisation")
        field_classes: dict[str, Any] = {}


NAME_AND_ROLE = ("email", "first_name", "last_name", "role", "organisation")
DETAILS = ("department", "location", "phone")
ACCESS = ("market_edge_access", "causal_edge_access", "value_edge_access")
RIGHTS = ("is_active", "is_staff", "wants_import_mail", "password")
HISTORY = ("import_batch_id", "invitation_requested", "last_login", "created_at", "updated_at")


class UserAdmin(OwnOrganisationAdmin, BaseUserAdmin):
    """Users. Only platform staff add and change them here."""

    form = UserChangeForm
    add_form = UserAddForm
    fieldsets = (
        (None, {"fields": NAME_AND_ROLE}),
        ("Details", {"fields": DETAILS}),
        ("Applications", {"fields": ACCESS}),
        ("Account", {"fields": RIGHTS}),
        ("History", {"fields": HISTORY}),
    )
    add_fieldsets = (
        (None, {"fields": NAME_AND_ROLE}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    readonly_fields = HISTORY
    filter_horizontal = ()
    list_display = ("email", "full_name", "role", "organisation", "is_active")
    list_filter = ("role", "is_active", "organisation", "created_at")
    list_select_related = ("organisation",)
    extra_lookups = ("import_batch_id",)  # the link to the users that an import created
    search_fields = ("email", "first_name", "last_name", "department")
    search_help_text = "E-mail address, name or department"
    ordering = ("email",)
    list_per_page = 50
    show_full_result_count = False

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Administrators only view users, and do not see the password and the rights."""
        if obj is None or is_platform_staff(request):
            return super().get_fieldsets(request, cast(User | None, obj))
        account = ("is_active", "last_login", "created_at")
        return (*self.fieldsets[:3], ("Account", {"fields": account}))

    @admin.display(description="name", ordering="last_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Platform staff only, as the form lets them choose any role and organisation."""
        return is_platform_staff(request) and super().has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Saves the user. `is_superuser`, which Django expects, follows from the role."""
        obj.is_superuser = obj.role == Role.SUPER_ADMIN
        super().save_model(request, obj, form, change)
